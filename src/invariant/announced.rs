//! What listeners have been told is there: the memory that invariants about the order of notifications share.

use crate::event::{Handle, Life, NetNs, Notice, Subject, Trace, What};
use crate::invariant::lives::Lives;

const _: () = assert!(Subject::PARTS <= 128);

/// What listeners in one namespace know of one instance.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    instance: bool,
    /// A bit a part.
    parts: u128,
    /// Whether the instance has been announced in another namespace since. It has ended here then, though perhaps no
    /// task was there to be notified of it.
    has_moved: bool,
}

/// Which instances and parts have been announced and not ended since, in each namespace.
#[derive(Debug, Default)]
pub(in crate::invariant) struct Announced(Lives<[Known; NetNs::COUNT], { Handle::COUNT }>);

impl Announced {
    fn of(&mut self, handle: Handle, heard: Heard) -> &mut Known {
        &mut self.0.of(handle.index(), heard.life)[heard.netns.index()]
    }

    /// Whether an instance or a part is known to be there, where this notification is heard.
    pub(in crate::invariant) fn has(&mut self, of: Subject, heard: Heard) -> bool {
        match (of, of.part()) {
            (Subject::Devlink(handle), _) => self.of(handle, heard).instance,
            (_, Some((handle, part))) => self.of(handle, heard).parts & 1 << part != 0,
            _ => false,
        }
    }

    /// The parts of an instance that are known to be there, a bit each.
    pub(in crate::invariant) fn parts(&mut self, handle: Handle, heard: Heard) -> u128 {
        self.of(handle, heard).parts
    }

    /// Takes note of a notification. The end of an instance is the end of all that was known of it.
    pub(in crate::invariant) fn hears(&mut self, heard: Heard) {
        let Heard { netns, notice, of, life, .. } = heard;
        if notice == Notice::New
            && let Some(handle) = of.handle()
        {
            let known = self.of(handle, heard);
            if known.has_moved {
                *known = Known::default();
            }
        }
        match (of, of.part()) {
            (Subject::Devlink(handle), _) => {
                let all = self.0.of(handle.index(), life);
                match notice {
                    Notice::New => {
                        all.iter_mut().for_each(|known| known.has_moved = true);
                        all[netns.index()].instance = true;
                        all[netns.index()].has_moved = false;
                    }
                    Notice::Del => all[netns.index()] = Known::default(),
                }
            }
            // No kernel notifies of the end of a reporter, or that there are resources.
            (Subject::Reporter(..) | Subject::Resource(..), _) => {}
            (_, Some((handle, part))) => {
                let parts = &mut self.of(handle, heard).parts;
                match notice {
                    Notice::New => *parts |= 1 << part,
                    Notice::Del => *parts &= !(1 << part),
                }
            }
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
    /// Which instance of its handle it is about.
    pub(in crate::invariant) life: Life,
}

/// The notifications of a trace about devlink.
pub(in crate::invariant) fn heard(trace: &Trace) -> impl Iterator<Item = Heard> {
    let mut netns = NetNs::Init;
    trace.events.iter().enumerate().filter_map(move |(at, event)| match event.what {
        What::In(other) => {
            netns = other;
            None
        }
        What::Notify(notice, of, value) => Some(Heard { at, netns, notice, of, value, life: event.life }),
        _ => None,
    })
}
