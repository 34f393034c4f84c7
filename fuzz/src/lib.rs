//! Glue between fuzz engines and `unreg::target`: how bytes become a case, and one machine for all cases.

use std::cell::RefCell;
use std::fmt;
use unreg::program::Program;
use unreg::run::Machine;
use unreg::target::{self, Scope};

pub use libfuzzer_sys;

/// A case: bytes in either form, whose `Debug` is the program as text, so that a crash and `cargo fuzz fmt`
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

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", Program::from_bytes(&self.0))
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

struct Engine {
    machine: Machine,
    /// The invariants that count; all if it names none. Stock minimisers cannot drift to another then.
    only: Vec<String>,
}

thread_local! {
    static ENGINE: RefCell<Engine> = RefCell::new(Engine {
        machine: Machine::default(),
        only: std::env::var("UNREG_ONLY").map_or_else(|_| Vec::new(), |names| split(&names)),
    });
}

fn split(names: &str) -> Vec<String> {
    let names: Vec<_> =
        names.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    for name in &names {
        assert!(unreg::invariant::named(name).is_some(), "UNREG_ONLY: `{name}` is no invariant");
    }
    names
}

/// The body of a target that runs programs.
pub fn run(scope: Scope) -> impl Fn(&Case) {
    move |case| {
        ENGINE.with_borrow_mut(|engine| {
            target::check(&mut engine.machine, scope, &Program::from_bytes(case.bytes()), &engine.only);
        });
    }
}

/// The body of the target that reads and writes programs.
pub fn text() -> impl Fn(&Case) {
    |case| target::check_text(case.bytes())
}

/// A target: libFuzzer's entry under cargo-fuzz; otherwise a program that runs the files it is given.
#[macro_export]
macro_rules! target {
    ($body:expr) => {
        #[cfg(fuzzing)]
        $crate::libfuzzer_sys::fuzz_target!(|case: $crate::Case| { $body(&case) });

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
