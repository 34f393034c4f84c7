//! Reports on their way to the host: kept in order, written when a command begins or ends.

use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard};
use unreg::linux::wire::Report;

/// The line to the host. Who performs and who listens share it; the order of their calls is the order of reports.
#[derive(Debug, Clone)]
pub(super) struct Line(Arc<Mutex<Buffer>>);

#[derive(Debug)]
struct Buffer {
    pending: Vec<u8>,
    tty: File,
}

impl Line {
    pub(super) fn new(tty: File) -> Line {
        Line(Arc::new(Mutex::new(Buffer { pending: Vec::new(), tty })))
    }

    /// Adds a report at the end.
    pub(super) fn report(&self, report: &Report) {
        let mut buffer = self.lock();
        serde_json::to_writer(&mut buffer.pending, report).expect("a report is plain data");
        buffer.pending.push(b'\n');
    }

    /// Sends what is pending. A line that is closed needs nothing more: the host is gone, and init will see.
    pub(super) fn flush(&self) {
        let Buffer { pending, tty } = &mut *self.lock();
        let _closed = tty.write_all(pending);
        pending.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Buffer> {
        self.0.lock().expect("no thread panics with it")
    }
}
