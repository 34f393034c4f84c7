//! The bodies of the fuzz targets: what a case is narrowed to, what must hold, and what is printed if it does not.
//!
//! A failure prints two lines that engines and services group by, then the program as text. Both lines name the
//! invariant and nothing that varies: `ASSERTION FAILED: <name>` is what ClusterFuzz takes for the state of a
//! crash, and libFuzzer's minimiser keeps to crashes with the same `DEDUP_TOKEN`.

mod mutator;
mod tools;

pub use mutator::{Mutator, Way};
pub use tools::{check_linux, check_minimize};

use crate::driver;
use crate::event::print::Detail;
use crate::event::{Module, Trace};
use crate::invariant::{self, Violation};
use crate::program::{Command, Program, Subsystem, Variants, record, text};
use crate::run::Machine;
use crate::search::{Reached, States};
use crate::sim::kernel::{EVENTS_MAX, STEPS_MAX};

/// Which commands a target draws from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// devlink and the drivers of its devices.
    Devlink,
    /// mdev and its vendor driver.
    Mdev,
    /// ib_core and its clients' modules.
    Ib,
    /// Everything at once.
    Mixed,
}

impl Scope {
    /// Whether a command belongs to the scope.
    pub fn has(self, command: &Command) -> bool {
        use driver::Command::{ModuleRemove, MttyProbe, MttyRemove, TimePass, Use};
        let home = match command {
            Command::Devlink(_) => Scope::Devlink,
            Command::Mdev(_) => Scope::Mdev,
            Command::Ib(_) | Command::Rdma(_) => Scope::Ib,
            Command::Driver(MttyProbe { .. } | MttyRemove { .. } | TimePass {} | Use { .. }) => Scope::Mdev,
            Command::Driver(ModuleRemove { module }) => match module {
                Module::Core | Module::Mtty | Module::Mdpy | Module::Vgpu | Module::Sf => Scope::Mdev,
                Module::GidCache | Module::Mad | Module::Cm | Module::Ipoib | Module::RdmaCm => Scope::Ib,
                Module::Siw | Module::RdmaRxe | Module::IbUverbs | Module::IbUmad => Scope::Ib,
                Module::Netdevsim => Scope::Devlink,
            },
            // The others are about the drivers of devlink.
            Command::Driver(_) => Scope::Devlink,
        };
        self == Scope::Mixed || self == home
    }

    /// Every scope, and what it is called as a target.
    pub const ALL: &[(&'static str, Scope)] =
        &[("devlink", Scope::Devlink), ("mdev", Scope::Mdev), ("ib", Scope::Ib), ("mixed", Scope::Mixed)];

    /// The scope that a target of this name has.
    pub fn named(name: &str) -> Option<Scope> {
        Scope::ALL.iter().find(|(known, _)| *known == name).map(|(_, scope)| *scope)
    }

    /// What the scope is called as a target.
    pub fn name(self) -> &'static str {
        Scope::ALL.iter().find(|(_, scope)| *scope == self).expect("every scope has a name").0
    }

    /// The subsystems whose commands the scope draws from; none names all.
    pub fn subsystems(self) -> &'static [Subsystem] {
        match self {
            Scope::Devlink => &[Subsystem::Devlink],
            Scope::Mdev => &[Subsystem::Mdev],
            Scope::Ib => &[Subsystem::Ib],
            Scope::Mixed => &[],
        }
    }

    /// Leaves of a program what the target is about: its commands, under these decisions, and the kernel's options that it
    /// chose itself.
    pub fn narrow(self, program: &mut Program, variants: Variants) {
        program.variants = program.variants.settled().union(variants);
        program.expect = 0;
        for task in &mut program.tasks {
            task.commands.retain(|command| self.has(command));
        }
    }
}

/// Of so many cases one runs twice, because engines, minimisers and reports rely on a run being a function of its program.
/// The first does, so that a single file that is run again is asked too.
const REPEATED_OF: u64 = 4_096;

