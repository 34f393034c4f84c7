//! Trimming for AFL++: the input without one command or segment after the other, as long as its coverage stays.

use unreg::program::{Program, record};

/// An input that is being trimmed.
#[derive(Default)]
pub struct Trim {
    program: Program,
    /// Which part is left out next, of the segments and then the commands, from the end on.
    left: usize,
    step: i32,
    steps: i32,
}

impl Trim {
    /// Begins; takes no step with an input that its records would make longer, which AFL++ does not allow.
    pub fn new(input: &[u8]) -> Self {
        let program = Program::from_bytes(input);
        let parts = program.schedule.len() + program.commands();
        let longer = record::encode(&program).len() > input.len();
        let parts = if longer { 0 } else { parts };
        Trim { program, left: parts, step: 0, steps: parts as i32 }
    }

    /// How many steps there are.
    pub fn steps(&self) -> i32 {
        self.steps
    }

    /// The bytes without the part that is next.
    pub fn next(&self) -> Vec<u8> {
        record::encode(&self.candidate())
    }

    /// Keeps what was left out last away, or puts it back; gives the number of the next step.
    pub fn answer(&mut self, kept: bool) -> i32 {
        if kept {
            self.program = self.candidate();
        }
        self.left = self.left.saturating_sub(1);
        self.step += 1;
        self.step
    }

    fn candidate(&self) -> Program {
        let mut program = self.program.clone();
        let Some(mut at) = self.left.checked_sub(1) else { return program };
        let commands = program.commands();
        if at >= commands {
            program.schedule.remove(at - commands);
            return program;
        }
        for task in &mut program.tasks {
            if at < task.commands.len() {
                task.commands.remove(at);
                break;
            }
            at -= task.commands.len();
        }
        program.tasks.retain(|task| !task.commands.is_empty());
        program
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_needed_is_left_out() {
        let text = "task probe\n  driver.probe mlx5/0\n  devlink.dump\ntask user\n  devlink.reload mlx5/0\n\
                    schedule\n  probe\n  user\n";
        let program = Program::parse(text, "test").unwrap_or_else(|errors| panic!("{errors}"));
        let input = record::encode(&program);
        let mut trim = Trim::new(&input);
        let mut best = input;
        let mut steps = 0;
        while steps < trim.steps() {
            let bytes = trim.next();
            assert!(bytes.len() < best.len());
            let good = Program::from_bytes(&bytes).to_string().contains("devlink.reload");
            steps = trim.answer(good);
            best = if good { bytes } else { best };
        }
        assert_eq!(Program::from_bytes(&best).to_string(), "task user\n  devlink.reload mlx5/0\n");
    }
}
