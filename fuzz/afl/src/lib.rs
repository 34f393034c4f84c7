//! The targets of `fuzz/` under AFL++: the same bodies in its persistent loop, and the same states as coverage.

use std::cell::Cell;
use unreg::program::Variants;
use unreg::target::{Mutator, Scope};
use unreg_fuzz::Case;

/// How many lasting states have a place of their own in AFL's map, as many as libFuzzer has counters.
const STATES: usize = unreg_fuzz::states::COUNTERS;

/// Guards like those that the compiler makes for edges: AFL's runtime gives each a place in its map.
static mut GUARDS: [u32; STATES] = [0; STATES];

unsafe extern "C" {
    // Both are part of AFL's runtime, which every binary that `cargo afl` builds is linked with.
    fn __sanitizer_cov_trace_pc_guard_init(start: *mut u32, stop: *mut u32);
    fn __sanitizer_cov_trace_pc_guard(guard: *mut u32);
}

/// Asks for the places before `main`, as the compiler's own constructors do: afterwards the map has its size.
#[used]
// SAFETY: the loader calls what is in this section once, before there is another thread.
#[unsafe(link_section = ".init_array")]
static ASK: unsafe extern "C" fn() = {
    unsafe extern "C" fn ask() {
        let guards = (&raw mut GUARDS).cast::<u32>();
        // SAFETY: the two pointers are the ends of the array, and nothing else uses it yet.
        unsafe { __sanitizer_cov_trace_pc_guard_init(guards, guards.add(STATES)) }
    }
    ask
};

thread_local! {
    /// The number of this run, and the run in which each state was counted last: once a run, not once an event.
    static RUN: Cell<u32> = const { Cell::new(0) };
    static COUNTED: [Cell<u32>; STATES] = const { [const { Cell::new(0) }; STATES] };
}

/// Counts a state.
fn reached(state: u64) {
    let index = unreg_fuzz::states::index(state);
    let run = RUN.get();
    if COUNTED.with(|counted| counted[index].replace(run)) != run {
        // SAFETY: the index is below the length, the runtime was given the array, and targets have one thread.
        unsafe { __sanitizer_cov_trace_pc_guard((&raw mut GUARDS).cast::<u32>().add(index)) }
    }
}

/// A target that runs programs.
pub fn programs(scope: Scope) {
    let body = unreg_fuzz::run_and_tell(scope, reached);
    warm_up(scope, &body);
    let nothing = Case::new(Vec::new());
    fuzz(move |case| {
        RUN.set(RUN.get().wrapping_add(1));
        body(case);
        // The machine ends as it began, so that no run depends on which one was before it.
        body(&nothing);
    });
}

/// Programs that are run before the fork server starts. The machine keeps its memory from run to run, and code that makes it
/// grow must not tell one run of an input from the next.
const WARM_UP: u64 = 10_000;

/// Runs what the mutator makes up; under flawed decisions nothing, since that would end here.
fn warm_up(scope: Scope, body: impl Fn(&Case)) {
    if unreg_fuzz::variants() != Variants::default() {
        return;
    }
    let mut mutator = Mutator::new(scope, Variants::default());
    let (mut bytes, mut many) = (Vec::new(), Vec::new());
    for seed in 0..WARM_UP {
        let input = if seed % 8 == 0 { Vec::new() } else { bytes.clone() };
        mutator.mutate(&input, 2048, seed, &mut bytes);
        body(&Case::new(bytes.clone()));
        // Many programs in one are as long as programs get.
        many.extend_from_slice(&bytes);
        if seed % 16 == 0 {
            body(&Case::new(std::mem::take(&mut many)));
        }
    }
}

/// Runs a body in AFL's loop.
pub fn fuzz(body: impl Fn(&Case) + std::panic::RefUnwindSafe) {
    // What is made once is made before the fork server starts, so that no run differs from the next.
    body(&Case::new(Vec::new()));
    afl::fuzz(true, |bytes| body(&Case::new(bytes.to_vec())));
}
