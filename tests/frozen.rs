//! Old inputs still mean what they meant: `tests/frozen/` has inputs as engines and people kept them and the programs
//! that they were when the folder was made. It grows and never changes.
//!
//! Whoever adds a command, an operand's word, a point, a variant or an invariant gives it a number or a name that meant
//! nothing before. So records decode as they did, and of a text what has a meaning is kept.

use std::fs;
use std::path::Path;
use unreg::program::{Program, record};
use unreg::run::Machine;

#[test]
fn every_old_input_means_what_it_meant() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frozen");
    let (mut records, mut texts) = (0, 0);
    let mut machine = Machine::default();
    for entry in fs::read_dir(&folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.extension().is_none_or(|extension| extension != "input") {
            continue;
        }
        let bytes = fs::read(&path).expect("it can be read");
        let meant = fs::read_to_string(path.with_extension("prog")).expect("each input has its program");
        let program = Program::from_bytes(&bytes);
        let name = path.file_stem().expect("it has a name").to_string_lossy();
        // What is printed may get another form; what it says may not.
        let then = Program::parse(&meant, &name).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(program, then, "{name} no longer means\n{meant}but\n{program}");
        assert_eq!(record::decode(&record::encode(&program)), program, "{name}");
        machine.run(&program);
        if name.starts_with("text-") { texts += 1 } else { records += 1 }
    }
    assert!(records >= 30 && texts >= 3, "{records} records and {texts} texts are left");
}
