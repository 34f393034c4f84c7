//! The tracer of a guest: the thread that started it, which stops it at breakpoints and decides who may go on.

use super::breakpoint::{Breakpoints, Memory};
use super::layout;
use super::lockdep::Lockdep;
use super::run::{Item, Run};
use super::symbols::{BUILT_IN, Symbols};
use anyhow::Context;
use nix::libc::user_regs_struct as Registers;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use unreg::event::{Point, QueueName, TaskName};
use unreg::linux::steer::turns::{TICKS, Verdict};
use unreg::linux::steer::{Call, Entry, Explore, Log};
use unreg::program::Segment;

/// The stack of a task of a guest in bytes: `CONFIG_KERNEL_STACK_ORDER` of the configurations.
const STACK: u64 = 16 * 4096;
/// Where `thread_info` counts what forbids to sleep, when it is at the end of the stack and when it is in the task.
const PREEMPT_COUNT: [u64; 2] = [20, 12];
/// The length of a trampoline in bytes, with what fills it up.
const TRAMPOLINE: u64 = 64;
/// The most frames of a stack that are looked at.
const FRAMES: usize = 40;

/// What a guest is to follow with its next program.
#[derive(Debug, Clone)]
pub(in crate::cli::linux) struct Order {
    /// The program's tasks, in the order of their numbers.
    pub(in crate::cli::linux) tasks: Vec<TaskName>,
    /// The names of each task's commands.
    pub(in crate::cli::linux) commands: Vec<Vec<&'static str>>,
    /// Its schedule.
    pub(in crate::cli::linux) schedule: Vec<Segment>,
    /// The queues whose workers are tasks: others work when they can.
    pub(in crate::cli::linux) queues: Vec<QueueName>,
    /// The points at which the locks that a task holds are noted.
    pub(in crate::cli::linux) watched: Vec<Point>,
    /// What chooses instead of a schedule.
    pub(in crate::cli::linux) explore: Option<Explore>,
}

#[derive(Debug, Default)]
struct Shared {
    order: Option<Order>,
    run: Option<Run>,
}

/// A process that is traced, seen from outside its tracer.
#[derive(Debug)]
pub(in crate::cli::linux) struct Traced {
    shared: Arc<Mutex<Shared>>,
    ended: Receiver<String>,
    process: u32,
}

impl Traced {
    /// Starts a process that asks to be traced, in a thread that traces it until it ends.
    pub(in crate::cli::linux) fn spawn(
        mut command: Command,
        symbols: Arc<Symbols>,
    ) -> anyhow::Result<(Traced, Child)> {
        let shared: Arc<Mutex<Shared>> = Arc::default();
        let (send, started) = channel();
        let (end, ended) = channel();
        let own = Arc::clone(&shared);
        std::thread::Builder::new().name("tracer".to_string()).spawn(move || {
            let spawned = command.spawn();
            let process = spawned.as_ref().ok().and_then(|child| i32::try_from(child.id()).ok());
            let is_wanted = send.send(spawned).is_ok();
            if let (Some(process), true) = (process, is_wanted) {
                trace(Pid::from_raw(process), &symbols, &own, &end);
            }
        })?;
        let child = started.recv().context("the tracer is gone")?.context("cannot start a process")?;
        Ok((Traced { shared, ended, process: child.id() }, child))
    }

    /// What the next program is to follow.
    pub(in crate::cli::linux) fn order(&self, order: Order) {
        let mut shared = lock(&self.shared);
        shared.order = Some(order);
        shared.run = None;
    }

    /// What was seen of the last program.
    pub(in crate::cli::linux) fn take_log(&self) -> Option<Log> {
        lock(&self.shared).run.take().map(Run::into_log)
    }

    /// Waits for the process to end; says how it did, or nothing if it goes on.
    pub(in crate::cli::linux) fn wait(&self, patience: Duration) -> Option<String> {
        self.ended.recv_timeout(patience).ok()
    }

