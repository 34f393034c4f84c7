//! The corpus is proved: under the settled decisions no interleaving of its programs breaks an invariant.
//!
//! `cargo test` proves what takes fewer than [`PUSH`] executions and stops the others there; with `UNREG_THOROUGH=1` every
//! program of at most three tasks is proved to the end. A trial is one program: `cargo test --test prove -- mdev/create`.

mod walk;

use libtest_mimic::{Arguments, Trial};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use unreg::invariant::judge;
use unreg::program::Program;
use unreg::search::prove::{Explores, Prover};

/// The executions after which a program is left alone on every push.
const PUSH: u64 = 300;
/// The tasks that a program may have to be proved to the end.
const PROVED_TASKS_MAX: usize = 3;
/// The programs that are proved within [`PUSH`] executions: so many at least.
const AT_LEAST: usize = 200;

/// What interleavings of these programs break: questions to the settled decisions, or to the invariant. A row goes when it
/// is no longer so.
const BROKEN: &[(&str, &str)] = &[];

fn main() {
    let is_thorough = std::env::var_os("UNREG_THOROUGH").is_some_and(|value| !value.is_empty());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let proved = Arc::new(AtomicUsize::new(0));
    let trials = walk::corpus().into_iter().map(|(path, text)| {
        let name = path.strip_prefix(&root).expect("below the corpus").with_extension("");
        let name = name.to_str().expect("corpus names are ASCII").to_owned();
        let mut program = Program::parse(&text, &path.to_string_lossy()).expect("the corpus can be read");
        program.variants = program.variants.settled();
        let proved = proved.clone();
        let broken = BROKEN.iter().find(|(of, _)| *of == name).map(|(_, invariant)| *invariant);
        Trial::test(name, move || {
            let most = if is_thorough && program.tasks.len() <= PROVED_TASKS_MAX { u64::MAX } else { PUSH };
            let is_proved = match (prove(program, most), broken) {
                (Err(Broken { invariant, .. }), Some(known)) if invariant == known => return Ok(()),
                (Err(broken), _) => {
                    return Err(format!("{} is broken by\n{}", broken.invariant, broken.by).into());
                }
                (Ok(_), Some(known)) => return Err(format!("{known} is not broken: its row is to go").into()),
                (Ok(is_proved), None) => is_proved,
            };
            proved.fetch_add(usize::from(is_proved), Ordering::Relaxed);
            Ok(())
        })
    });
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials.collect());
    let proved = proved.load(Ordering::Relaxed);
    println!("{proved} programs are proved");
    conclusion.exit_if_failed();
    assert!(conclusion.num_filtered_out > 0 || proved >= AT_LEAST, "only {proved} programs are proved");
}

/// What a proof found.
struct Broken {
    invariant: &'static str,
    by: Box<Program>,
}

/// Runs the interleavings of a program, up to so many; says whether those were all, and none was cut off.
fn prove(program: Program, most: u64) -> Result<bool, Broken> {
    let mut prover = Prover::new(program.clone(), Explores::Reduced);
    while prover.progress().stats().executions < most {
        let Some(execution) = prover.step() else { break };
        if let Some(violation) = judge(execution.trace).first() {
            let by = Box::new(Program { schedule: execution.schedule, ..program });
            return Err(Broken { invariant: violation.invariant.name, by });
        }
    }
    Ok(prover.progress().is_proved())
}
