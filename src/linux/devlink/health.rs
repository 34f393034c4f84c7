//! Health reporters in messages: what is asked of them, and what they are said to be.

use super::uapi::{attr, cmd};
use super::{of, request};
use crate::event::value::{Health, Value};
use crate::event::{AutoDump, AutoRecover, Grace, Handle, Reporter, Subject};
use crate::linux::attribute::{Attributes, Found};
use crate::linux::wire::Operation;
use crate::operand::Operand;
use netlink_packet_core::NLM_F_DUMP;

/// An hour in the milliseconds that a graceful period is counted in.
const HOUR: u64 = 3_600_000;

/// A request about one reporter and nothing else.
pub(super) fn ask(command: u16, handle: Handle, reporter: Reporter) -> Operation {
    super::ask(command, attributes_of(handle, reporter))
}

/// Asks for what was seen; the answer comes in as many pieces as it takes.
pub(super) fn dump(handle: Handle, reporter: Reporter) -> Operation {
    request(cmd::HEALTH_DUMP_GET, NLM_F_DUMP, attributes_of(handle, reporter).emit())
}

/// Changes what a reporter does by itself.
pub(super) fn set(
    (handle, reporter): (Handle, Reporter),
    grace: Grace,
    auto_recover: AutoRecover,
    auto_dump: AutoDump,
) -> Operation {
    let attributes = attributes_of(handle, reporter);
    let attributes = match grace {
        Grace::Unset => attributes,
        Grace::Hour => attributes.u64(attr::REPORTER_GRACE, HOUR),
        Grace::None => attributes.u64(attr::REPORTER_GRACE, 0),
    };
    let attributes = match auto_recover {
        AutoRecover::Unset => attributes,
        AutoRecover::Off => attributes.u8(attr::REPORTER_AUTO_RECOVER, 0),
        AutoRecover::On => attributes.u8(attr::REPORTER_AUTO_RECOVER, 1),
    };
    let attributes = match auto_dump {
        AutoDump::Unset => attributes,
        AutoDump::Off => attributes.u8(attr::REPORTER_AUTO_DUMP, 0),
        AutoDump::On => attributes.u8(attr::REPORTER_AUTO_DUMP, 1),
    };
    super::ask(cmd::HEALTH_SET, attributes)
}

fn attributes_of(handle: Handle, reporter: Reporter) -> Attributes {
    of(handle).text(attr::REPORTER_NAME, reporter.word())
}

/// What a message says of a reporter.
pub(super) fn read(handle: Handle, found: Found<'_>) -> Option<(Subject, u8)> {
    let found = found.nested(attr::REPORTER)?;
    let name = found.text(attr::REPORTER_NAME)?;
    let reporter = Reporter::named(name)?;
    let health = Health {
        is_in_error: found.number(attr::REPORTER_STATE)? == 1,
        auto_recover: found.number(attr::REPORTER_AUTO_RECOVER) == Some(1),
        auto_dump: found.number(attr::REPORTER_AUTO_DUMP) == Some(1),
        has_dump: found.get(attr::REPORTER_DUMP_TS).is_some(),
        is_graceful: found.long(attr::REPORTER_GRACE).is_some_and(|period| period > 0),
    };
    Some((Subject::Reporter(handle, reporter), health.pack()))
}
