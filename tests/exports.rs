//! Exports are what they claim to be: a test in Rust compiles in a crate of its own, and fails as long as the program breaks
//! an invariant.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const BREAKS: &str = "# It breaks.\nvariant devlink early-register\nexpect visible-implies-ready\n\ntask probe\n  driver.probe netdevsim/0\ntask user\n  \
                      devlink.eswitch-set netdevsim/0 switchdev\n\nschedule\n  probe until driver_probe:init\n  user\n";
const KEEPS: &str =
    "# It keeps everything, with \"quotes\" and a # in its text.\ntask user\n  driver.probe netdevsim/0\n";

fn unreg(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unreg"));
    command.current_dir(folder).args(arguments).env_remove("UNREG_VARIANT").env_remove("UNREG_ONLY");
    command.output().expect("unreg starts")
}

/// A crate that has nothing but this one and the tests that were exported. Its dependencies are those of this crate, built
/// already in the same folder with the same profiles.
fn scratch(folder: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("there is a manifest");
    let profiles: Vec<&str> =
        manifest.split_inclusive("\n[").filter(|section| section.starts_with("profile.")).collect();
    assert!(profiles.len() >= 2, "{profiles:?}");
    let profiles: String =
        profiles.iter().map(|section| format!("[{}\n", section.trim_end_matches('['))).collect();
    let text = format!(
        "[workspace]\n[package]\nname = \"scratch\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [dependencies]\nunreg = {{ path = {:?} }}\n{profiles}",
        root.display().to_string(),
    );
    fs::write(folder.join("Cargo.toml"), text).unwrap();
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    fs::create_dir(folder.join("src")).unwrap();
    fs::write(folder.join("src/lib.rs"), "").unwrap();
    fs::create_dir(folder.join("tests")).unwrap();
}

#[test]
fn a_test_in_rust_compiles_and_fails_as_its_program_does() {
    let folder = tempfile::tempdir().unwrap();
    scratch(folder.path());
    for (name, text) in [("it-breaks", BREAKS), ("it-keeps", KEEPS)] {
        fs::write(folder.path().join(name).with_extension("prog"), text).unwrap();
        let to = format!("tests/{}.rs", name.replace('-', "_"));
        let output = unreg(folder.path(), &["export", "--to", "rust", &format!("{name}.prog"), "-o", &to]);
        assert!(output.status.success(), "{output:?}");
    }
    let binary = Path::new(env!("CARGO_BIN_EXE_unreg"));
    let target = binary.ancestors().nth(2).expect("a binary is in the folder of a profile");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--offline", "--no-fail-fast", "--tests"]).current_dir(folder.path());
    // What cargo tells of the crate that is tested here is not true of the other.
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&variable);
        }
    }
    let output = cargo.env("CARGO_TARGET_DIR", target).output().expect("cargo starts");
    let said =
        format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(101), "{said}");
    assert!(said.contains("test reproduces_it_breaks ... FAILED"), "{said}");
    assert!(said.contains("[\"visible-implies-ready\"]"), "{said}");
    assert!(said.contains("test reproduces_it_keeps ... ok"), "{said}");
}
