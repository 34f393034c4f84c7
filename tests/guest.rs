//! Guests that only pretend, and are hostile: whatever one says or does, the host ends in time and names it.

mod fake;

use fake::Fake;
use std::process::Output;
use std::time::{Duration, Instant};

/// Long enough for a machine that does other things too, and no hang.
const ENDS: Duration = Duration::from_secs(120);

trait Asked {
    fn unreg(&self, arguments: &[&str]) -> Output;
    fn run(&self) -> Output;
}

impl Asked for Fake {
    /// Runs `unreg linux` in at most 1 GiB, and fails if it does not end.
    fn unreg(&self, arguments: &[&str]) -> Output {
        let start = Instant::now();
        let mut command = self.command("/bin/sh");
        command.args(["-c", "ulimit -v 1048576; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_unreg"), "linux"]);
        // Escape sequences would be taken out on their way to a pipe.
        command.args(arguments).env("CLICOLOR_FORCE", "1");
        let output = command.output().expect("unreg starts");
        assert!(start.elapsed() < ENDS, "it took {:?}: {}", start.elapsed(), said(&output));
        output
    }

    fn run(&self) -> Output {
        self.unreg(&["run", "any.prog", "--patience", "2s"])
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Checks the exit code, and that the output says all of these and nothing that a terminal obeys.
fn says(output: &Output, code: i32, words: &[&str]) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in:\n{said}");
    }
    let obeyed = said.chars().find(|letter| letter.is_control() && !['\n', '\t'].contains(letter));
    assert_eq!(obeyed, None, "{}", said.escape_debug());
}

#[test]
fn an_honest_guest_is_believed() {
    let fake = Fake::new("hello; request; begin; end; finish; request");
    says(&fake.run(), 0, &["Linux keeps every invariant"]);
    says(&fake.unreg(&["boot"]), 0, &["Linux 6.99-fake, up in", "devlink: works"]);
}