    /// The process's number.
    pub(in crate::cli::linux) fn process(&self) -> u32 {
        self.process
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Traces a process to its end.
fn trace(process: Pid, symbols: &Symbols, shared: &Mutex<Shared>, end: &Sender<String>) {
    let mut tracer = match Tracer::new(process, symbols, shared) {
        Ok(tracer) => tracer,
        Err(why) => {
            let _gone = ptrace::kill(process);
            let _reaped = waitpid(process, Some(WaitPidFlag::__WALL));
            let _unheard = end.send(format!("{why:#}"));
            return;
        }
    };
    let _unheard = end.send(tracer.serve());
}

/// Addresses of the kernel that the tracer works with.
#[derive(Debug)]
struct Known {
    call: u64,
    module_comes: u64,
    module_goes: u64,
    schedule: u64,
    sleep: u64,
    trampoline: u64,
    current: u64,
    /// Whether interrupts are on, where the kernel has a word for it.
    interrupts: Option<Interrupts>,
    /// Where a task's locks are, where the kernel keeps books of them.
    lockdep: Option<Lockdep>,
}

/// Where the word is that says whether interrupts are on.
#[derive(Debug, Clone, Copy)]
enum Interrupts {
    /// At an address.
    At(u64),
    /// So far from the running thread's `fs`, since user-mode Linux has SMP.
    OfThread(i64),
}

impl Known {
    fn find(symbols: &Symbols) -> anyhow::Result<Known> {
        let image = symbols.image(BUILT_IN).context("there is no kernel")?;
        let (tasks, size) = image.variable("cpu_tasks").context("this kernel has no cpu_tasks")?;
        Ok(Known {
            call: symbols.kernel("sys_getsid")?,
            module_comes: symbols.kernel("do_init_module")?,
            module_goes: symbols.kernel("free_module")?,
            schedule: symbols.kernel("schedule")?,
            sleep: symbols.kernel("schedule_timeout_uninterruptible")?,
            // It has run once and never will again, and its text stays.
            trampoline: symbols.kernel("start_kernel")?,
            // Up to 6.11 a process number comes before the task.
            current: tasks + size.saturating_sub(8),
            interrupts: match image.variable("signals_enabled") {
                Some((address, _)) => Some(Interrupts::At(address)),
                None => image.thread_variable("signals_enabled").map(Interrupts::OfThread),
            },
            lockdep: Lockdep::find(image),
        })
    }
}

struct Tracer<'t> {
    process: Pid,
    memory: Memory,
    breakpoints: Breakpoints,
    symbols: &'t Symbols,
    known: Known,
    shared: &'t Mutex<Shared>,
    /// Where the text of each loaded module begins.
    modules: HashMap<String, u64>,
    /// Signals that came while an instruction was run, to be passed on.
    signals: VecDeque<Signal>,
    /// An address at which the next stop is no arrival: its instruction faulted and is tried again.
    again: Option<u64>,
    has_trampoline: bool,
}

impl<'t> Tracer<'t> {
    /// Takes a process over that stops where it becomes another program.
    fn new(process: Pid, symbols: &'t Symbols, shared: &'t Mutex<Shared>) -> anyhow::Result<Tracer<'t>> {
        let known = Known::find(symbols)?;
        match waitpid(process, Some(WaitPidFlag::__WALL)).context("cannot wait for the guest")? {
            WaitStatus::Stopped(..) => {}
            other => anyhow::bail!("the guest does not let itself be traced: {other:?}"),
        }
        let options = Options::PTRACE_O_EXITKILL | Options::PTRACE_O_TRACEEXEC;
        ptrace::setoptions(process, options).context("cannot trace the guest")?;
        let mut tracer = Tracer {
            process,
            memory: Memory::open(process)?,
            breakpoints: Breakpoints::default(),
            symbols,
            known,
            shared,
            modules: HashMap::new(),
            signals: VecDeque::new(),
            again: None,
            has_trampoline: false,
        };
        tracer.arm()?;
        Ok(tracer)
    }

    /// Sets what is stopped at from the start on, in text that has just been mapped.
    fn arm(&mut self) -> io::Result<()> {
        self.memory = Memory::open(self.process)?;
        self.breakpoints.forget();
        for address in [self.known.call, self.known.module_comes, self.known.module_goes] {
            self.breakpoints.set(&self.memory, address)?;
        }
        Ok(())
    }

