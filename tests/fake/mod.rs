//! A kernel that only pretends: a shell script that talks over a guest's line.

use sha2::{Digest, Sha256};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// What every pretended kernel can do: say hello, and read a request to its end.
const PRELUDE: &str = r#"#!/bin/sh
hello() { echo '{"Hello":{"release":"6.99-fake","works":[["devlink",null]]}}'; }
request() {
    while IFS= read -r line; do
        case $line in +*) echo '"Received"' ;; *) return ;; esac
    done
    exit 0
}
begin() { echo '{"Begin":{"task":0,"command":0}}'; }
end() { echo '{"End":{"task":0,"command":0,"errno":0}}'; }
finish() { echo '"AtRest"'; echo '"CleanUp"'; echo '"Done"'; }
"#;

/// The folder of a kernel, and a program to ask it about.
pub(crate) struct Fake(TempDir);

impl Fake {
    /// A kernel that runs this script, recorded as if it had been built.
    pub(crate) fn new(script: &str) -> Fake {
        let fake = Fake(tempfile::tempdir().expect("there is room for a folder"));
        std::fs::create_dir_all(fake.path("kernel/lib/modules/6.99-fake")).unwrap();
        std::fs::write(fake.path("any.prog"), "task user\n  devlink.dump\n").unwrap();
        fake.put(script);
        // A file's content and its length, and a folder without entries.
        let linux = std::fs::read(fake.path("kernel/linux")).unwrap();
        let length = (linux.len() as u64).to_le_bytes();
        let linux = hex::encode(Sha256::digest([&linux[..], &length].concat()));
        let modules = hex::encode(Sha256::digest(0_u64.to_le_bytes()));
        fake.record("6.99-fake", &format!(r#","seal":{{"linux":"{linux}","modules":"{modules}"}}"#));
        fake
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn put(&self, script: &str) {
        let linux = self.path("kernel/linux");
        std::fs::write(&linux, format!("{PRELUDE}{script}\n")).unwrap();
        std::fs::set_permissions(&linux, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn record(&self, release: &str, more: &str) {
        let about = format!(
            r#"{{"release":"{release}","config":"fast","source":"none","key":"0","seconds":0{more}}}"#
        );
        std::fs::write(self.path("kernel/about.json"), about).unwrap();
    }

    /// A command in this folder, which knows this kernel and no other.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.0.path()).env("UNREG_KERNEL", self.path("kernel"));
        command.env("UNREG_CACHE", self.path("cache"));
        command
    }
}
