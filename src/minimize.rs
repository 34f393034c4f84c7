//! Minimising: the smallest program near a failing one that still fails.
//!
//! Large pieces are dropped first, then single ones, then what is left is made simpler, until no single step
//! helps. What comes out is one-minimal: without any one of its tasks, commands, variants or segments, or with
//! any one operand smaller, it no longer fails.

mod canonical;
mod cut;
mod simplify;

use crate::event::Trace;
use crate::invariant::{Site, Violation, judge};
use crate::program::{Program, TASKS_MAX};
use crate::run::Machine;
use rustc_hash::FxHashSet;
use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};

/// One thing that was tried.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// What was changed: `without command 3 of probe`.
    pub change: &'a str,
    /// Whether the program still failed, so that the change was kept.
    pub kept: bool,
    /// What it broke instead, if it broke something else.
    pub instead: Option<&'a Site>,
}

/// Makes a program as small as it can be while `still_fails` says so. The program given must fail.
pub fn minimize(program: &Program, still_fails: impl FnMut(&Program) -> bool) -> Program {
    minimize_watched(program, still_fails, |_| {})
}

/// As [`minimize`], and tells `watch` of every attempt.
pub fn minimize_watched(
    program: &Program,
    mut still_fails: impl FnMut(&Program) -> bool,
    mut watch: impl FnMut(&Attempt<'_>),
) -> Program {
    // What is expected is a claim about the whole program, so it says nothing of a part of it.
    let best = Program { expect: 0, ..program.clone() };
    let tried = FxHashSet::default();
    let machine = Machine::default();
    let mut search = Minimizer { best, machine, tried, still_fails: &mut still_fails, watch: &mut watch };
    search.reach_fixed_point();
    search.order_tasks();
    search.reach_fixed_point();
    search.name_tasks();
    search.best
}

/// Makes a program as small as it can be while it breaks the same invariant at the same site, and sets what it is
/// expected to break to what it does break.
pub fn minimize_violation(program: &Program, site: &Site, mut watch: impl FnMut(&Attempt<'_>)) -> Program {
    let mut machine = Machine::default();
    let instead = RefCell::new(None);
    let still_fails = |candidate: &Program| {
        let trace = machine.run(candidate);
        let violations = judge(trace);
        let breaks = holds(&violations, site, trace);
        *instead.borrow_mut() = violations.first().filter(|_| !breaks).map(|violation| violation.site(trace));
        breaks
    };
    let mut minimal = minimize_watched(program, still_fails, |attempt| {
        watch(&Attempt { instead: instead.borrow().as_ref(), ..*attempt });
    });
    minimal.expect = expected(machine.run(&minimal));
    minimal
}

/// Whether a trace breaks this invariant at this site.
pub fn breaks(trace: &Trace, site: &Site) -> bool {
    holds(&judge(trace), site, trace)
}

/// Whether one of the violations of a trace is of this invariant at this site.
fn holds(violations: &[Violation], site: &Site, trace: &Trace) -> bool {
    // Naming a site costs more than judging.
    let mut same_invariant = violations.iter().filter(|violation| violation.invariant.name == site.invariant);
    same_invariant.any(|violation| violation.site(trace) == *site)
}

/// The invariants that a trace breaks, as [`Program::expect`] keeps them.
pub fn expected(trace: &Trace) -> u64 {
    judge(trace).iter().fold(0, |set, violation| set | 1 << violation.invariant.id)
}

/// A search for a smaller program.
struct Minimizer<'f> {
    best: Program,
    /// Runs what is best so far, to see in which order its commands begin.
    machine: Machine,
    /// What has been tried, so that the last round, in which nothing helps, costs next to nothing.
    tried: FxHashSet<u64>,
    still_fails: &'f mut dyn FnMut(&Program) -> bool,
    watch: &'f mut dyn FnMut(&Attempt<'_>),
}

