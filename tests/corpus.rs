//! Every corpus file is a test: it runs, breaks exactly what it expects to break, and matches its snapshot.
//!
//! A file that names flawed variants is run a second time under the settled decisions, where it must be clean: the
//! same program, the same schedule, and only the argued decision differs. Filter by name: `cargo test --test corpus
//! -- devlink/reload`. Every file of `corpus/` is one, and every snapshot has its file.

mod walk;

use libtest_mimic::{Arguments, Failed, Trial};
use std::path::Path;
use unreg::event::print::Detail;
use unreg::invariant::{self, Violation};
use unreg::program::Program;
use unreg::run::Machine;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let trials = walk::corpus().into_iter().map(|(path, text)| {
        let name = path.strip_prefix(root.join("corpus")).expect("below the corpus").with_extension("");
        let name = name.to_str().expect("corpus names are ASCII").to_owned();
        Trial::test(name.clone(), move || check(root, &path, &text, &name))
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}

fn check(root: &Path, path: &Path, text: &str, name: &str) -> Result<(), Failed> {
    let program = Program::parse(text, &path.to_string_lossy()).map_err(|errors| errors.to_string())?;
    let mut machine = Machine::default();
    let (stream, broken) = run(&mut machine, &program);
    let expected: Vec<_> = program.expected().map(|invariant| invariant.name).collect();
    let broken: Vec<_> = broken.iter().map(|violation| violation.invariant.name).collect();
    if broken != expected {
        return Err(format!("expected {expected:?} to break, and {broken:?} did\n{stream}").into());
    }

    let dead: Vec<String> = program
        .dead_segments(machine.run(&program))
        .map(|(index, segment, end)| format!("segment {} is dead, `{segment}`: {end}", index + 1))
        .collect();
    if !dead.is_empty() {
        return Err(dead.join("\n").into());
    }

    let mut snapshot = stream;
    let settled = Program { variants: program.variants.settled(), ..program.clone() };
    if settled.variants != program.variants {
        let (stream, broken) = run(&mut machine, &settled);
        if let Some(violation) = broken.first() {
            let invariant = violation.invariant.name;
            return Err(format!("the settled decisions break {invariant} too\n{stream}").into());
        }
        snapshot.push_str(&format!("\n# the same program under {}\n{stream}", settled.variants));
    }
    matches(root, path, name, &snapshot);
    Ok(())
}

/// The stream and the verdict of a program, as its snapshot holds them.
fn run(machine: &mut Machine, program: &Program) -> (String, Vec<Violation>) {
    let trace = machine.run(program);
    let violations = invariant::judge(trace);
    let mut stream = program.stream(trace, Detail::Stream);
    for violation in &violations {
        let event = trace.events[violation.at];
        let invariant = violation.invariant.name;
        let task = trace.name(event.task);
        let what = event.what.to_string().replace(", at ", "\n#     at ");
        stream.push_str(&format!("# broken: {invariant}\n#   by {task}: {} {what}\n", event.what.verb()));
    }
    if violations.is_empty() {
        stream.push_str("# clean\n");
    }
    (stream, violations)
}

fn matches(root: &Path, path: &Path, name: &str, snapshot: &str) {
    let (folder, name) = name.rsplit_once('/').unwrap_or(("", name));
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root.join("snapshots").join(folder));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_input_file(path.strip_prefix(root).expect("below the root"));
    settings.bind(|| insta::assert_snapshot!(name, snapshot));
}
