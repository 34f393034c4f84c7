//! What no listener sees: small programs, each with its whole trace, locks, references and what is at rest included.
//!
//! `corpus/` says what users see. What is pinned here differs in the kernel alone: which lock a lookup takes and how often,
//! which object a reference keeps, which driver is not called. A trace is in the file beside its program;
//! `cargo insta review` shows one that changed.

use std::fs;
use std::path::Path;
use unreg::event::print::Detail;
use unreg::program::{Program, text};
use unreg::run::Machine;

#[test]
fn each_program_has_its_trace() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces");
    let mut machine = Machine::default();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for entry in walkdir::WalkDir::new(&folder).sort_by_file_name() {
        let path = entry.expect("the folder can be read").into_path();
        if path.extension().is_none_or(|extension| extension != "prog") {
            continue;
        }
        let written = fs::read_to_string(&path).expect("it is a text");
        assert_eq!(text::format::format(&written), written, "`unreg fmt {}` changes it", path.display());
        let program =
            Program::parse(&written, &path.to_string_lossy()).unwrap_or_else(|errors| panic!("{errors}"));
        let trace = program.stream(machine.run(&program), Detail::Trace);
        let name = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
        settings.bind(|| insta::assert_snapshot!(name, trace));
    }
}
