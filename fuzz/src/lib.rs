//! Glue between fuzz engines and `unreg::target`: how bytes become a case, one target for all cases, and its states as
//! coverage.

#[cfg(feature = "libfuzzer")]
mod library;
pub mod states;

use std::cell::RefCell;
use std::fmt;
use std::sync::OnceLock;
use unreg::invariant;
use unreg::program::{Program, Variants};
use unreg::run::Machine;
use unreg::target::{self, Mutator, Scope, Target, Way};

#[cfg(feature = "libfuzzer")]
pub use libfuzzer_sys;

/// A case: bytes in either form, whose `Debug` is the program that runs as text, so that a crash and `cargo fuzz fmt`
/// print something to read and to keep.
#[derive(Clone)]
pub struct Case(Vec<u8>);

impl Case {
    /// A case of these bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Case(bytes)
    }

    /// The bytes as the engine has them.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The target of this process, once it is known; none if it runs no programs.
static SCOPE: OnceLock<Scope> = OnceLock::new();

/// Has cases print as this target runs them.
pub fn prints_as(scope: Scope) {
    SCOPE.get_or_init(|| scope);
}

/// The program that a target runs: of the input's commands its own, under the decisions of the environment.
pub fn ran(bytes: &[u8], scope: Option<Scope>, variants: Variants) -> Program {
    let mut program = Program::from_bytes(bytes);
    if let Some(scope) = scope {
        scope.narrow(&mut program, variants);
    }
    program
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", ran(&self.0, SCOPE.get().copied(), variants()))
    }
}

impl<'a> arbitrary::Arbitrary<'a> for Case {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Case(u.bytes(u.len())?.to_owned()))
    }

    fn arbitrary_take_rest(u: arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Case(u.take_rest().to_owned()))
    }
}

/// What one process runs: one target, and a mutator for it.
struct Engine {
    target: Target,
    mutator: Mutator,
    bytes: Vec<u8>,
    /// `UNREG_MUTATOR`: a mutator that looks ahead, in place of our own where nothing is to shrink. The first mutation
    /// looks for it, which knows the engine's seed.
    #[cfg(feature = "libfuzzer")]
    ahead: Option<Option<library::Loaded>>,
    /// `UNREG_EMPTY`: runs nothing, to measure what the engine alone takes.
    empty: bool,
    /// `UNREG_STATES=no`: the engine is not told of states, to measure what they are worth.
    states: bool,
}

thread_local! {
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
}

fn with<T>(scope: Scope, use_it: impl FnOnce(&mut Engine) -> T) -> T {
    let new = || {
        let variants = variants();
        Engine {
            target: Target::new(scope, variants, only()),
            mutator: Mutator::new(scope, variants),
            bytes: Vec::new(),
            #[cfg(feature = "libfuzzer")]
            ahead: None,
            empty: std::env::var_os("UNREG_EMPTY").is_some(),
            states: std::env::var("UNREG_STATES").as_deref() != Ok("no"),
        }
    };
    ENGINE.with_borrow_mut(|engine| use_it(engine.get_or_insert_with(new)))
}

/// The words of a variable, by commas.
fn words(variable: &str) -> Vec<String> {
    let text = std::env::var(variable).unwrap_or_default();
    text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

/// `UNREG_ONLY`: the invariants that count; all if it names none.
pub fn only() -> Vec<&'static str> {
    let named = |name: &String| match invariant::named(name) {
        Some(invariant) => invariant.name,
        None => panic!("UNREG_ONLY: `{name}` is no invariant"),
    };
    words("UNREG_ONLY").iter().map(named).collect()
}

/// `UNREG_VARIANT`: flawed decisions to run under; the settled ones if it names none.
pub fn variants() -> Variants {
    let named = |name: &String| match Variants::parse(name) {
        Ok(variants) => variants.with_companions(),
        Err(_) => panic!("UNREG_VARIANT: `{name}` is no variant"),
    };
    words("UNREG_VARIANT").iter().map(named).fold(Variants::default(), Variants::union)
}

#[cfg(feature = "libfuzzer")]
impl Engine {
    /// `UNREG_MUTATOR`: the library to take mutations from, if it names one.
    fn ahead(&mut self, seed: u32) -> Option<&mut library::Loaded> {
        let load = || {
            let file = std::env::var_os("UNREG_MUTATOR").filter(|file| !file.is_empty())?;
            let loaded = library::Loaded::new(&file, seed);
            Some(loaded.unwrap_or_else(|error| panic!("UNREG_MUTATOR: {}: {error}", file.display())))
        };
        self.ahead.get_or_insert_with(load).as_mut()
    }
}

/// The body of a target that runs programs.
pub fn run(scope: Scope) -> impl Fn(&Case) {
    run_and_tell(scope, states::reached)
}

