//! The text of a kernel or of a module: its functions, the calls in them, and where they return.

use anyhow::Context;
use elf::ElfBytes;
use elf::endian::LittleEndian;
use elf::section::SectionHeader;
use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// `STT_FUNC`
const FUNCTION: u8 = 2;
/// `STT_OBJECT`
const VARIABLE: u8 = 1;
/// `STT_TLS`
const OF_THREAD: u8 = 6;
/// `SHF_ALLOC | SHF_EXECINSTR`
const EXECUTABLE: u64 = 0x6;
/// What the compiler appends to a function's name when it makes another one of it that begins alike.
const CLONES: &[&str] = &[".isra.", ".constprop."];

/// A function's name, where it begins, and its length in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) address: u64,
    pub(super) size: u64,
}

/// Text with its symbols. Addresses of a module are offsets from where its text is loaded.
#[derive(Debug)]
pub(super) struct Image {
    by_name: HashMap<String, Vec<Function>>,
    by_address: BTreeMap<u64, Function>,
    /// A kernel's variables: where each is, and its length in bytes.
    variables: HashMap<String, (u64, u64)>,
    /// A kernel's variables of which each thread of the host has its own: how far each is from `fs`.
    thread_variables: HashMap<String, i64>,
    /// Where each piece of text begins, and its bytes.
    text: Vec<(u64, Vec<u8>)>,
    /// What the linker puts into a module's text: by address, the symbol.
    relocations: BTreeMap<u64, String>,
    /// Where in `struct module` the address of the module's exit is, and that exit.
    exit: Option<(u64, u64)>,
}

