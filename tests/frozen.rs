//! Old inputs still mean what they meant: `tests/frozen/` has inputs as engines and people kept them and the programs
//! that they were when the folder was made. It grows and never changes: `tests/golden/inputs.txt` names every file by
//! its hash.
//!
//! A new command, operand's word, point, variant or invariant gets a number or a name that meant nothing before. So
//! records decode as they did, and of a text what has a meaning is kept.

mod kept;
mod walk;

use kept::agree;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::PathBuf;
use unreg::program::{Program, record};
use unreg::run::Machine;

/// Returns every file of the folder, by its name there.
fn files() -> impl Iterator<Item = (String, PathBuf)> {
    let name =
        |path: &PathBuf| path.file_name().and_then(|name| name.to_str()).expect("names are ASCII").to_owned();
    walk::files(&walk::folder("tests/frozen")).into_iter().map(move |path| (name(&path), path))
}

#[test]
fn no_old_input_is_lost_or_changed() {
    let hash = |path| hex::encode(Sha256::digest(fs::read(path).expect("it can be read")));
    let due: Vec<_> = files().map(|(name, path)| format!("{}  {name}", hash(path))).collect();
    agree("inputs.txt", &due);
}

#[test]
fn every_old_input_means_what_it_meant() {
    let mut machine = Machine::default();
    let inputs = walk::names(&walk::folder("tests/frozen"), "input");
    let programs = walk::names(&walk::folder("tests/frozen"), "prog");
    walk::agree(&inputs, &programs, ["an input", "a program"]);
    for name in inputs {
        let read = |extension| fs::read(walk::folder("tests/frozen").join(format!("{name}.{extension}")));
        let bytes = read("input").expect("it can be read");
        let meant = String::from_utf8(read("prog").expect("it can be read")).expect("programs are text");
        let program = Program::from_bytes(&bytes);
        // What is printed may get another form; what it says may not.
        let then = Program::parse(&meant, &name).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(program, then, "{name} no longer means\n{meant}but\n{program}");
        assert_eq!(record::decode(&record::encode(&program)), program, "{name}");
        machine.run(&program);
    }
}
