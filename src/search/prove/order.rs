//! Which events' order can matter to an invariant: what an event is about is touched by the step that it happens in.
//!
//! Invariants judge the order of a trace, so two steps commute only if no invariant can tell. An invariant relates events
//! about one object, about an object and what belongs to it, and in a few cases more, which are named here.

use crate::event::{Action, Callback, IbDevice, Span, Subject, What, WorkFn};
use crate::operand::Operand;
use crate::sim::footprint::{Footprint, Shared};

/// The groups of events that invariants relate to each other beyond one object.
#[derive(Debug, Clone, Copy, Hash)]
enum Group {
    /// What a misuse is reported as: of several the first is the site.
    Misuse,
    /// A dump sees what is notified from its beginning on.
    Dumps,
    /// A socket with a filter hears what is notified from then on.
    Filters,
    /// A namespace that ends, and the instances that users can see.
    NamespacesEnd,
    /// A UUID is taken or not when a creation begins.
    Uuids,
    /// The clients that are registered when a device comes.
    Clients,
}

/// Adds what an event touches. In a program that renames RDMA devices events about one name may be about two.
pub(super) fn touch(what: What, renames: bool, into: &mut Footprint) {
    let group = |group: Group| Shared::of(("group", group));
    match what {
        What::Begin(_) | What::End(..) | What::Preempt(_) | What::In(_) | What::OutOfSteps => {}
        // The kernel notes its locks itself.
        What::Acquire(..) | What::Release(..) | What::Block(_) => {}
        // These are recorded for a second opinion, and not in a proof.
        What::Ask(..) | What::Hold(_) | What::Unhold(_) | What::Use(_) | What::Wake => {}
        What::Enter(span, of) | What::Leave(span, of, _) => {
            about(of, renames, into);
            match span {
                Span::DevlinkDumpit => into.write(group(Group::Dumps)),
                Span::MdevCreate => into.read(group(Group::Uuids)),
                _ => {}
            }
        }
        What::Call(Callback::ClientAdd, of) => {
            about(of, renames, into);
            into.read(group(Group::Clients));
        }
        What::Call(_, of)
        | What::Return(_, of, _)
        | What::Ready(of)
        | What::Unready(of)
        | What::Dumped(of, _)
        | What::AtRest(of, _)
        | What::Link(_, of)
        | What::Heard(_, of, _)
        | What::Seen(_, of) => about(of, renames, into),
        What::Alloc(of) | What::Free(of) => {
            about(of, renames, into);
            match of {
                Subject::Child(..) => into.write(group(Group::Uuids)),
                Subject::Netns(_) => into.write(group(Group::NamespacesEnd)),
                Subject::Devlink(_) => into.read(group(Group::NamespacesEnd)),
                _ => {}
            }
        }
        What::Visible(of) | What::Hidden(of) => {
            about(of, renames, into);
            into.read(group(Group::NamespacesEnd));
            if let Subject::Ib(_) = of {
                into.read(group(Group::Clients));
            }
        }
        What::Add(of) | What::Remove(of) => {
            about(of, renames, into);
            if let Subject::Client(_) = of {
                into.write(group(Group::Clients));
            }
        }
        What::Set(of, ..) => {
            about(of, renames, into);
            into.read(group(Group::NamespacesEnd));
        }
        What::Notify(_, of, _) => {
            about(of, renames, into);
            into.read(group(Group::Dumps));
            into.read(group(Group::Filters));
        }
        What::Filter(..) => into.write(group(Group::Filters)),
        What::Uevent(action, of) => {
            about(of, renames, into);
            if let (Action::Move(old), Subject::Ib(_) | Subject::IbCompat(..)) = (action, of)
                && let Some(old) = IbDevice::from_byte(old)
            {
                about(Subject::Ib(old), renames, into);
            }
        }
        // Counts matter where an invariant reads them; elsewhere the kernel notes those whose order shows.
        What::Get(of, _) | What::Put(of, _) => {
            if let Subject::Parent(_) | Subject::MdevParent(_) | Subject::MdevType(..) = of {
                about(of, renames, into);
            }
        }
        What::Queue(_, work, _)
        | What::WorkBegin(_, work)
        | What::WorkEnd(_, work)
        | What::Cancel(_, work) => {
            for of in of_work(work) {
                about(of, renames, into);
            }
            if let WorkFn::CleanupNet(_) = work {
                into.write(group(Group::NamespacesEnd));
            }
        }
        What::ModuleGone(module) => about(Subject::Module(module), renames, into),
        What::UseAfterFree(of, ..) | What::Underflow(of, _) | What::Leak(of, _) | What::Warn(of, _) => {
            about(of, renames, into);
            into.write(group(Group::Misuse));
        }
        What::TextGone(module, _) => {
            about(Subject::Module(module), renames, into);
            into.write(group(Group::Misuse));
        }
        What::Deadlock(_) | What::LockOrder(_) | What::Console(_) | What::Sleeps(_) | What::Foreign(_) => {
            into.write(group(Group::Misuse));
        }
    }
}

