//! The walk: a task runs for a random number of points, then any task that can.

use super::Strategy;
use crate::program::{Program, Segment};
use crate::run::Machine;

/// The scheduler's own walk, which costs no chooser.
#[derive(Debug)]
pub(super) struct Walk;

impl Strategy for Walk {
    fn run(&mut self, machine: &mut Machine, program: &Program, seed: u64) -> Vec<Segment> {
        machine.walk(program, seed).1
    }
}