impl Minimizer<'_> {
    fn reach_fixed_point(&mut self) {
        self.repeat(&[
            Self::cut_commands,
            Self::cut_tasks,
            Self::cut_variants,
            Self::cut_segments,
            Self::join_tasks,
            Self::drop_stops,
            Self::lower_counts,
            Self::lower_operands_together,
            Self::lower_operands,
        ]);
    }

    /// Takes these steps until none of them changes anything.
    ///
    /// Every change that is kept makes the program smaller in one measure and larger in none before it (tasks, commands,
    /// variants, segments, stops, counts, operands), so this ends.
    fn repeat(&mut self, steps: &[fn(&mut Self)]) {
        loop {
            let before = self.best.clone();
            steps.iter().for_each(|step| step(self));
            if self.best == before {
                return;
            }
        }
    }

    /// Tries a change; keeps it if the program still fails.
    fn attempt(&mut self, change: impl FnOnce(&mut Program), describe: impl FnOnce() -> String) -> bool {
        let mut candidate = self.best.clone();
        change(&mut candidate);
        candidate.tasks.retain(|task| !task.commands.is_empty());
        debug_assert!(candidate.tasks.len() <= TASKS_MAX);
        let mut hasher = DefaultHasher::new();
        candidate.hash(&mut hasher);
        if candidate == self.best || !self.tried.insert(hasher.finish()) {
            return false;
        }
        let kept = (self.still_fails)(&candidate);
        (self.watch)(&Attempt { change: &describe(), kept, instead: None });
        if kept {
            self.best = candidate;
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Point, TaskName};
    use crate::operand::OPERANDS_MAX;
    use crate::program::{COMMANDS_MAX, Command, SEGMENTS_MAX, Segment, Task};

    /// A command by its opcode; every operand has the same byte.
    fn command(opcode: u8, byte: u8) -> Command {
        Command::decode(opcode, &[byte; OPERANDS_MAX]).expect("the table has it")
    }

    fn has(program: &Program, opcode: u8) -> bool {
        program.tasks.iter().flat_map(|task| &task.commands).any(|command| command.encode().0 == opcode)
    }

    /// A program as large as they get.
    fn large(seed: u64) -> Program {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut program = Program::default();
        for name in &TaskName::ALL[..6] {
            let commands = (0..10).map(|_| {
                let specs: Vec<_> = Command::specs().collect();
                let spec = specs[random.usize(0..specs.len())];
                let mut bytes = [0; OPERANDS_MAX];
                for (byte, operand) in bytes.iter_mut().zip(spec.operands) {
                    *byte = random.u8(0..operand.words.len() as u8);
                }
                Command::decode(spec.opcode, &bytes).expect("the table has it")
            });
            program.tasks.push(Task { name: *name, commands: commands.collect() });
        }
        for _ in 0..SEGMENTS_MAX {
            let task = TaskName::ALL[random.usize(0..6)];
            let point = Point::ALL[random.usize(0..Point::ALL.len())];
            program.schedule.push(Segment { task, until: random.bool().then(|| (point, random.u8(1..5))) });
        }
        program
    }

    #[test]
    fn what_is_planted_is_all_that_is_left() {
        for seed in 0..20 {
            let mut program = large(seed);
            program.tasks[1].commands[3] = command(0x40, 1);
            program.tasks[4].commands[8] = command(0x14, 1);
            program.expect = 1;
            let mut runs = 0;
            let minimal = minimize(&program, |candidate| {
                runs += 1;
                has(candidate, 0x40) && has(candidate, 0x14)
            });
            assert_eq!((minimal.tasks.len(), minimal.commands()), (1, 2), "{minimal:?}");
            assert!(minimal.schedule.is_empty() && minimal.expect == 0);
            let bytes = minimal.tasks[0].commands.iter().map(|command| command.encode().1);
            assert!(bytes.into_iter().all(|bytes| bytes == [0; OPERANDS_MAX]));
            assert!(runs <= 200, "{runs} runs for two commands of {COMMANDS_MAX}");
        }
    }

    #[test]
    fn what_must_run_in_two_tasks_stays_in_two_tasks() {
        let mut program = large(3);
        program.tasks[0].commands[5] = command(0x40, 1);
        program.tasks[5].commands[0] = command(0x14, 1);
        program.schedule[9] = Segment { task: TaskName::Probe, until: Some((Point::DevlinkLock, 4)) };
        let minimal = minimize(&program, |candidate| {
            let alone = |opcode| {
                candidate
                    .tasks
                    .iter()
                    .position(|task| task.commands.iter().any(|command| command.encode().0 == opcode))
            };
            let stops = candidate.schedule.iter().any(|segment| {
                segment.until.is_some_and(|(point, count)| point == Point::DevlinkLock && count >= 2)
            });
            stops && alone(0x40).is_some() && alone(0x14).is_some() && alone(0x40) != alone(0x14)
        });
        assert_eq!((minimal.tasks.len(), minimal.commands()), (2, 2));
        let [segment] = minimal.schedule[..] else { panic!("one segment is needed: {minimal:?}") };
        assert_eq!(segment.until, Some((Point::DevlinkLock, 2)));
    }

    #[test]
    fn operands_that_must_agree_come_down_together() {
        let mut program = large(4);
        program.tasks[2].commands[2] = command(0x13, 1);
        program.tasks[2].commands[7] = command(0x14, 1);
        let handles = |program: &Program, opcode| {
            let commands = program.tasks.iter().flat_map(|task| &task.commands).map(Command::encode);
            let found: Vec<u8> =
                commands.filter(|(code, _)| *code == opcode).map(|(_, bytes)| bytes[0]).collect();
            found
        };
        let minimal = minimize(&program, |candidate| {
            handles(candidate, 0x13).iter().any(|handle| handles(candidate, 0x14).contains(handle))
        });
        assert_eq!((handles(&minimal, 0x13), handles(&minimal, 0x14)), (vec![0], vec![0]));
    }

    #[test]
    fn tasks_without_commands_go_and_nothing_else_is_lost() {
        let mut program = large(7);
        program.tasks.truncate(4);
        program.tasks[2].commands = vec![command(0x14, 0)];
        for empty in [0, 1, 3] {
            program.tasks[empty].commands.clear();
        }
        let minimal = minimize(&program, |candidate| has(candidate, 0x14));
        assert_eq!((minimal.tasks.len(), minimal.commands()), (1, 1), "{minimal:?}");
    }

    #[test]
    fn tasks_are_called_after_what_they_do() {
        let mut program = large(5);
        program.tasks[0].commands[5] = command(0x14, 0);
        program.tasks[5].commands[0] = command(0x40, 0);
        let minimal = minimize(&program, |candidate| {
            let of = |opcode| {
                let holds = |task: &Task| task.commands.iter().any(|command| command.encode().0 == opcode);
                candidate.tasks.iter().position(holds)
            };
            of(0x40).is_some() && of(0x14).is_some() && of(0x40) != of(0x14)
        });
        let mut names: Vec<_> = minimal.tasks.iter().map(|task| task.name).collect();
        names.sort();
        assert_eq!(names, [TaskName::User, TaskName::Probe]);
    }

    #[test]
    fn what_one_step_makes_possible_another_takes() {
        // The others can go only when the operand of the first command is the lowest there is.
        let mut program = Program::default();
        let opcodes = [0x14, 0x13, 0x40];
        let commands = opcodes.map(|opcode| command(opcode, 1)).into();
        program.tasks.push(Task { name: TaskName::User, commands });
        let still_fails = |candidate: &Program| {
            let byte = |opcode: u8| {
                let commands = candidate.tasks.iter().flat_map(|task| &task.commands).map(Command::encode);
                let found: Vec<u8> = commands.filter(|(of, _)| *of == opcode).map(|(_, it)| it[0]).collect();
                found.first().copied()
            };
            let all = opcodes.map(byte);
            matches!(all, [Some(0 | 1), Some(1), Some(1)] | [Some(0), None, None | Some(0 | 1)])
        };
        let minimal = minimize(&program, still_fails);
        assert_eq!(minimal.commands(), 1, "{minimal:?}");
    }

    #[test]
    fn every_attempt_is_told_and_the_last_kept_one_is_the_result() {
        let program = large(6);
        let (mut told, mut runs, mut kept) = (0, 0, 0);
        let minimal = minimize_watched(
            &program,
            |candidate| {
                runs += 1;
                candidate.commands() >= 3
            },
            |attempt| {
                told += 1;
                kept += u32::from(attempt.kept);
                assert!(!attempt.change.is_empty());
            },
        );
        assert_eq!(minimal.commands(), 3);
        assert_eq!(told, runs);
        assert!(kept > 0);
    }
}