/// Adds that an event is about an object: the order of all events about it and what belongs to it matters.
fn about(of: Subject, renames: bool, into: &mut Footprint) {
    let mut writes = |name: Subject| into.write(Shared::of(("about", name)));
    if let Some(handle) = of.device() {
        return writes(Subject::Devlink(handle));
    }
    let rdma = |device| Subject::Ib(if renames { IbDevice::ALL[0] } else { device });
    match of {
        Subject::Parent(parent) | Subject::MdevParent(parent) | Subject::MdevType(parent, _) => {
            writes(Subject::Parent(parent));
        }
        Subject::Child(parent, uuid)
        | Subject::VfioDevice(parent, uuid)
        | Subject::VfioGroup(parent, uuid)
        | Subject::Configured(parent, uuid) => {
            writes(Subject::Child(parent, uuid));
            into.read(Shared::of(("about", Subject::Parent(parent))));
        }
        Subject::Ib(device)
        | Subject::IbUsers(device)
        | Subject::IbName(device)
        | Subject::IbNetns(device)
        | Subject::GidTable(device)
        | Subject::IbLink(device)
        | Subject::Gid(device, ..)
        | Subject::IbCompat(device, _) => writes(rdma(device)),
        Subject::ClientData(client, device) => {
            writes(rdma(device));
            into.read(Shared::of(("about", Subject::Client(client))));
        }
        Subject::CmListener(id, device) => {
            writes(rdma(device));
            into.read(Shared::of(("about", Subject::CmId(id))));
        }
        Subject::Netdev(netdev) | Subject::Address(netdev, _) => writes(Subject::Netdev(netdev)),
        Subject::Netns(netns) | Subject::Route(netns, _) => writes(Subject::Netns(netns)),
        Subject::Client(_)
        | Subject::CmId(_)
        | Subject::Module(_)
        | Subject::Queue(_)
        | Subject::Uverbs(_)
        | Subject::Umad(_)
        | Subject::Kernel
        | Subject::Unnamed => writes(of),
        // All others are of a device under devlink.
        _ => unreachable!("{of} is of a device"),
    }
}

/// What a work item is about.
fn of_work(work: WorkFn) -> Vec<Subject> {
    match work {
        WorkFn::NetdeviceEvent(netdev) | WorkFn::NetdeviceGone(netdev) | WorkFn::LinkLocal(netdev) => {
            vec![Subject::Netdev(netdev)]
        }
        WorkFn::AddressGone(netdev, address) => vec![Subject::Address(netdev, address)],
        WorkFn::RescanDevice(device) | WorkFn::UnregisterDevice(device) | WorkFn::CmWork(device) => {
            vec![Subject::Ib(device)]
        }
        WorkFn::ReleaseChild(_) | WorkFn::ReleaseVfio(_) => Vec::new(),
        WorkFn::ReleaseParent(parent) | WorkFn::UnregisterParent(parent) => vec![Subject::Parent(parent)],
        WorkFn::ReleaseType(parent, kind) => vec![Subject::MdevType(parent, kind)],
        WorkFn::LineCardStatus(handle)
        | WorkFn::FunctionState(handle)
        | WorkFn::NestedNotify(handle)
        | WorkFn::ReleaseDevice(handle)
        | WorkFn::TrapReport(handle)
        | WorkFn::TypeWarn(handle, _) => {
            vec![Subject::Devlink(handle)]
        }
        WorkFn::CleanupNet(netns) => vec![Subject::Netns(netns)],
    }
}
