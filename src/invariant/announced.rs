//! What listeners have been told is there: the memory that rules about the order of notifications share.

use crate::event::{Handle, Notice, Subject, Trace, What};

const _: () = assert!(Subject::PARTS <= 128);

/// Which instances and parts have been announced and not ended since.
#[derive(Debug, Default)]
pub(in crate::invariant) struct Announced {
    instances: [bool; Handle::COUNT],
    /// A bit a part.
    parts: [u128; Handle::COUNT],
}

impl Announced {
    /// Whether an instance or a part is known to be there.
    pub(in crate::invariant) fn has(&self, of: Subject) -> bool {
        match (of, of.part()) {
            (Subject::Devlink(handle), _) => self.instances[handle.index()],
            (_, Some((handle, part))) => self.parts[handle.index()] & 1 << part != 0,
            _ => false,
        }
    }

    /// The parts of an instance that are known to be there, a bit each.
    pub(in crate::invariant) fn parts(&self, handle: Handle) -> u128 {
        self.parts[handle.index()]
    }

    /// Takes note of a notification. The end of an instance is the end of all that was known of it.
    pub(in crate::invariant) fn hears(&mut self, notice: Notice, of: Subject) {
        match (of, of.part()) {
            (Subject::Devlink(handle), _) => {
                self.instances[handle.index()] = notice == Notice::New;
                if notice == Notice::Del {
                    self.parts[handle.index()] = 0;
                }
            }
            // Nobody is told when a reporter ends, or that there are resources.
            (Subject::Reporter(..) | Subject::Resource(..), _) => {}
            (_, Some((handle, part))) => match notice {
                Notice::New => self.parts[handle.index()] |= 1 << part,
                Notice::Del => self.parts[handle.index()] &= !(1 << part),
            },
            _ => {}
        }
    }
}

/// The notifications of a trace about devlink, each with its index.
pub(in crate::invariant) fn heard(trace: &Trace) -> impl Iterator<Item = (usize, What)> {
    let events = trace.events.iter().enumerate().map(|(at, event)| (at, event.what));
    events.filter(|(_, what)| matches!(what, What::Notify(..)))
}