/// What runs cases of one scope, one after the other.
#[derive(Debug)]
pub struct Target {
    scope: Scope,
    variants: Variants,
    /// The invariants that count; all if it names none. Stock minimisers cannot drift to another then.
    only: Vec<&'static str>,
    machine: Machine,
    states: States,
    runs: u64,
}

impl Target {
    /// A target under the settled decisions, or under these others, of which only these invariants count; all if none is
    /// named.
    pub fn new(scope: Scope, variants: Variants, only: Vec<&'static str>) -> Self {
        Target { scope, variants, only, machine: Machine::default(), states: States::default(), runs: 0 }
    }

    /// Runs a case and demands that it breaks no invariant that counts. Tells what lasting states it reached, which
    /// are the ones that are few enough for an engine to keep an input for each.
    ///
    /// One case in 4,096 runs a second time on a new machine, and both runs must be equal, event by event.
    ///
    /// # Panics
    ///
    /// In a frame of the broken invariant's own, after printing what was broken and by which program; or if two runs of one
    /// program differ, which is a bug of unreg.
    pub fn check(&mut self, program: &Program, mut reached: impl FnMut(u64)) {
        let mut program = program.clone();
        self.scope.narrow(&mut program, self.variants);
        let trace = self.machine.run(&program);
        if self.runs.is_multiple_of(REPEATED_OF) {
            demand_equal(trace, Machine::default().run(&program), &program);
        }
        self.runs += 1;
        self.states.read(trace, |what| {
            if let Reached::Lasting(..) = what {
                reached(what.number());
            }
        });
        demand(trace, &program, self.scope, &self.only);
    }
}

/// Demands that a second run of a program is as its first.
fn demand_equal(first: &Trace, second: &Trace, program: &Program) {
    let differs = first.events.iter().zip(&second.events).position(|(one, other)| one != other);
    let at = differs.unwrap_or(first.events.len().min(second.events.len()));
    assert!(first == second, "two runs of one program differ from event {at} on\n\n{program}");
}

