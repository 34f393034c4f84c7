//! `-` stands for standard input and output wherever a file is taken, and a folder for the programs in it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const UNUSUAL: &str = "task   probe\n driver.probe   netdevsim/0\n";
const USUAL: &str = "task probe\n  driver.probe netdevsim/0\n";
const BREAKS: &str = "variant devlink early-register\nexpect visible-implies-ready\n\ntask probe\n  driver.probe netdevsim/0\ntask user\n  \
                      devlink.eswitch-set netdevsim/0 switchdev\n\nschedule\n  probe until driver_probe:init\n  user\n";

fn unreg(folder: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unreg"));
    command.current_dir(folder).args(arguments).env_remove("UNREG_VARIANT").env_remove("UNREG_ONLY");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("unreg starts");
    child.stdin.take().expect("it is piped").write_all(input).expect("unreg reads all of it");
    child.wait_with_output().expect("unreg ends")
}

/// What it prints, if it ends with this code.
fn said(folder: &Path, arguments: &[&str], input: &[u8], code: i32) -> Vec<u8> {
    let output = unreg(folder, arguments, input);
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {why}");
    output.stdout
}

fn text(folder: &Path, arguments: &[&str], input: &str, code: i32) -> String {
    String::from_utf8(said(folder, arguments, input.as_bytes(), code)).expect("it is text")
}

/// Two programs, one of them in a folder below.
fn programs() -> TempDir {
    let folder = tempfile::tempdir().expect("there is room");
    fs::create_dir_all(folder.path().join("all/below")).unwrap();
    fs::write(folder.path().join("all/usual.prog"), USUAL).unwrap();
    fs::write(folder.path().join("all/below/breaks.prog"), BREAKS).unwrap();
    fs::write(folder.path().join("all/notes.txt"), "no program").unwrap();
    folder
}

#[test]
fn a_dash_is_standard_input_and_output() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    assert_eq!(text(at, &["fmt", "-"], UNUSUAL, 0), USUAL);
    assert_eq!(text(at, &["fmt", "-"], USUAL, 0), USUAL, "it prints what is in the usual form already");
    assert_eq!(text(at, &["fmt", "--check", "-"], UNUSUAL, 1), "standard input would change\n");
    let records = said(at, &["encode", "-"], USUAL.as_bytes(), 0);
    assert_eq!(records, said(at, &["encode", "-", "-o", "-"], USUAL.as_bytes(), 0));
    assert_eq!(String::from_utf8(said(at, &["decode", "-", "-o", "-"], &records, 0)).unwrap(), USUAL);
    assert!(text(at, &["run", "-"], BREAKS, 0).contains("breaks visible-implies-ready, as expected"));
    assert!(text(at, &["diff", "-"], BREAKS, 1).contains("after, settled"));
    assert!(text(at, &["report", "-", "--as", "svg", "-o", "-"], BREAKS, 0).starts_with("<svg"));
    assert!(
        text(at, &["export", "-", "--to", "rust", "-o", "-"], BREAKS, 0)
            .contains("fn reproduces_standard_input()")
    );
    assert!(
        text(at, &["minimize", "-", "-o", "-"], BREAKS, 0).starts_with("variant devlink early-register\n")
    );
    assert!(text(at, &["prove", "-", "--settled", "--executions", "9"], BREAKS, 0).contains("proved"));
    assert_eq!(text(at, &["promote", "-", "new/it-breaks.prog"], BREAKS, 0).lines().count(), 1);
    let left: Vec<_> = at.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["new"], "no file is called `-`");
}

#[test]
fn a_folder_is_the_programs_in_it() {
    let folder = programs();
    let at = folder.path();
    let both = |text: &str| text.contains("all/below/breaks.prog") && text.contains("all/usual.prog");
    assert!(both(&text(at, &["run", "all"], "", 0)));
    assert!(both(&text(at, &["prove", "all", "--settled"], "", 0)));
    assert!(both(&text(at, &["diff", "all"], "", 1)));
    assert!(
        text(at, &["diff", "all", "--as", "markdown"], "", 1).starts_with("# all/below/breaks.prog\n\n| ")
    );
    text(at, &["export", "--to", "kselftest", "all", "-o", "tests"], "", 0);
    text(at, &["report", "all", "--as", "itf", "-o", "states"], "", 0);
    for file in
        ["tests/usual.sh", "tests/below/breaks.sh", "states/usual.itf.json", "states/below/breaks.itf.json"]
    {
        assert!(at.join(file).is_file(), "{file}");
    }
    fs::write(at.join("all/usual.prog"), UNUSUAL).unwrap();
    assert_eq!(text(at, &["fmt", "--check", "all"], "", 1), "all/usual.prog would change\n");
    text(at, &["fmt", "all"], "", 0);
    assert_eq!(fs::read_to_string(at.join("all/usual.prog")).unwrap(), USUAL);
}

#[test]
fn several_outputs_need_a_folder() {
    let folder = programs();
    let at = folder.path();
    fs::create_dir(at.join("empty")).unwrap();
    for (arguments, why) in [
        (&["export", "--to", "sh", "all"][..], "need -o FOLDER"),
        (&["report", "all", "-o", "all/notes.txt"], "all/notes.txt is a file"),
        (&["report", "empty", "-o", "pages"], "there is no .prog file in empty"),
        (&["prove", "empty"], "there is no .prog file in empty"),
        (&["fmt", "empty"], "there is no .prog file in empty"),
    ] {
        let output = unreg(at, arguments, b"");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said.contains(why), "{arguments:?}: {said}");
    }
}

#[test]
fn descriptions_for_syzkaller_need_no_program() {
    let folder = tempfile::tempdir().unwrap();
    let said = text(folder.path(), &["export", "--syz-descriptions"], "", 0);
    assert!(said.contains("\nsendmsg$DEVLINK_CMD_ESWITCH_SET("), "{said}");
}
