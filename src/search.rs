//! Searching: programs are made, changed and run, and those that reach something new are kept.
//!
//! Nothing here knows a command or an invariant by name: commands come from their table, what is new is read
//! off the events, and every invariant is judged after every run. A search is a function of its seed.

pub mod corpus;
pub mod coverage;
pub mod generate;
pub mod hunt;
pub mod mutate;
pub mod novelty;
pub mod prove;
pub mod sequence;
pub mod strategy;

pub use corpus::Corpus;
pub use generate::Alphabet;
pub use hunt::{Finding, Hunt, Options, SECOND_OPINION, Stats};
pub use mutate::{cross, mutate, reschedule, trim};
pub use novelty::{Novelty, Reached, States};
pub use sequence::Sequences;
pub use strategy::Strategy;
