//! A reload takes up no sizes that do not fit.

use crate::event::value::{Sizes, Value};
use crate::event::{Handle, Kinds, Resource, ResourceSize, Span, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
use crate::mail::{self, Cite};

/// A reload that a user asks for is refused as long as the parts of a resource do not fit into it.
pub const RESOURCES_FIT: Invariant = Invariant {
    id: 0x13,
    name: "resources-fit",
    says: "A reload that a user asks for is refused as long as the parts of a resource do not fit into it.",
    cites: &[Cite {
        mail: &mail::TRAPS,
        who: "Ido Schimmel",
        claim: "reload re-initialises driver entities with the new values of params and resources, and users divide \
                a device's resources with it",
    }],
    about: Kinds::RELOAD,
    observable: false,
    ends_all: false,
    check,
};

/// The sizes that an instance is to have.
#[derive(Debug, Clone, Copy)]
struct Wanted([ResourceSize; Resource::COUNT]);

impl Default for Wanted {
    fn default() -> Self {
        Wanted([ResourceSize::Max; Resource::COUNT])
    }
}

fn check(trace: &Trace) -> Option<usize> {
    let mut wanted: Lives<Wanted, { Handle::COUNT }> = Lives::default();
    trace.events.iter().position(|event| {
        match event.what {
            // A new instance begins with everything as large as can be.
            What::Alloc(Subject::Devlink(handle)) => {
                *wanted.of(handle.index(), event.life) = Wanted::default();
            }
            What::Set(Subject::Resource(handle, resource), _, value) => {
                if let Some(sizes) = Sizes::unpack(value) {
                    wanted.of(handle.index(), event.life).0[resource.index()] = sizes.new;
                }
            }
            What::Leave(Span::DevlinkReload, Subject::Devlink(handle), None) => {
                // The end of a namespace has to reload, whatever the sizes.
                let asked = !trace.name(event.task).is_worker();
                let sizes = &wanted.of(handle.index(), event.life).0;
                return asked && Resource::ALL.iter().any(|resource| !fits(*resource, sizes));
            }
            _ => {}
        }
        false
    })
}

fn fits(resource: Resource, sizes: &[ResourceSize; Resource::COUNT]) -> bool {
    let parts = Resource::ALL.iter().filter(|part| part.parent() == Some(resource));
    let sum = parts.fold(0, |sum: u64, part| sum.saturating_add(sizes[part.index()].units()));
    sum <= sizes[resource.index()].units()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::TaskName;

    const HANDLE: Handle = Handle::Mlxsw0;

    fn sized(resource: Resource, size: ResourceSize) -> (u8, What) {
        let sizes = Sizes { new: size, ..Sizes::default() };
        (0, What::Set(Subject::Resource(HANDLE, resource), 0, sizes.pack()))
    }

    fn reloads() -> [(u8, What); 2] {
        let of = Subject::Devlink(HANDLE);
        [(0, What::Enter(Span::DevlinkReload, of)), (0, What::Leave(Span::DevlinkReload, of, None))]
    }

    #[test]
    fn parts_that_are_too_large_break_it() {
        let sizes = [sized(Resource::Ipv4, ResourceSize::N9), sized(Resource::Ipv4Fib, ResourceSize::N10)];
        let mut trace = Trace::of(sizes.into_iter().chain(reloads()));
        assert_eq!(check(&trace), Some(3));
        trace.tasks[0] = *TaskName::ALL.iter().find(|name| name.is_worker()).expect("there are workers");
        assert_eq!(check(&trace), None, "the end of a namespace asks for no size");
    }

    #[test]
    fn parts_that_fit_and_a_device_made_anew_keep_it() {
        let parts = [Resource::Ipv4Fib, Resource::Ipv4Rules].map(|part| sized(part, ResourceSize::N10));
        let whole = [sized(Resource::Ipv4, ResourceSize::N100)];
        assert_eq!(check(&Trace::of(parts.into_iter().chain(whole).chain(reloads()))), None);
        let anew = [sized(Resource::Ipv4, ResourceSize::N9), (0, What::Alloc(Subject::Devlink(HANDLE)))];
        assert_eq!(check(&Trace::of(anew.into_iter().chain(reloads()))), None);
    }
}