/// The same, and calls a function with each lasting state that a run reaches.
pub fn run_and_tell(scope: Scope, reached: fn(u64)) -> impl Fn(&Case) {
    move |case| {
        with(scope, |engine| {
            if !engine.empty {
                let reached = if engine.states { reached } else { drop };
                engine.target.check(&Program::from_bytes(case.bytes()), reached);
            }
        });
    }
}

/// The body of the target that reads and writes programs.
pub fn text() -> impl Fn(&Case) {
    |case| target::check_text(case.bytes())
}

/// The body of the target that reads a real kernel's messages.
pub fn linux() -> impl Fn(&Case) {
    |case| target::check_linux(case.bytes())
}

/// The body of the target that minimises a corpus and a program.
pub fn minimize() -> impl Fn(&Case) {
    thread_local! {
        static MACHINE: RefCell<Machine> = RefCell::default();
    }
    |case| MACHINE.with_borrow_mut(|machine| target::check_minimize(machine, case.bytes()))
}

/// One call in so many is left to libFuzzer by a mutator that looks ahead, which itself leaves none, as by our own.
#[cfg(feature = "libfuzzer")]
const LIBFUZZER_ONE_IN: u32 = 8;

/// Changes `data`, of which the first `size` bytes are an input, and says how long it is now; `engine` is the engine's
/// own mutator.
pub fn mutate(
    scope: Scope,
    data: &mut [u8],
    size: usize,
    size_max: usize,
    seed: u32,
    engine: impl FnOnce(&mut [u8], usize, usize) -> usize,
) -> usize {
    let answered = with(scope, |own| {
        if own.empty {
            return None;
        }
        #[cfg(feature = "libfuzzer")]
        if let Some(ahead) = own.ahead(seed).filter(|_| size <= size_max) {
            let ours = !seed.is_multiple_of(LIBFUZZER_ONE_IN);
            return ours.then(|| copy(ahead.mutate(&data[..size], None, size_max), data));
        }
        let way = own.mutator.mutate(&data[..size], size_max, seed.into(), &mut own.bytes);
        (way != Way::Engine).then(|| copy(&own.bytes, data))
    });
    answered.unwrap_or_else(|| engine(data, size, size_max))
}

/// Puts pieces of one input into another.
pub fn crossover(scope: Scope, input: &[u8], other: &[u8], out: &mut [u8], seed: u32) -> usize {
    with(scope, |own| {
        if own.empty {
            return copy(&input[..input.len().min(out.len())], out);
        }
        #[cfg(feature = "libfuzzer")]
        if let Some(ahead) = own.ahead(seed) {
            return copy(ahead.mutate(input, Some(other), out.len()), out);
        }
        own.mutator.crossover(input, other, out.len(), seed.into(), &mut own.bytes);
        copy(&own.bytes, out)
    })
}

fn copy(bytes: &[u8], out: &mut [u8]) -> usize {
    out[..bytes.len()].copy_from_slice(bytes);
    bytes.len()
}

/// What ASan does unless `ASAN_OPTIONS` says otherwise: what was freed waits in 16 MB instead of 256, so that a target takes
/// a fraction of the memory however it is started.
pub const ASAN_OPTIONS: &std::ffi::CStr = c"quarantine_size_mb=16";

/// A target: libFuzzer's entry under cargo-fuzz; otherwise a program that runs the files it is given.
#[macro_export]
macro_rules! target {
    ($body:expr) => {
        $crate::target!($body, ());
    };
    ($body:expr, $init:expr) => {
        #[cfg(fuzzing)]
        $crate::libfuzzer_sys::fuzz_target!(init: $init, |case: $crate::Case| { $body(&case) });

        /// ASan asks for this before it reads its own variable.
        #[cfg(fuzzing)]
        #[unsafe(no_mangle)]
        extern "C" fn __asan_default_options() -> *const std::ffi::c_char {
            $crate::ASAN_OPTIONS.as_ptr()
        }

        #[cfg(not(fuzzing))]
        fn main() -> std::io::Result<()> {
            std::env::args_os().skip(1).try_for_each(|file| {
                $body(&$crate::Case::new(std::fs::read(&file)?));
                println!("{}: clean", file.display());
                Ok(())
            })
        }
    };
}

/// A target that runs programs, with a mutator that knows them.
#[macro_export]
macro_rules! programs {
    ($scope:expr) => {
        $crate::target!($crate::run($scope), $crate::prints_as($scope));

        #[cfg(fuzzing)]
        $crate::libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::mutate($scope, data, size, max_size, seed, $crate::libfuzzer_sys::fuzzer_mutate)
        });

        #[cfg(fuzzing)]
        $crate::libfuzzer_sys::fuzz_crossover!(|one: &[u8], other: &[u8], out: &mut [u8], seed: u32| {
            $crate::crossover($scope, one, other, out, seed)
        });
    };
}
