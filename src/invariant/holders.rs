//! The holders of references to a parent's device: mdev core, and the driver that registered it.

use crate::event::{Callback, Event, Parent, Span, Subject, TaskId, What};
use crate::invariant::lives::Lives;

/// The references to one device: all, and those that mdev core took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) all: u8,
    pub(super) core: i16,
}

/// Where a task is: in how many functions of mdev core, and in how many callbacks to a driver below these.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    core: u8,
    driver: u8,
    /// The parent of the type that it has just freed, and with it the type's reference to the parent's device.
    frees: Option<Parent>,
}

/// What the events so far say.
pub(super) struct State {
    pub(super) counts: Lives<Counts, { Parent::COUNT }>,
    places: [Place; 1 << TaskId::BITS],
}

impl State {
    pub(super) fn new() -> Self {
        State { counts: Lives::default(), places: [Place::default(); 1 << TaskId::BITS] }
    }

    /// Takes an event in.
    pub(super) fn step(&mut self, event: &Event) {
        let place = &mut self.places[usize::from(event.task)];
        match event.what {
            What::Enter(span, _) if is_core(span) => place.core += 1,
            What::Leave(span, ..) if is_core(span) => place.core = place.core.saturating_sub(1),
            // A release that runs later is mdev core's too, or the last put of a driver's own.
            What::WorkBegin(..) => place.core += 1,
            What::WorkEnd(..) => place.core = place.core.saturating_sub(1),
            What::Call(Callback::MdevProbe | Callback::MdevRemove, _) => place.driver += 1,
            What::Return(Callback::MdevProbe | Callback::MdevRemove, ..) => {
                place.driver = place.driver.saturating_sub(1);
            }
            What::Alloc(Subject::Parent(parent)) => {
                *self.counts.of(parent.index(), event.life) = Counts { all: 1, core: 0 };
            }
            // A user's last reference to a device frees what mdev core has made, outside of mdev core.
            What::Free(Subject::MdevType(parent, _)) => place.frees = Some(parent),
            What::Get(Subject::Parent(parent), count) | What::Put(Subject::Parent(parent), count) => {
                let counts = self.counts.of(parent.index(), event.life);
                let is_of_type = place.frees.take() == Some(parent);
                if (place.core > 0 || is_of_type) && place.driver == 0 {
                    counts.core += i16::from(count) - i16::from(counts.all);
                }
                counts.all = count;
            }
            _ => {}
        }
    }
}

const fn is_core(span: Span) -> bool {
    matches!(span, Span::MdevRegister | Span::MdevUnregister | Span::MdevCreate | Span::MdevRemove)
}