impl Image {
    /// Reads a kernel, or a module.
    pub(super) fn read(path: &Path) -> anyhow::Result<Image> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Image::parse(&bytes).with_context(|| format!("{} is no kernel text that can be read", path.display()))
    }

    fn parse(bytes: &[u8]) -> anyhow::Result<Image> {
        let file = ElfBytes::<LittleEndian>::minimal_parse(bytes)?;
        let is_module = file.ehdr.e_type == elf::abi::ET_REL;
        let (headers, names) = file.section_headers_with_strtab()?;
        let (headers, names) = headers.zip(names).context("there are no sections")?;
        let name =
            |header: &SectionHeader| names.get(header.sh_name as usize).unwrap_or_default().to_string();
        // Where each section of text is: as the loader of modules lays them out, one after the other.
        let mut base: HashMap<usize, u64> = HashMap::new();
        let mut text = Vec::new();
        let mut end = 0u64;
        for (index, header) in headers.iter().enumerate() {
            if header.sh_flags & EXECUTABLE != EXECUTABLE || (is_module && name(&header).starts_with(".init"))
            {
                continue;
            }
            let at =
                if is_module { end.next_multiple_of(header.sh_addralign.max(1)) } else { header.sh_addr };
            end = at + header.sh_size;
            base.insert(index, at);
            text.push((at, file.section_data(&header)?.0.to_vec()));
        }
        let (symbols, strings) = file.symbol_table()?.context("there are no symbols")?;
        let address = |symbol: &elf::symbol::Symbol| {
            let base = base.get(&usize::from(symbol.st_shndx))?;
            Some(if is_module { base + symbol.st_value } else { symbol.st_value })
        };
        let mut by_name: HashMap<String, Vec<Function>> = HashMap::new();
        let mut by_address = BTreeMap::new();
        let (mut variables, mut thread_variables) = (HashMap::new(), HashMap::new());
        // A thread's variables end where its `fs` points to.
        let segment =
            file.segments().and_then(|all| all.iter().find(|segment| segment.p_type == elf::abi::PT_TLS));
        let thread_size =
            segment.map_or(0, |segment| segment.p_memsz.next_multiple_of(segment.p_align.max(1)));
        let mut exit_at = None;
        for symbol in symbols.iter() {
            if !is_module && symbol.st_symtype() == VARIABLE {
                let name = strings.get(symbol.st_name as usize).unwrap_or_default();
                variables.insert(name.to_string(), (symbol.st_value, symbol.st_size));
            }
            if !is_module && symbol.st_symtype() == OF_THREAD {
                let name = strings.get(symbol.st_name as usize).unwrap_or_default();
                thread_variables.insert(name.to_string(), symbol.st_value.wrapping_sub(thread_size) as i64);
            }
            let (Ok(name), Some(address)) = (strings.get(symbol.st_name as usize), address(&symbol)) else {
                continue;
            };
            if symbol.st_symtype() != FUNCTION {
                continue;
            }
            let function = Function { name: name.to_string(), address, size: symbol.st_size };
            if name == "cleanup_module" {
                exit_at = Some(address);
            }
            by_address.entry(address).or_insert_with(|| function.clone());
            by_name.entry(plain(name).to_string()).or_default().push(function);
        }
        for function in by_name.values_mut() {
            function.sort_by_key(|function| function.address);
            function.dedup_by_key(|function| function.address);
        }
        let (mut relocations, mut exit) = (BTreeMap::new(), None);
        for header in headers.iter().filter(|header| is_module && header.sh_type == elf::abi::SHT_RELA) {
            let target = header.sh_info as usize;
            let is_module_struct = name(&headers.get(target)?) == ".gnu.linkonce.this_module";
            for relocation in file.section_data_as_relas(&header)? {
                let symbol = symbols.get(relocation.r_sym as usize)?;
                let symbol_name = strings.get(symbol.st_name as usize).unwrap_or_default();
                if is_module_struct && symbol_name == "cleanup_module" {
                    exit = exit_at.map(|at| (relocation.r_offset, at));
                }
                if let Some(base) = base.get(&target) {
                    // A symbol of this module may be named by its section and an addend.
                    let own = address(&symbol).map(|at| at.wrapping_add_signed(relocation.r_addend));
                    let own = own.and_then(|at| {
                        by_address.get(&at.wrapping_add(if is_call(relocation.r_type) { 4 } else { 0 }))
                    });
                    let name = match own {
                        Some(function) if symbol_name.is_empty() => function.name.clone(),
                        _ => symbol_name.to_string(),
                    };
                    relocations.insert(base + relocation.r_offset, name);
                }
            }
        }
        Ok(Image { by_name, by_address, variables, thread_variables, text, relocations, exit })
    }

    /// The functions of this name, or those that the compiler has made of it; several where files have one each.
    pub(super) fn functions(&self, name: &str) -> &[Function] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// The address of any symbol that is a function.
    pub(super) fn function(&self, name: &str) -> Option<u64> {
        self.functions(name).first().map(|function| function.address)
    }

    /// Where a variable is, and its length in bytes.
    pub(super) fn variable(&self, name: &str) -> Option<(u64, u64)> {
        self.variables.get(name).copied()
    }

    /// How far from `fs` a variable is of which each thread of the host has its own.
    pub(super) fn thread_variable(&self, name: &str) -> Option<i64> {
        self.thread_variables.get(name).copied()
    }

    /// Where the text ends.
    pub(super) fn end(&self) -> u64 {
        self.text.iter().map(|(base, bytes)| base + bytes.len() as u64).max().unwrap_or(0)
    }

    /// The function that has this address, and how far into it.
    pub(super) fn at(&self, address: u64) -> Option<(&str, u64)> {
        let (start, function) = self.by_address.range(..=address).next_back()?;
        let offset = address - start;
        (offset < function.size.max(1)).then_some((function.name.as_str(), offset))
    }

    /// Where in `struct module` the loader puts the address of the module's exit, and where in the text that is.
    pub(super) fn exit(&self) -> Option<(u64, u64)> {
        self.exit
    }

    /// The calls of one function in another, in the order of the text: where each is, and how long.
    pub(super) fn calls(&self, caller: &Function, callee: &str) -> Vec<(u64, u64)> {
        // Text that may be far away is called through a register, or through a register that was saved.
        let mut loaded: HashMap<Store, String> = HashMap::new();
        let mut calls = Vec::new();
        self.decode(caller, |at, instruction| {
            let end = at + instruction.len() as u64;
            if instruction.mnemonic() == Mnemonic::Call {
                let target = match Store::operand(instruction, 0) {
                    Some(store) => loaded.get(&store).cloned(),
                    None => self.target(at, instruction),
                };
                if target.is_some_and(|target| is_same(&target, callee)) {
                    calls.push((at, end - at));
                }
                // What a function may change it has changed.
                loaded.retain(
                    |store, _| !matches!(store, Store::Register(register) if CHANGED.contains(register)),
                );
                return;
            }
            let Some(store) = Store::operand(instruction, 0) else { return };
            let name = match (instruction.mnemonic(), instruction.op1_kind()) {
                (Mnemonic::Mov, OpKind::Immediate64) => {
                    self.relocation(at, end).or_else(|| self.symbol_at(instruction.immediate64()))
                }
                (Mnemonic::Mov, _) => {
                    Store::operand(instruction, 1).and_then(|from| loaded.get(&from).cloned())
                }
                (Mnemonic::Push | Mnemonic::Cmp | Mnemonic::Test, _) => return,
                _ => None,
            };
            match name {
                Some(name) => loaded.insert(store, name),
                None => loaded.remove(&store),
            };
        });
        calls
    }

    /// Where a function returns.
    pub(super) fn returns(&self, function: &Function) -> Vec<u64> {
        let mut returns = Vec::new();
        self.decode(function, |at, instruction| {
            if instruction.mnemonic() == Mnemonic::Ret {
                returns.push(at);
            }
        });
        returns
    }

    /// The instructions of a function, in the order of the text.
    pub(super) fn instructions(&self, name: &str) -> Vec<Instruction> {
        let mut instructions = Vec::new();
        if let Some(function) = self.functions(name).first() {
            self.decode(function, |_, instruction| instructions.push(*instruction));
        }
        instructions
    }

    fn target(&self, at: u64, instruction: &Instruction) -> Option<String> {
        let end = at + instruction.len() as u64;
        self.relocation(at, end).or_else(|| self.symbol_at(instruction.near_branch_target()))
    }

    fn relocation(&self, from: u64, to: u64) -> Option<String> {
        self.relocations.range(from..to).next().map(|(_, name)| name.clone())
    }

    fn symbol_at(&self, address: u64) -> Option<String> {
        self.by_address.get(&address).map(|function| function.name.clone())
    }

    fn decode(&self, function: &Function, mut each: impl FnMut(u64, &Instruction)) {
        let holds = |(base, bytes): &&(u64, Vec<u8>)| {
            *base <= function.address && function.address + function.size <= base + bytes.len() as u64
        };
        let Some((base, bytes)) = self.text.iter().find(holds) else { return };
        let from = (function.address - base) as usize;
        let code = &bytes[from..from + function.size as usize];
        let mut decoder = Decoder::with_ip(64, code, function.address, DecoderOptions::NONE);
        let mut instruction = Instruction::default();
        while decoder.can_decode() {
            decoder.decode_out(&mut instruction);
            each(instruction.ip(), &instruction);
        }
    }
}

