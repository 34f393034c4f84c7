//! `file:line` for addresses in a kernel's text, from copies of the kernel and its modules that keep their debug
//! information.
//!
//! The copies are in a folder beside the kernel, which itself starts without them. `addr2line` of binutils, which every
//! build needs, reads them: it knows the relocations of modules.

use super::Built;
use anyhow::Context;
use elf::ElfBytes;
use elf::endian::AnyEndian;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the copies, in a kernel's folder.
const FOLDER: &str = "lines";
/// In this file of it stands where the source was.
const SOURCE: &str = "source";
/// The copy of the kernel itself.
const KERNEL: &str = "linux";

/// Whether a kernel's lines are kept.
pub(super) fn are_kept(built: &Built) -> bool {
    built.folder.join(FOLDER).join(SOURCE).is_file()
}

/// Copies a kernel and its modules, and takes the debug information out of those that will start.
pub(super) fn keep(tree: &Path, result: &Path) -> anyhow::Result<()> {
    let folder = result.join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut files = super::super::steer::modules(&result.join("lib"))?;
    files.push(result.join(KERNEL));
    for file in files {
        let name = file.file_name().context("a module without a name")?.to_string_lossy().replace('-', "_");
        fs::copy(&file, folder.join(name)).with_context(|| format!("cannot copy {}", file.display()))?;
        let status = Command::new("objcopy").arg("--strip-debug").arg(&file).status();
        let status = status.context("cannot run objcopy")?;
        anyhow::ensure!(status.success(), "objcopy --strip-debug {}: {status}", file.display());
    }
    fs::write(folder.join(SOURCE), tree.as_os_str().as_encoded_bytes()).context("cannot write the lines")
}

/// A function in one of the copies.
#[derive(Debug, Clone)]
struct Function {
    section: String,
    address: u64,
    size: u64,
}

/// A place in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli::linux) struct Line {
    /// The function there, which may be inlined in that of the next line.
    pub(in crate::cli::linux) function: String,
    /// From the top of the source.
    pub(in crate::cli::linux) file: String,
    pub(in crate::cli::linux) line: u32,
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// The lines of a kernel.
#[derive(Debug)]
pub(in crate::cli::linux) struct Lines {
    folder: PathBuf,
    source: String,
    /// The functions of each copy that was asked for.
    copies: HashMap<String, HashMap<String, Vec<Function>>>,
}

impl Lines {
    /// The lines of a kernel; none if its build kept none.
    pub(in crate::cli::linux) fn of(built: &Built) -> Option<Lines> {
        let folder = built.folder.join(FOLDER);
        let source = fs::read_to_string(folder.join(SOURCE)).ok()?;
        Some(Lines { folder, source, copies: HashMap::new() })
    }

    /// Where an offset into a function is in the source, the innermost of inlined functions first. A function of this
    /// size, if several have the name.
    pub(in crate::cli::linux) fn at(
        &mut self,
        module: &str,
        function: &str,
        offset: u64,
        size: Option<u64>,
    ) -> anyhow::Result<Vec<Line>> {
        let name = if module.is_empty() { KERNEL.to_string() } else { format!("{module}.ko") };
        let path = self.folder.join(&name);
        if !self.copies.contains_key(&name) {
            self.copies.insert(name.clone(), functions(&path)?);
        }
        let named = self.copies[&name].get(function).map_or(&[][..], Vec::as_slice);
        let Some(found) = named.iter().find(|one| size.is_none_or(|size| size == one.size)) else {
            return Ok(Vec::new());
        };
        let mut tool = Command::new("addr2line");
        tool.args(["-i", "-f"]).arg("-e").arg(&path);
        if !module.is_empty() {
            tool.arg("-j").arg(&found.section);
        }
        tool.arg(format!("{:#x}", found.address + offset));
        let output = tool.output().context("cannot run addr2line")?;
        anyhow::ensure!(output.status.success(), "addr2line {}: {}", path.display(), output.status);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let text: Vec<&str> = text.lines().collect();
        Ok(text.chunks_exact(2).filter_map(|pair| read(pair[0], pair[1], &self.source)).collect())
    }

