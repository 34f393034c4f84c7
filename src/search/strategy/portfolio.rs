//! A portfolio: every other strategy has a share of the runs, and shares move to what pays.
//!
//! A run pays if it reaches a new lasting state or breaks an invariant. What paid long ago counts less and less, because
//! what one strategy finds at first is soon known to all.

use super::{ALL, PORTFOLIO, Strategy, any, weighed};
use crate::program::{Program, Segment};
use crate::run::Machine;
use fastrand::Rng;

/// After so many runs of one strategy its figures are halved.
const REMEMBERED: u32 = 1 << 10;

/// Of so many runs one goes to any strategy, whatever it paid.
const ANY: u32 = 5;

/// A strategy of the portfolio, and what it did.
#[derive(Debug)]
struct Part {
    strategy: Box<dyn Strategy>,
    runs: u32,
    paid: u32,
}

impl Part {
    /// How often a run pays, in parts of a million: one in two before anything is known.
    fn pays(&self) -> u32 {
        (self.paid + 1) * 1_000_000 / (self.runs + 2)
    }
}

/// The strategies, and which of them drew last.
#[derive(Debug)]
pub(super) struct Portfolio {
    parts: Vec<Part>,
    last: usize,
}

impl Default for Portfolio {
    fn default() -> Self {
        let others = ALL.iter().filter(|spec| spec.name != PORTFOLIO.name);
        Portfolio {
            parts: others.map(|spec| Part { strategy: (spec.new)(), runs: 0, paid: 0 }).collect(),
            last: 0,
        }
    }
}

impl Portfolio {
    /// The part that draws next: each by how often it pays.
    fn choose(&self, random: &mut Rng) -> usize {
        let all = (1 << self.parts.len()) - 1;
        let chosen = if random.u32(0..ANY) == 0 {
            any(random, all)
        } else {
            weighed(random, all, |part| self.parts[part].pays())
        };
        usize::from(chosen.expect("there are other strategies"))
    }
}

impl Strategy for Portfolio {
    fn run(&mut self, machine: &mut Machine, program: &Program, seed: u64) -> Vec<Segment> {
        let mut random = Rng::with_seed(seed);
        self.last = self.choose(&mut random);
        self.parts[self.last].strategy.run(machine, program, random.u64(..))
    }

    fn learn(&mut self, pays: bool) {
        let part = &mut self.parts[self.last];
        part.runs += 1;
        part.paid += u32::from(pays);
        if part.runs == REMEMBERED {
            part.runs /= 2;
            part.paid /= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_move_to_what_pays() {
        let mut portfolio = Portfolio::default();
        let mut random = Rng::with_seed(1);
        let mut counts = vec![0; portfolio.parts.len()];
        for run in 0..6_000 {
            portfolio.last = portfolio.choose(&mut random);
            counts[portfolio.last] += u32::from(run >= 3_000);
            portfolio.learn(portfolio.last == 2);
        }
        assert!(counts[2] > 2_000, "{counts:?}");
        assert!(counts.iter().all(|count| *count > 50), "each goes on to be tried: {counts:?}");
        // What paid does not pay any more, and another does.
        counts.fill(0);
        for run in 0..12_000 {
            portfolio.last = portfolio.choose(&mut random);
            counts[portfolio.last] += u32::from(run >= 9_000);
            portfolio.learn(portfolio.last == 4);
        }
        assert!(counts[4] > 2_000, "{counts:?}");
    }
}
