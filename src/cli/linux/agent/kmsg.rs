//! The kernel's log, read for complaints: what it says of itself when an invariant of its own is broken.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use unreg::linux::complaint;

/// `O_NONBLOCK`.
const NONBLOCK: i32 = 0o4000;

/// A reader of the log, from where it is opened on.
#[derive(Debug)]
pub(super) struct Log(File);

impl Log {
    pub(super) fn open() -> std::io::Result<Log> {
        let mut log = Log(File::options().read(true).custom_flags(NONBLOCK).open("/dev/kmsg")?);
        log.complaint();
        Ok(log)
    }

    /// What the kernel printed since the last time, if it complains.
    pub(super) fn complaint(&mut self) -> Option<String> {
        let lines = self.lines();
        let first = lines.iter().position(|line| complaint::begins(line))?;
        Some(lines[first..].join("\n"))
    }

    /// The lines that the kernel printed since the last time.
    pub(super) fn lines(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut record = [0; 8192];
        loop {
            match self.0.read(&mut record) {
                Ok(0) => break,
                Ok(length) => {
                    let text = String::from_utf8_lossy(&record[..length]);
                    // `priority,sequence,time,flags;text`, then lines of key and value.
                    let text = text.split_once(';').map_or("", |(_, text)| text);
                    lines.push(text.lines().next().unwrap_or_default().to_string());
                }
                // Records were overwritten before they were read: go on with the oldest there is.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
                Err(_nothing_more) => break,
            }
        }
        lines
    }
}