    /// A log in which every function with an offset is followed by its place in the source.
    pub(in crate::cli::linux) fn decode(&mut self, log: &str) -> anyhow::Result<String> {
        let mut decoded = String::new();
        for line in log.lines() {
            decoded += line;
            // What stands on a stack is where a call returns to, and user-mode Linux warns by a call.
            let is_return = !line.contains("RIP");
            if let Some((module, function, offset, size)) = place(line) {
                let offset = if is_return { offset.saturating_sub(1) } else { offset };
                let lines = self.at(&module, &function, offset, Some(size))?;
                let lines: Vec<String> = lines.iter().map(Line::to_string).collect();
                if !lines.is_empty() {
                    decoded += &format!(" ({})", lines.join(", inlined at "));
                }
            }
            decoded.push('\n');
        }
        Ok(decoded)
    }
}

/// The module, the function, the offset and the size of a line as `new_device_store+0x396/0x479 [netdevsim]`.
fn place(line: &str) -> Option<(String, String, u64, u64)> {
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_end_matches([',', ':'])).collect();
    let at = words.iter().position(|word| word.contains("+0x"))?;
    let (function, rest) = words[at].split_once("+0x")?;
    let (offset, size) = rest.split_once("/0x")?;
    let number = |text: &str| u64::from_str_radix(text, 16).ok();
    let module = words.get(at + 1).and_then(|word| word.strip_prefix('[')?.strip_suffix(']'));
    Some((module.unwrap_or("").to_string(), function.to_string(), number(offset)?, number(size)?))
}

/// Two lines of `addr2line`: a function, and as `/source/net/core/dev.c:12 (discriminator 3)` where it is.
fn read(function: &str, line: &str, source: &str) -> Option<Line> {
    let (file, rest) = line.rsplit_once(':')?;
    let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let file = file.strip_prefix(source).unwrap_or(file).trim_start_matches(['.', '/']);
    let function = function.to_string();
    Some(Line { function, file: file.to_string(), line: number.parse().ok().filter(|line| *line > 0)? })
}

/// The functions of a file by their names.
fn functions(path: &Path) -> anyhow::Result<HashMap<String, Vec<Function>>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let is_no_file = || format!("{} is no ELF file", path.display());
    let file = ElfBytes::<AnyEndian>::minimal_parse(&bytes).with_context(is_no_file)?;
    let (headers, names) = file.section_headers_with_strtab().with_context(is_no_file)?;
    let (headers, names) = headers.zip(names).with_context(is_no_file)?;
    let (symbols, strings) = file.symbol_table().with_context(is_no_file)?.with_context(is_no_file)?;
    let mut functions: HashMap<String, Vec<Function>> = HashMap::new();
    for symbol in symbols.iter().filter(|symbol| symbol.st_symtype() == elf::abi::STT_FUNC) {
        let Ok(header) = headers.get(usize::from(symbol.st_shndx)) else { continue };
        let section = names.get(header.sh_name as usize).unwrap_or_default().to_string();
        let name = strings.get(symbol.st_name as usize).unwrap_or_default().to_string();
        let function = Function { section, address: symbol.st_value, size: symbol.st_size };
        functions.entry(name).or_default().push(function);
    }
    Ok(functions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_stack_names_a_place_in_a_module_or_the_kernel() {
        let of = |line| place(line).expect("it names one");
        let module = of(" [<9b06ec70>] new_device_store+0x396/0x479 [netdevsim]");
        assert_eq!(module, ("netdevsim".to_string(), "new_device_store".to_string(), 0x396, 0x479));
        assert_eq!(of("RIP: devlink_free+0x10/0x20, task/3").0, "");
        assert_eq!(place("Call Trace:"), None);
        assert_eq!(place("x+0xzz/0x1"), None);
    }

    #[test]
    fn a_line_of_the_source_begins_at_its_top() {
        let line = read("f", "/s/net/devlink/dev.c:12 (discriminator 3)", "/s").expect("it is one");
        assert_eq!(line.to_string(), "net/devlink/dev.c:12");
        assert_eq!(read("??", "??:0", "/s"), None);
        assert_eq!(read("??", "??:?", "/s"), None);
    }
}