#[test]
fn a_line_that_is_no_text_is_nonsense() {
    let fake = Fake::new(r#"hello; request; begin; printf '"\377\033[2J"\n'; request"#);
    says(&fake.run(), 1, &["the guest talks nonsense: a line that is not UTF-8: \\\"\\xff\\x1b[2J\\\""]);
    let fake = Fake::new(r#"printf 'host \377\n'; hello; request"#);
    says(&fake.unreg(&["boot"]), 2, &["the guest does not come up", "a line that is not UTF-8: host \\xff"]);
}

#[test]
fn a_line_that_is_no_report_is_nonsense() {
    let fake = Fake::new(r#"hello; request; printf '{"\033]0;x\007":1}\n'; request"#);
    says(&fake.run(), 1, &["the guest talks nonsense: "]);
    for line in [r#"{"Begin":{"task":1e999,"command":0}}"#, &"{\"Begin\":".repeat(1000), "{}", "\"Hello\""] {
        let fake = Fake::new(&format!("hello; request; echo '{line}'; request"));
        says(&fake.run(), 1, &["the guest talks nonsense: "]);
    }
}

#[test]
fn a_guest_that_never_falls_silent_ends() {
    let chatty = r#"while :; do echo '{"Trouble":{"text":"x"}}'; sleep 0.02; done"#;
    let fake = Fake::new(&format!("hello; request; begin; {chatty}"));
    let output = fake.unreg(&["run", "any.prog", "--patience", "500ms"]);
    says(&output, 1, &["the guest takes more than 6s"]);
}

#[test]
fn a_guest_that_says_too_much_ends() {
    let fake = Fake::new(r#"hello; request; begin; yes '{"Trouble":{"text":"x"}}'"#);
    says(&fake.run(), 1, &["the guest says too much of one program"]);
    let fake = Fake::new("hello; request; begin; while cat long; do :; done");
    let long = format!("{{\"Trouble\":{{\"text\":\"{}\"}}}}\n", "a".repeat(900_000));
    std::fs::write(fake.path("long"), long).unwrap();
    says(&fake.run(), 1, &["the guest says too much of one program"]);
}

#[test]
fn an_endless_line_takes_no_memory() {
    let fake = Fake::new(r#"hello; request; tr '\0' a < /dev/zero"#);
    says(&fake.run(), 1, &["the guest talks nonsense: a line of more than 1048576 bytes: aaaa"]);
    let fake = Fake::new(r#"hello; request; timeout 1 tr '\0' a < /dev/zero >&2; exit 3"#);
    says(&fake.run(), 1, &["the guest died: exit status: 3"]);
}

#[test]
fn a_report_of_what_was_not_asked_is_named() {
    let cases = [
        (r#"echo '{"Begin":{"task":200,"command":0}}'"#, "it reports of task 200"),
        (r#"echo '{"Begin":{"task":0,"command":7}}'"#, "it begins command 7 of task 0, whose next is 0"),
        ("begin; begin", "whose last command has not ended"),
        ("end", "it ends command 0 of task 0, which does not run"),
        (
            r#"begin; echo '{"End":{"task":0,"command":0,"errno":-2147483648}}'"#,
            "-2147483648, which is no errno",
        ),
        (r#"echo '{"Filtered":{"task":9,"body":""}}'"#, "it reports of task 9"),
        (
            r#"printf '{"Heard":{"family":"Route","netns":"../a\\u001b","message":""}}\n'"#,
            "no namespace is called",
        ),
        ("echo '\"Done\"'", "it says Done while the program is Running"),
        ("hello", "it says hello in the middle"),
    ];
    for (script, why) in cases {
        let fake = Fake::new(&format!("hello; request; {script}; request"));
        says(&fake.run(), 1, &["the guest talks nonsense: ", why]);
    }
}

#[test]
fn what_a_guest_says_is_shown_and_not_obeyed() {
    let escape = r"\u001b]0;mine\u0007\u009b2J\u202e\u007f";
    // A uevent, RTM_NEWLINK of a netdev `<ESC>c`, and a devlink message about a bus `<ESC>c`.
    let uevent = hex::encode("add@/\x1b[2J\0ACTION=add\0");
    let link = hex::encode([&[0; 4][..], &[16, 0], &[0; 26], &[7, 0, 3, 0, 0x1b, b'c', 0, 0]].concat());
    let devlink = hex::encode([&[0; 16][..], &[200, 1, 0, 0], &[7, 0, 1, 0, 0x1b, b'c', 0, 0]].concat());
    let script = format!(
        r#"printf 'BUG: \033[2J\007\n' >&2
        cat << 'END'
{{"Hello":{{"release":"6.99-fake{escape}","works":[["dev{escape}","no{escape}"]]}}}}
END
        request; begin
        cat << 'END'
{{"Trouble":{{"text":"trouble{escape}"}}}}
{{"Complaint":{{"text":"WARNING: {escape}"}}}}
{{"Text":{{"path":"/sys/{escape}","text":"{escape}"}}}}
{{"Heard":{{"family":"Uevent","message":"{uevent}"}}}}
{{"Heard":{{"family":"Route","message":"{link}"}}}}
{{"Heard":{{"family":"Devlink","message":"{devlink}"}}}}
END
        printf '{{"Trouble":{{"text":"raw \302\233 \177"}}}}\n'
        exit 3"#
    );
    let fake = Fake::new(&script);
    let shown = "\\u{1b}]0;mine\\u{7}\\u{9b}2J\\u{202e}\\u{7f}";
    let boot = fake.unreg(&["boot"]);
    says(
        &boot,
        0,
        &[&format!("Linux 6.99-fake{shown}, up in"), &format!("dev{shown}: does not work: no{shown}")],
    );
    let words = ["trouble", "WARNING: ", "/sys/"].map(|before| format!("{before}{shown}"));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let run = fake.run();
    says(&run, 1, &words);
    says(
        &run,
        1,
        &["uevent add@/\\u{1b}[2J", "[link,new] \\u{1b}c", "200 \\u{1b}c/?", "BUG: \\u{1b}[2J\\u{7}"],
    );
    let raw = fake.unreg(&["run", "--raw", "any.prog"]);
    says(&raw, 1, &["raw \\u009b \\u007f", "\\u001b]0;mine\\u0007\\u009b2J\\u202e\\u007f"]);
}

#[test]
fn a_guest_that_closes_its_line_or_says_nothing_ends() {
    let fake = Fake::new("hello; request; begin; exec >&-; request");
    says(&fake.run(), 1, &["the guest has closed its line and lives on"]);
    let fake = Fake::new("hello; request; begin; sleep 60");
    says(&fake.run(), 1, &["the guest hangs"]);
}

#[test]
fn a_kernel_that_is_not_what_was_built_does_not_run() {
    let fake = Fake::new("touch ran; hello");
    fake.put("touch ran; hello; true");
    let words = ["kernel is not what was built: its binary is other than recorded", "unreg linux build"];
    says(&fake.run(), 2, &words);
    says(&fake.unreg(&["boot", "--shell"]), 2, &words);
    says(&fake.unreg(&["conform", "--count", "3"]), 2, &words);
    let fake = Fake::new("touch ran; hello");
    std::fs::write(fake.path("kernel/lib/modules/6.99-fake/evil.ko"), "x").unwrap();
    says(&fake.run(), 2, &["its modules are other than recorded"]);
    let fake = Fake::new("touch ran; hello");
    fake.record("6.99-fake", "");
    says(&fake.run(), 4, &["was built before hashes of kernels were recorded"]);
    assert!(!fake.path("ran").exists());
}

#[test]
fn a_release_that_leads_elsewhere_packs_no_folder_of_the_host() {
    for release in ["/etc/ssl", "..", "../../../..", "6.99\\u001b[2J"] {
        let fake = Fake::new("touch ran; hello");
        fake.record(release, "");
        says(&fake.run(), 2, &["kernel is spoilt: no kernel is of release"]);
        assert!(!fake.path("ran").exists());
    }
    let fake = Fake::new("touch ran; hello");
    std::os::unix::fs::symlink("/etc/ssl", fake.path("kernel/lib/modules/6.99-fake/ssl")).unwrap();
    says(&fake.run(), 2, &["ssl is neither a file nor a folder"]);
    assert!(!fake.path("ran").exists());
}
