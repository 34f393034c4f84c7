//! When a device is unregistered, no work of it is left.

use crate::event::{IbDevice, Kinds, Span, Subject, Trace, What, WorkFn};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// When an RDMA device is unregistered, no work that has its pointer is queued or runs, save what unregisters it.
pub const NO_WORK_LEFT: Invariant = Invariant {
    id: 0x2b,
    name: "no-work-left",
    says: "When an RDMA device is unregistered, no work that has its pointer is queued or runs.",
    cites: &[Cite {
        mail: &mail::KREF,
        who: "Jason Gunthorpe",
        claim: "all work obviously has to be cancelled or complete when remove() returns",
    }],
    about: Kinds::IB_UNREGISTERED,
    observable: false,
    ends_all: false,
    check,
};

/// The device whose pointer a work item has.
fn device_of(work: WorkFn) -> Option<IbDevice> {
    match work {
        WorkFn::RescanDevice(device) | WorkFn::CmWork(device) => Some(device),
        // The one that unregisters has a reference of its own, and may come too late.
        _ => None,
    }
}

fn check(trace: &Trace) -> Option<usize> {
    // How many items of each device are queued or run.
    let mut left = [0u8; IbDevice::COUNT];
    trace.events.iter().position(|event| {
        let (work, by) = match event.what {
            What::Queue(_, work, _) => (work, 1),
            What::WorkEnd(_, work) | What::Cancel(_, work) => (work, -1),
            What::Leave(Span::IbUnregisterDevice, Subject::Ib(device), None) => {
                return left[device.index()] > 0;
            }
            _ => return false,
        };
        if let Some(device) = device_of(work) {
            left[device.index()] = left[device.index()].saturating_add_signed(by);
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Module, QueueName};

    const WORK: WorkFn = WorkFn::RescanDevice(IbDevice::Rxe0);
    const QUEUED: What = What::Queue(QueueName::Gid, WORK, Module::GidCache);
    const DONE: What = What::WorkEnd(QueueName::Gid, WORK);

    fn unregistered(device: IbDevice) -> What {
        What::Leave(Span::IbUnregisterDevice, Subject::Ib(device), None)
    }

    fn broken(events: &[What]) -> Option<usize> {
        check(&Trace::of(events.iter().map(|what| (0, *what))))
    }

    #[test]
    fn work_that_is_left_breaks_it() {
        assert_eq!(broken(&[QUEUED, unregistered(IbDevice::Rxe0)]), Some(1));
        let began = What::WorkBegin(QueueName::Gid, WORK);
        assert_eq!(broken(&[QUEUED, began, unregistered(IbDevice::Rxe0)]), Some(2));
    }

    #[test]
    fn work_that_is_done_or_of_another_keeps_it() {
        assert_eq!(broken(&[QUEUED, DONE, unregistered(IbDevice::Rxe0)]), None);
        assert_eq!(broken(&[QUEUED, unregistered(IbDevice::Rxe1)]), None);
    }
}
