//! Reports on their way to the host: kept in order, written when a command begins or ends.

use rustix::process::{Pid, getsid};
use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard};
use unreg::linux::steer::Call;
use unreg::linux::wire::Report;

/// The line to the host. Performers and listeners share it; the order of their calls is the order of reports.
#[derive(Debug, Clone)]
pub(super) struct Line(Arc<Mutex<Buffer>>);

#[derive(Debug)]
struct Buffer {
    pending: Vec<u8>,
    tty: File,
    /// While a program is steered: how many reports it has made.
    steered: Option<u32>,
}

impl Line {
    pub(super) fn new(tty: File) -> Line {
        Line(Arc::new(Mutex::new(Buffer { pending: Vec::new(), tty, steered: None })))
    }

    /// From here on, the tracer is told of each report, so that it knows when it was made.
    pub(super) fn steer(&self) {
        self.lock().steered = Some(0);
        call(Call::Begin);
    }

    /// Ends steering: the tracer lets every task go on and is told of no more reports.
    pub(super) fn steer_no_more(&self) {
        call(Call::Over);
        self.lock().steered = None;
    }

    /// Adds a report at the end.
    pub(super) fn report(&self, report: &Report) {
        let mut buffer = self.lock();
        serde_json::to_writer(&mut buffer.pending, report).expect("a report is plain data");
        buffer.pending.push(b'\n');
        if let Some(number) = &mut buffer.steered {
            call(Call::Report(*number));
            *number += 1;
        }
    }

    /// Sends what is pending. A line that is closed needs nothing more: the host is gone, and init will see.
    pub(super) fn flush(&self) {
        let Buffer { pending, tty, .. } = &mut *self.lock();
        let _closed = tty.write_all(pending);
        pending.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Buffer> {
        self.0.lock().expect("no thread panics with it")
    }
}

/// Tells the tracer something, and returns when it lets the thread go on.
pub(super) fn call(call: Call) {
    let number = i32::try_from(call.encode()).expect("a call is a positive number");
    // No process has this number: the kernel finds none, and changes nothing.
    let _no_such_process = getsid(Pid::from_raw(number));
}