fn demand(trace: &Trace, program: &Program, scope: Scope, only: &[&'static str]) {
    assert!(trace.steps <= STEPS_MAX, "a run is bounded in time");
    // What is told between two points is one dump at most.
    assert!(trace.events.len() < 2 * EVENTS_MAX, "a run is bounded in memory");
    let Some(violation) = invariant::judge(trace).into_iter().find(|it| it.is_of(only)) else { return };
    eprint!("{}", report(program, scope, &violation, &program.stream(trace, Detail::Stream)));
    invariant::panic_for(violation.invariant, violation.invariant.says)
}

/// How many lines of the stream a failure prints: the end is where it went wrong.
const STREAM_LINES: usize = 20;

fn report(program: &Program, scope: Scope, violation: &Violation, stream: &str) -> String {
    let variants: String =
        program.variants.iter().map(|(of, variant)| format!(" --variant {of}={}", variant.name)).collect();
    let target = scope.name();
    let name = violation.invariant.name;
    let lines: Vec<_> = stream.lines().collect();
    let tail = lines[lines.len().saturating_sub(STREAM_LINES)..].join("\n  ");
    format!(
        "ASSERTION FAILED: {name}\nDEDUP_TOKEN: {name}\n\n{program}\nthe end of the stream:\n  {tail}\n\n\
         to see it again: save the program as a file and `unreg run FILE`\n\
         from the engine's own file: `unreg minimize --target {target}{variants} --invariant {name} ARTIFACT`\n"
    )
}

/// Reads any bytes in every way there is, and demands that reading and writing are inverse.
///
/// # Panics
///
/// If they are not.
pub fn check_text(bytes: &[u8]) {
    let (salvaged, _) = Program::salvage(bytes);
    same("salvaged", &salvaged);
    let decoded = record::decode(bytes);
    same("decoded", &decoded);
    assert_eq!(record::decode(&record::encode(&decoded)), decoded, "encoding and decoding changes a program");
    let lossy = String::from_utf8_lossy(bytes);
    if let Ok(program) = Program::parse(&lossy, "case") {
        assert_eq!(program, Program::salvage(lossy.as_bytes()).0, "strict reading and salvage differ");
        let formatted = text::format::format(&lossy);
        assert_eq!(text::format::format(&formatted), formatted, "formatting twice changes a text");
        let again = Program::parse(&formatted, "formatted").unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(again, program, "formatting changes what a text means");
    }
}

fn same(how: &str, program: &Program) {
    let printed = program.to_string();
    let read = Program::parse(&printed, "printed").unwrap_or_else(|errors| panic!("{how}:\n{errors}"));
    assert_eq!(read, *program, "printing and parsing changes a program that was {how}");
    assert_eq!(record::decode(&record::encode(program)), *program, "records change a program that was {how}");
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROKEN: &str = "variant devlink children-first\ntask probe\n  driver.probe mlx5/0\n";

    fn program(text: &str) -> Program {
        Program::parse(text, "test").unwrap_or_else(|errors| panic!("{errors}"))
    }

    #[test]
    #[should_panic(expected = "two runs of one program differ from event 1 on")]
    fn a_run_that_differs_from_the_first_is_a_bug() {
        let program = program("task user\n  driver.probe netdevsim/0\n");
        let first = Machine::default().run(&program).clone();
        let mut second = first.clone();
        demand_equal(&first, &second, &program);
        second.events.remove(1);
        demand_equal(&first, &second, &program);
    }

    #[test]
    fn a_failure_opens_with_the_lines_that_services_group_by() {
        let program = program(BROKEN);
        let mut machine = Machine::default();
        let trace = machine.run(&program);
        let violation = invariant::judge(trace)[0];
        let report = report(&program, Scope::Devlink, &violation, &program.stream(trace, Detail::Stream));
        let mut lines = report.lines();
        assert_eq!(lines.next(), Some("ASSERTION FAILED: no-child-before-parent-notification"));
        assert_eq!(lines.next(), Some("DEDUP_TOKEN: no-child-before-parent-notification"));
        assert!(report.contains(&program.to_string()));
        let again =
            "unreg minimize --target devlink --variant devlink=children-first --invariant no-child-before";
        assert!(report.contains(again), "{report}");
    }

    #[test]
    fn a_broken_invariant_panics_with_its_name() {
        let demand = |only: Vec<&'static str>| {
            std::panic::catch_unwind(move || {
                let (mut machine, program) = (Machine::default(), program(BROKEN));
                demand(machine.run(&program), &program, Scope::Devlink, &only);
            })
        };
        let message = demand(Vec::new()).expect_err("the invariant is broken");
        let message = message.downcast_ref::<String>().expect("a formatted message");
        assert!(message.starts_with("no-child-before-parent-notification: "), "{message}");
        assert!(demand(vec!["lock-order"]).is_ok(), "other invariants are muted");
    }

    #[test]
    fn a_case_is_narrowed_to_its_scope_and_the_settled_rules() {
        let mut program = program(BROKEN);
        let flawed = program.variants;
        Scope::Devlink.narrow(&mut program, Variants::default());
        assert_eq!((program.commands(), program.variants), (1, Variants::default()));
        let mut reached = 0;
        Target::new(Scope::Devlink, Variants::default(), Vec::new()).check(&program, |_| reached += 1);
        assert!(reached > 5, "a probe reaches {reached} states");
        Scope::Devlink.narrow(&mut program, flawed);
        assert_eq!(program.variants, flawed);
        Scope::Ib.narrow(&mut program, Variants::default());
        assert_eq!(program.commands(), 0);
    }

    #[test]
    fn every_command_has_one_home() {
        for spec in Command::specs() {
            let command = Command::decode(spec.opcode, &[0; 7]).expect("zeroes are first names");
            let homes = [Scope::Devlink, Scope::Mdev, Scope::Ib].iter().filter(|scope| scope.has(&command));
            assert_eq!(homes.count(), 1, "{}", spec.name);
        }
    }

    #[test]
    fn texts_and_bytes_of_all_sorts_are_read_and_written_alike() {
        for bytes in
            [&b""[..], b"# x\ntask user\n  devlink.dump\n", BROKEN.as_bytes(), &[0x40; 64], &[0xff; 99]]
        {
            check_text(bytes);
        }
    }
}
