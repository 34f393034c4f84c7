//! States of the simulated kernel as coverage counters, beside the edges of the code.
//!
//! libFuzzer takes the section below for counters like those of the compiler: it clears them before each run and keeps an
//! input that sets one for the first time. So a corpus keeps what reaches a new state by known code. Nothing is made
//! up: a counter is set if and only if the run was in a lasting state of that number. States beyond the size of the map
//! share counters, which loses some and invents none.

use std::sync::atomic::{AtomicU8, Ordering};

/// How many counters there are. An hour of a target reaches some ten thousand lasting states; the engine clears and reads
/// all of them in each run, which takes microseconds.
pub const COUNTERS: usize = 1 << 15;

// SAFETY: the section holds bytes only, which is all that the engine and this module take it for.
#[cfg_attr(
    all(fuzzing, feature = "libfuzzer", target_os = "linux"),
    unsafe(link_section = "__libfuzzer_extra_counters")
)]
static REACHED: [AtomicU8; COUNTERS] = [const { AtomicU8::new(0) }; COUNTERS];

/// Counts a state.
pub fn reached(state: u64) {
    REACHED[index(state)].store(1, Ordering::Relaxed);
}

/// The counter of a state.
pub fn index(state: u64) -> usize {
    (state.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % COUNTERS
}