    /// Serves the process's stops until it ends, and says how it ended.
    fn serve(&mut self) -> String {
        let mut is_held = false;
        loop {
            if !is_held {
                // A process that was killed meanwhile cannot go on; the wait says so.
                let _gone = ptrace::cont(self.process, self.signals.pop_front());
            }
            match waitpid(self.process, Some(WaitPidFlag::__WALL)) {
                Ok(WaitStatus::Exited(_, code)) => return format!("exit status: {code}"),
                Ok(WaitStatus::Signaled(_, signal, _)) => return format!("signal: {signal}"),
                Ok(WaitStatus::PtraceEvent(..)) => {
                    let _gone = self.arm();
                }
                Ok(WaitStatus::Stopped(_, Signal::SIGTRAP)) => {
                    // An error here is a process that was killed, or memory that is not there: the wait, or the
                    // guest's own death, says which.
                    if let Err(error) = self.stopped() {
                        let mut shared = lock(self.shared);
                        if let Some(run) = &mut shared.run {
                            run.trouble(format!("the tracer: {error}"));
                        }
                    }
                }
                // A guest that is told to stop stays stopped until it is killed.
                Ok(WaitStatus::Stopped(_, Signal::SIGSTOP)) => is_held = true,
                Ok(WaitStatus::Stopped(_, signal)) => self.signals.push_back(signal),
                Ok(_) => {}
                Err(nix::errno::Errno::EINTR) => {}
                Err(error) => return format!("gone: {error}"),
            }
        }
    }

    fn stopped(&mut self) -> io::Result<()> {
        let registers = ptrace::getregs(self.process)?;
        let address = registers.rip.wrapping_sub(1);
        if !self.breakpoints.has(address) {
            return Ok(());
        }
        let verdict =
            if self.again.take() == Some(address) { Verdict::Go } else { self.arrive(address, &registers)? };
        match verdict {
            Verdict::Park => self.park(address, registers),
            Verdict::Go => {
                let signals = self.breakpoints.step(&self.memory, self.process, registers, address)?;
                if signals.contains(&Signal::SIGSEGV) {
                    self.again = Some(address);
                }
                self.signals.extend(signals);
                Ok(())
            }
        }
    }

    /// The running task comes to an address.
    fn arrive(&mut self, address: u64, registers: &Registers) -> io::Result<Verdict> {
        if address == self.known.module_comes {
            if let Some(loaded) = layout::loaded(&self.memory, registers.rdi, self.symbols)? {
                self.module_comes(loaded)?;
            }
            return Ok(Verdict::Go);
        }
        if address == self.known.module_goes {
            // A task may be stopped here too.
            let name = layout::name(&self.memory, registers.rdi)?;
            self.module_goes(&name)?;
        }
        let current = self.memory.word(self.known.current)?;
        let may_sleep = self.may_sleep(current, registers)?;
        if address == self.known.call {
            if let Some(verdict) = self.asks_again(current, address, may_sleep) {
                return Ok(verdict);
            }
            return match Call::decode(registers.rdi as u32) {
                Some(call) => self.call(call, current, may_sleep),
                None => Ok(Verdict::Go),
            };
        }
        if address == self.known.schedule {
            self.sleeps(current, registers)?;
        }
        if lock(self.shared).run.as_ref().is_some_and(|run| run.is_watched(current, address)) {
            self.look(current, address, registers)?;
        }
        if !may_sleep && lock(self.shared).run.as_ref().is_some_and(|run| run.unlocks(current, address)) {
            self.hands_over_later(registers)?;
        }
        let mut shared = lock(self.shared);
        Ok(shared.run.as_mut().map_or(Verdict::Go, |run| run.arrive(current, address, may_sleep)))
    }

    /// A task that has unlocked a lock may not sleep yet: it hands over where the function that unlocks has returned.
    fn hands_over_later(&mut self, registers: &Registers) -> io::Result<()> {
        let Some(address) = self.stack(registers)?.get(1).copied() else { return Ok(()) };
        let mut shared = lock(self.shared);
        if let Some(run) = shared.run.as_mut().filter(|run| !run.has(address, Item::Unlocked)) {
            self.breakpoints.set(&self.memory, address)?;
            run.add(address, Item::Unlocked);
        }
        Ok(())
    }