/// Where an address can be: in a register, or on the stack at an offset from the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Store {
    Register(Register),
    Stack(u64),
}

/// Registers that a function need not leave as they were.
const CHANGED: &[Register] = &[
    Register::RAX,
    Register::RCX,
    Register::RDX,
    Register::RSI,
    Register::RDI,
    Register::R8,
    Register::R9,
    Register::R10,
    Register::R11,
];

impl Store {
    /// The store that an operand is, if it is one.
    fn operand(instruction: &Instruction, number: u32) -> Option<Store> {
        match instruction.op_kind(number) {
            OpKind::Register => Some(Store::Register(instruction.op_register(number).full_register())),
            OpKind::Memory if instruction.memory_base() == Register::RBP => (instruction.memory_index()
                == Register::None)
                .then(|| Store::Stack(instruction.memory_displacement64())),
            _ => None,
        }
    }
}

/// `R_X86_64_PC32` and `R_X86_64_PLT32`, whose addend is four less.
fn is_call(kind: u32) -> bool {
    kind == elf::abi::R_X86_64_PC32 || kind == elf::abi::R_X86_64_PLT32
}

/// A function's name without what the compiler appends to a clone that begins alike.
fn plain(name: &str) -> &str {
    CLONES.iter().find_map(|clone| name.split_once(clone)).map_or(name, |(plain, _)| plain)
}

/// Whether a call goes to this function; with lockdep a lock is taken by another function that is told its class.
fn is_same(called: &str, wanted: &str) -> bool {
    let called = plain(called);
    called == wanted
        || called.strip_suffix("_nested").or_else(|| called.strip_suffix("_nest_lock")) == Some(wanted)
}
