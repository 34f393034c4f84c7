//! The mutator of `unreg::target` behind AFL++'s C interface for custom mutators.
//!
//! `AFL_CUSTOM_MUTATOR_LIBRARY=…/libunreg_afl_mutator.so UNREG_TARGET=devlink cargo afl fuzz …`
//!
//! AFL++ calls from one thread and passes the state back that `afl_custom_init` returned. Nothing is refused: every
//! byte string is a program, so AFL's own stages may run beside this one.

mod trim;

use std::ffi::{c_char, c_int, c_uint, c_void};
use std::slice;
use trim::Trim;
use unreg::target::{Mutator, Scope, Way};

/// One call in so many, when AFL++ offers a second input, puts pieces of it into the first.
const CROSS_ONE_IN: u64 = 4;

/// The room behind what is handed over: AFL++ 4.40 writes where it takes a length field to be (its frame shift) without
/// asking how long the input is, up to the longest input it knows.
const ROOM: usize = (1 << 20) + 64;

/// What AFL++ keeps for us.
pub struct State {
    mutator: Mutator,
    random: fastrand::Rng,
    out: Vec<u8>,
    /// What was handed over last.
    handed: Box<[u8]>,
    trim: Trim,
}

impl State {
    /// The place and the length of what is handed over; it stays until the next call.
    fn hand_over(&mut self) -> (*const u8, usize) {
        let length = self.out.len().min(ROOM);
        self.handed[..length].copy_from_slice(&self.out[..length]);
        (self.handed.as_mut_ptr().cast_const(), length)
    }
}

/// Makes the state. `UNREG_TARGET` names the target; without it all commands are used.
#[unsafe(no_mangle)]
pub extern "C" fn afl_custom_init(_afl: *mut c_void, seed: c_uint) -> *mut State {
    let name = std::env::var("UNREG_TARGET").unwrap_or_else(|_| "mixed".to_owned());
    let scope = Scope::named(&name).unwrap_or_else(|| panic!("UNREG_TARGET: `{name}` is no target"));
    Box::into_raw(Box::new(State {
        mutator: Mutator::new(scope, unreg_fuzz::variants()).looking_ahead(unreg_fuzz::only(), seed.into()),
        random: fastrand::Rng::with_seed(seed.into()),
        out: Vec::new(),
        handed: vec![0; ROOM].into_boxed_slice(),
        trim: Trim::default(),
    }))
}

/// Mutates an input, or puts pieces of another one in.
///
/// # Safety
///
/// AFL++ passes its own state, its own buffers with their sizes, and a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afl_custom_fuzz(
    state: *mut State,
    buffer: *mut u8,
    size: usize,
    out: *mut *const u8,
    other: *const u8,
    other_size: usize,
    size_max: usize,
) -> usize {
    // SAFETY: see above.
    let (state, input) = unsafe { (&mut *state, slice::from_raw_parts(buffer, size)) };
    let seed = state.random.u64(..);
    if !other.is_null() && other_size > 0 && seed % CROSS_ONE_IN == 0 {
        // SAFETY: see above.
        let other = unsafe { slice::from_raw_parts(other, other_size) };
        state.mutator.crossover(input, other, size_max, seed, &mut state.out);
    } else {
        // AFL++ has stages of its own for the share that is left to the engine.
        let mut seeds = (0..).map(|more| seed.wrapping_add(more));
        while state.mutator.mutate(input, size_max.max(size), seeds.next().unwrap_or(0), &mut state.out)
            == Way::Engine
        {}
        state.out.truncate(size_max);
    }
    let (bytes, length) = state.hand_over();
    // SAFETY: `out` is AFL's; the bytes stay until the next call.
    unsafe { *out = bytes };
    length
}

/// Begins trimming an input, and says in how many steps at most.
///
/// # Safety
///
/// As [`afl_custom_fuzz`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afl_custom_init_trim(state: *mut State, buffer: *mut u8, size: usize) -> c_int {
    // SAFETY: see above.
    let (state, input) = unsafe { (&mut *state, slice::from_raw_parts(buffer, size)) };
    state.trim = Trim::new(input);
    state.trim.steps()
}

/// The input without one more part.
///
/// # Safety
///
/// As [`afl_custom_fuzz`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afl_custom_trim(state: *mut State, out: *mut *const u8) -> usize {
    // SAFETY: see above.
    let state = unsafe { &mut *state };
    state.out = state.trim.next();
    let (bytes, length) = state.hand_over();
    // SAFETY: see above; the bytes stay until the next call.
    unsafe { *out = bytes };
    length
}

/// Takes note of whether the smaller input was as good, and says at which step trimming is.
///
/// # Safety
///
/// As [`afl_custom_fuzz`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afl_custom_post_trim(state: *mut State, success: u8) -> c_int {
    // SAFETY: see above.
    unsafe { &mut *state }.trim.answer(success != 0)
}

/// What the queue calls inputs that this mutator made.
#[unsafe(no_mangle)]
pub extern "C" fn afl_custom_describe(_state: *mut State, _length: usize) -> *const c_char {
    c"unreg".as_ptr()
}

/// Takes the state back, and says on standard error how many programs the mutator ran itself.
///
/// # Safety
///
/// As [`afl_custom_fuzz`]; the state is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afl_custom_deinit(state: *mut State) {
    // SAFETY: it is the box that `afl_custom_init` gave away.
    let state = unsafe { Box::from_raw(state) };
    // AFL's own count of runs knows nothing of them.
    eprintln!("unreg: the mutator ran {} programs", state.mutator.runs());
}
