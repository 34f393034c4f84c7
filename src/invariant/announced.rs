//! What listeners have been told is there: the memory that invariants about the order of notifications share.

use crate::event::{Handle, NetNs, Notice, Subject, Trace, What};

const _: () = assert!(Subject::PARTS <= 128);

/// Which instances and parts have been announced and not ended since.
#[derive(Debug)]
pub(in crate::invariant) struct Announced {
    /// Where each was last heard of.
    places: [NetNs; Handle::COUNT],
    instances: [bool; Handle::COUNT],
    /// A bit a part.
    parts: [u128; Handle::COUNT],
}

impl Default for Announced {
    fn default() -> Self {
        Announced {
            places: [NetNs::Init; Handle::COUNT],
            instances: [false; Handle::COUNT],
            parts: [0; Handle::COUNT],
        }
    }
}

impl Announced {
    /// Takes note of where something is heard. What begins in one namespace has ended in the other, though nobody may
    /// have been there to hear of it.
    pub(in crate::invariant) fn is_in(&mut self, of: Subject, netns: NetNs) {
        let Some(handle) = of.handle() else { return };
        if std::mem::replace(&mut self.places[handle.index()], netns) != netns {
            self.instances[handle.index()] = false;
            self.parts[handle.index()] = 0;
        }
    }

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

/// One notification: its index, and in which namespace it went out.
#[derive(Debug, Clone, Copy)]
pub(in crate::invariant) struct Heard {
    pub(in crate::invariant) at: usize,
    pub(in crate::invariant) netns: NetNs,
    pub(in crate::invariant) notice: Notice,
    pub(in crate::invariant) of: Subject,
    pub(in crate::invariant) value: u8,
}

/// The notifications of a trace about devlink.
pub(in crate::invariant) fn heard(trace: &Trace) -> impl Iterator<Item = Heard> {
    let mut netns = NetNs::Init;
    trace.events.iter().enumerate().filter_map(move |(at, event)| match event.what {
        What::In(other) => {
            netns = other;
            None
        }
        What::Notify(notice, of, value) => Some(Heard { at, netns, notice, of, value }),
        _ => None,
    })
}