    /// A task that was parked in a call of the agent's asks again.
    fn asks_again(&self, current: u64, address: u64, may_sleep: bool) -> Option<Verdict> {
        let mut shared = lock(self.shared);
        let run = shared.run.as_mut()?;
        run.is_parked_at(current, address).then(|| run.arrive(current, address, may_sleep))
    }

    fn call(&mut self, call: Call, current: u64, may_sleep: bool) -> io::Result<Verdict> {
        if call == Call::Begin {
            self.begin()?;
            return Ok(Verdict::Go);
        }
        let mut shared = lock(self.shared);
        let Some(run) = shared.run.as_mut() else { return Ok(Verdict::Go) };
        match call {
            Call::Begin => {}
            Call::TaskBegins(task) => return Ok(run.begins(current, task.into(), self.known.call)),
            Call::Command(number) => return Ok(run.command(current, number, self.known.call, may_sleep)),
            Call::TaskEnds => run.ends(current),
            Call::Await => return Ok(run.awaits(current, self.known.call)),
            Call::Report(number) => run.note(Entry::Report(number)),
            Call::Over => {
                run.over();
                let spots = run.take_spots();
                drop(shared);
                for address in spots {
                    self.breakpoints.clear(&self.memory, address)?;
                }
            }
        }
        Ok(Verdict::Go)
    }

    /// A program begins: from here on everything stops that its schedule names.
    fn begin(&mut self) -> io::Result<()> {
        let old = lock(self.shared).run.take();
        for address in old.into_iter().flat_map(|mut run| run.take_spots()) {
            self.breakpoints.clear(&self.memory, address)?;
        }
        let Some(order) = lock(self.shared).order.take() else { return Ok(()) };
        if !self.has_trampoline {
            let code = TICKS.map(|ticks| trampoline(self.known.sleep, ticks)).concat();
            self.memory.write(self.known.trampoline, &code)?;
            self.has_trampoline = true;
        }
        let mut run = Run::new(&order, self.symbols);
        let mut wanted = vec![(self.known.schedule, Item::Sleeps)];
        for (module, base) in std::iter::once((BUILT_IN, 0))
            .chain(self.modules.iter().map(|(name, base)| (name.as_str(), *base)))
        {
            wanted.extend(run.items(module, self.symbols).into_iter().map(|(at, item)| (base + at, item)));
        }
        for (address, item) in wanted {
            self.breakpoints.set(&self.memory, address)?;
            run.add(address, item);
        }
        lock(self.shared).run = Some(run);
        Ok(())
    }

    fn module_comes(&mut self, loaded: layout::Loaded) -> io::Result<()> {
        let mut shared = lock(self.shared);
        if let Some(run) = &mut shared.run {
            for (at, item) in run.items(&loaded.name, self.symbols) {
                self.breakpoints.set(&self.memory, loaded.base + at)?;
                run.add(loaded.base + at, item);
            }
        }
        self.modules.insert(loaded.name, loaded.base);
        Ok(())
    }

    fn module_goes(&mut self, name: &str) -> io::Result<()> {
        let (Some(base), Some(image)) = (self.modules.remove(name), self.symbols.image(name)) else {
            return Ok(());
        };
        let range = base..base + image.end();
        if let Some(run) = &mut lock(self.shared).run {
            run.forget(&range);
        }
        self.breakpoints.clear_range(&self.memory, range)
    }

    /// A task enters the scheduler: if it is one of the program's, it is stopped where it wakes.
    fn sleeps(&mut self, current: u64, registers: &Registers) -> io::Result<()> {
        if !lock(self.shared).run.as_ref().is_some_and(|run| run.would_sleep(current)) {
            return Ok(());
        }
        let stack = self.stack(registers)?;
        let names: Vec<String> = stack.iter().map(|address| self.name(*address)).collect();
        let mut shared = lock(self.shared);
        let Some(run) = shared.run.as_mut() else { return Ok(()) };
        let (old, new) = run.sleeps(current, &names, &stack);
        drop(shared);
        if let Some(new) = new {
            self.breakpoints.set(&self.memory, new)?;
        }
        if let Some(old) = old {
            self.breakpoints.clear(&self.memory, old)?;
        }
        Ok(())
    }

