//! Making what is left of a program simpler: fewer stops, lower counts, the first names there are.

use super::Minimizer;
use crate::operand::OPERANDS_MAX;
use crate::program::{Command, Program};

impl Minimizer<'_> {
    /// Lets tasks run on instead of stopping at a point.
    pub(super) fn drop_stops(&mut self) {
        for at in 0..self.best.schedule.len() {
            self.attempt(
                |program| program.schedule[at].until = None,
                || format!("with segment {} running on", at + 1),
            );
        }
    }

    /// Stops the first time a task comes to a point, or at least earlier.
    pub(super) fn lower_counts(&mut self) {
        for at in 0..self.best.schedule.len() {
            let Some((_, count)) = self.best.schedule[at].until else { continue };
            for lower in 1..count {
                let set = |program: &mut Program| {
                    program.schedule[at].until = program.schedule[at].until.map(|(point, _)| (point, lower));
                };
                if self.attempt(set, || format!("with segment {} stopping at #{lower}", at + 1)) {
                    break;
                }
            }
        }
    }

    /// Renames one device to an earlier one wherever the program names it.
    pub(super) fn lower_operands_together(&mut self) {
        let mut named: Vec<(&'static str, u8)> = Vec::new();
        for command in self.best.tasks.iter().flat_map(|task| &task.commands) {
            let (_, bytes) = command.encode();
            let kinds = command.spec().operands.iter().map(|operand| operand.what);
            named.extend(kinds.zip(bytes));
        }
        named.sort_unstable();
        named.dedup();
        for (what, byte) in named {
            for lower in 0..byte {
                let rename = |program: &mut Program| rename_operand(program, what, byte, lower);
                if self.attempt(rename, || format!("with {what} number {lower} for {byte} everywhere")) {
                    break;
                }
            }
        }
    }

    /// Gives one operand an earlier name.
    pub(super) fn lower_operands(&mut self) {
        for task in 0..self.best.tasks.len() {
            for at in 0..self.best.tasks[task].commands.len() {
                for operand in 0..OPERANDS_MAX {
                    self.lower_operand(task, at, operand);
                }
            }
        }
    }

    fn lower_operand(&mut self, task: usize, at: usize, operand: usize) {
        let (opcode, bytes) = self.best.tasks[task].commands[at].encode();
        for lower in 0..bytes[operand] {
            let mut bytes = bytes;
            bytes[operand] = lower;
            let Some(command) = Command::decode(opcode, &bytes) else { continue };
            let name = self.best.tasks[task].name;
            let set = |program: &mut Program| program.tasks[task].commands[at] = command;
            if self.attempt(set, || format!("with `{command}` as command {} of {name}", at + 1)) {
                return;
            }
        }
    }
}

fn rename_operand(program: &mut Program, what: &str, from: u8, to: u8) {
    for command in program.tasks.iter_mut().flat_map(|task| &mut task.commands) {
        let (opcode, mut bytes) = command.encode();
        for (byte, operand) in bytes.iter_mut().zip(command.spec().operands) {
            if operand.what == what && *byte == from {
                *byte = to;
            }
        }
        *command = Command::decode(opcode, &bytes).unwrap_or(*command);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::minimize::minimize;

    /// The commands that are left of one task, as long as `still_fails` says so of all of them.
    fn minimal(text: &str, still_fails: impl Fn(&[String]) -> bool) -> Vec<String> {
        let program = Program::parse(&format!("task user\n{text}"), "test").expect("it is a program");
        let commands = |program: &Program| -> Vec<String> {
            program.tasks.iter().flat_map(|task| &task.commands).map(ToString::to_string).collect()
        };
        commands(&minimize(&program, |program| still_fails(&commands(program))))
    }

    #[test]
    fn one_device_is_renamed_and_what_is_no_device_is_not() {
        let text = "devlink.get mlx5/0\ndevlink.port-get mlx5/0 1\ndevlink.get netdevsim/1\n";
        let left = minimal(text, |commands| match commands {
            [one, two, three] => {
                let device = one.rsplit(' ').next().unwrap_or_default();
                *two == format!("devlink.port-get {device} 1") && three == "devlink.get netdevsim/1"
            }
            _ => false,
        });
        assert_eq!(
            left,
            ["devlink.get netdevsim/0", "devlink.port-get netdevsim/0 1", "devlink.get netdevsim/1"]
        );
    }

    #[test]
    fn a_name_that_will_not_do_is_left_for_the_next_one() {
        let is_first = |command: &String| command.ends_with(" netdevsim/0");
        let one = minimal("devlink.get netdevsim/1\ndevlink.get netdevsim/1\n", |commands| {
            commands.len() == 2 && !is_first(&commands[0]) && commands[1].ends_with(" netdevsim/1")
        });
        assert_eq!(one[0], "devlink.get mlx5/0");
        let together = minimal("devlink.get netdevsim/1\ndevlink.get netdevsim/1\n", |commands| {
            commands.len() == 2 && !is_first(&commands[0]) && commands[1] == commands[0]
        });
        assert_eq!(together[0], "devlink.get mlx5/0");
    }

    #[test]
    fn a_task_runs_on_where_its_stop_is_not_needed() {
        let text = "task user\n  devlink.dump\n\nschedule\n  user until command:start #3\n";
        let program = Program::parse(text, "test").expect("it is a program");
        let left = minimize(&program, |program| program.schedule.len() == 1);
        assert_eq!(left.schedule[0].until, None);
    }
}