    /// A task comes to a point that is watched.
    fn look(&self, current: u64, address: u64, registers: &Registers) -> io::Result<()> {
        let held = |lockdep: Lockdep| lockdep.held(&self.memory, current);
        let locks = self.known.lockdep.map_or(Ok(Vec::new()), held)?;
        let stack = self.stack(registers)?;
        let functions = std::iter::once(address + 1).chain(stack);
        let functions: Vec<String> = functions.map(|address| self.name(address)).collect();
        if let Some(run) = &mut lock(self.shared).run {
            run.look(current, address, &locks, &functions);
        }
        Ok(())
    }

    /// The addresses to which the functions on the stack return, the innermost first.
    fn stack(&self, registers: &Registers) -> io::Result<Vec<u64>> {
        let end = (registers.rsp | (STACK - 1)) + 1;
        let mut stack = vec![self.memory.word(registers.rsp)?];
        let (mut frame, mut last) = (registers.rbp, registers.rsp);
        while stack.len() < FRAMES && frame > last && frame + 16 <= end {
            stack.push(self.memory.word(frame + 8)?);
            last = frame;
            frame = self.memory.word(frame)?;
        }
        Ok(stack)
    }

    /// The function that an address is returned to in.
    fn name(&self, address: u64) -> String {
        let at = address.wrapping_sub(1);
        let of = |module: &str, base: u64| {
            let (name, _) = self.symbols.image(module)?.at(at.checked_sub(base)?)?;
            Some(name.to_string())
        };
        let modules = || self.modules.iter().find_map(|(name, base)| of(name, *base));
        of(BUILT_IN, 0).or_else(modules).unwrap_or_else(|| format!("{at:#x}"))
    }

    /// Whether the running task may sleep: nothing forbids it to be preempted, and interrupts are on.
    fn may_sleep(&self, current: u64, registers: &Registers) -> io::Result<bool> {
        let bottom = registers.rsp & !(STACK - 1);
        let is_on_stack = self.memory.word(bottom)? == current;
        let count = if is_on_stack { bottom + PREEMPT_COUNT[0] } else { current + PREEMPT_COUNT[1] };
        let mut bytes = [0; 4];
        self.memory.read(count, &mut bytes)?;
        let mut interrupts = [1; 4];
        let address = self.known.interrupts.map(|interrupts| match interrupts {
            Interrupts::At(address) => address,
            Interrupts::OfThread(offset) => registers.fs_base.wrapping_add_signed(offset),
        });
        if let Some(address) = address {
            self.memory.read(address, &mut interrupts)?;
        }
        Ok(i32::from_le_bytes(bytes) == 0 && i32::from_le_bytes(interrupts) != 0)
    }

    /// Has the running task sleep for a tick and come back to the same address.
    fn park(&self, address: u64, mut registers: Registers) -> io::Result<()> {
        registers.rsp -= 8;
        self.memory.write(registers.rsp, &address.to_le_bytes())?;
        let is_long = lock(self.shared).run.as_ref().is_some_and(Run::lets_time_pass);
        registers.rip = self.known.trampoline + if is_long { TRAMPOLINE } else { 0 };
        ptrace::setregs(self.process, registers)?;
        Ok(())
    }
}

/// Code that calls a function with a number of ticks, changes no register, and returns.
fn trampoline(function: u64, ticks: u32) -> Vec<u8> {
    const SAVE: &[u8] = &[0x50, 0x57, 0x56, 0x52, 0x51, 0x41, 0x50, 0x41, 0x51, 0x41, 0x52, 0x41, 0x53];
    const CALL: &[u8] = &[0x48, 0x83, 0xec, 0x08, 0xbf];
    const LOAD: &[u8] = &[0x48, 0xb8];
    const RESTORE: &[u8] = &[
        0xff, 0xd0, 0x48, 0x83, 0xc4, 0x08, 0x41, 0x5b, 0x41, 0x5a, 0x41, 0x59, 0x41, 0x58, 0x59, 0x5a, 0x5e,
        0x5f, 0x58, 0xc3,
    ];
    let mut code = [SAVE, CALL, &ticks.to_le_bytes(), LOAD, &function.to_le_bytes(), RESTORE].concat();
    code.resize(TRAMPOLINE as usize, 0xcc);
    code
}
