//! Kinds of events: a set that says what a trace has, so that invariants about other things need not look.

use super::{Callback, Scope, Span, Subject, What};

/// A set of kinds of events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Kinds(u64);

/// Declares the kinds, and for each event its kinds. Every event is named once and its fields are plain names, so no
/// line can take an event away from another, and the order of the lines means nothing.
macro_rules! kinds {
    (
        $($(#[$doc:meta])+ $constant:ident,)+
        ---
        $($event:ident($($field:ident),+) => $($kind:ident $(if $guard:expr)?),+;)+
        ---
        $none:pat
    ) => {
        /// The bit of each kind.
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "spelled as the constants are")]
        enum Bit { $($constant,)+ }

        impl Kinds {
            $($(#[$doc])+ pub const $constant: Kinds = Kinds(1 << Bit::$constant as u32);)+

            /// Returns every kind that an event is of; none for an event that no invariant starts from.
            #[deny(unreachable_patterns)]
            const fn of(what: What) -> Kinds {
                match what {
                    $(What::$event($($field),+) => Kinds(0)$(.or(Kinds::$kind$(.when($guard))?))+,)+
                    $none => Kinds(0),
                }
            }
        }

        /// The lines of the table, each by itself.
        #[cfg(test)]
        const LINES: &[fn(What) -> Kinds] = &[$(|what| match what {
            What::$event($($field),+) => Kinds(0)$(.or(Kinds::$kind$(.when($guard))?))+,
            _ => Kinds(0),
        }),+];
    };
}

kinds! {
    /// A notification of devlink.
    NOTIFY,
    /// A uevent about anything but RDMA and its netdevs.
    UEVENT,
    /// A notification of RDMA or of no named subject, or a uevent about an RDMA device or a netdev.
    RDMA,
    /// A link notification.
    LINK,
    /// A task's own socket got a filter, or received a message.
    HEARD,
    /// A callback into a driver or client.
    CALL,
    /// An object in a dump.
    DUMPED,
    /// A reload of a devlink instance began.
    RELOAD,
    /// A devlink instance or a task changed its network namespace.
    MOVED,
    /// A command that the kernel refused.
    END_ERROR,
    /// A mediated device that udev's rules are to make.
    CONFIGURED,
    /// A mediated device was allocated, or an attempt to make one ended.
    CHILD_MADE,
    /// A parent of mediated devices was registered or unregistered.
    PARENT_REGISTERED,
    /// A client of ib_core registered.
    CLIENT,
    /// A client's `remove()` returned.
    CLIENT_REMOVED,
    /// An RDMA device or a client was unregistered.
    IB_UNREGISTERED,
    /// A GID table was made.
    GID_TABLE,
    /// The active count of an RDMA device was raised.
    ACTIVE_COUNT,
    /// A reference count was raised to one.
    REVIVED,
    /// A lock of all devices was taken.
    GLOBAL_LOCK,
    /// A network namespace was freed.
    NETNS_GONE,
    /// A devlink instance that is there at the end.
    AT_REST,
    /// A type of mediated devices that is there at the end.
    INSTANCES_AT_REST,
    /// A deadlock.
    DEADLOCK,
    /// Locks were taken in an order that can deadlock.
    LOCK_ORDER,
    /// A module was unloaded.
    MODULE_GONE,
    /// Code ran whose module is gone.
    TEXT_GONE,
    /// Freed memory was used.
    USE_AFTER_FREE,
    /// A reference was left at the end.
    LEAK,
    /// A reference was dropped too often.
    UNDERFLOW,
    /// The kernel warned or died.
    WARN,
    ---
    Notify(_notice, of, _value) => RDMA if is_rdma(of), NOTIFY if !is_rdma(of);
    Uevent(_action, of) => RDMA if is_rdma(of), UEVENT if !is_rdma(of);
    Link(_notice, _of) => LINK;
    Filter(_netns, _device, _port) => HEARD;
    Heard(_notice, _of, _value) => HEARD;
    Call(_callback, _of) => CALL;
    Return(callback, _of, _errno) => CLIENT_REMOVED if matches!(callback, Callback::ClientRemove);
    Dumped(_of, _value) => DUMPED;
    Enter(span, _of) => RELOAD if matches!(span, Span::DevlinkReload);
    Leave(span, _of, _errno) =>
        CHILD_MADE if matches!(span, Span::MdevCreate),
        PARENT_REGISTERED if matches!(span, Span::MdevRegister | Span::MdevUnregister),
        IB_UNREGISTERED if matches!(span, Span::IbUnregisterDevice | Span::IbUnregisterClient);
    Set(of, _old, _new) =>
        MOVED if matches!(of, Subject::NetnsOf(_) | Subject::Netns(_)),
        CONFIGURED if matches!(of, Subject::Configured(..));
    End(_index, errno) => END_ERROR if errno.is_some();
    Alloc(of) => CHILD_MADE if matches!(of, Subject::Child(..));
    Add(of) =>
        CLIENT if matches!(of, Subject::Client(_)),
        GID_TABLE if matches!(of, Subject::GidTable(_));
    Get(of, count) => ACTIVE_COUNT if matches!(of, Subject::IbUsers(_)), REVIVED if count == 1;
    Acquire(lock, _mode) => GLOBAL_LOCK if matches!(lock.class.scope(), Scope::Global);
    Free(of) => NETNS_GONE if matches!(of, Subject::Netns(_));
    AtRest(of, _value) =>
        AT_REST if matches!(of, Subject::Devlink(_)),
        INSTANCES_AT_REST if matches!(of, Subject::MdevType(..));
    Deadlock(_cycle) => DEADLOCK;
    LockOrder(_cycle) => LOCK_ORDER;
    ModuleGone(_module) => MODULE_GONE;
    TextGone(_module, _at) => TEXT_GONE;
    UseAfterFree(_of, _freed, _used) => USE_AFTER_FREE;
    Leak(_of, _left) => LEAK;
    Underflow(_of, _at) => UNDERFLOW;
    Warn(_of, _at) => WARN;
    Console(_text) => WARN;
    ---
    What::Begin(_)
    | What::Preempt(_)
    | What::Release(..)
    | What::Ask(..)
    | What::Hold(_)
    | What::Unhold(_)
    | What::Use(_)
    | What::Wake
    | What::Block(_)
    | What::Ready(_)
    | What::Unready(_)
    | What::Visible(_)
    | What::Hidden(_)
    | What::Remove(_)
    | What::In(_)
    | What::Seen(..)
    | What::Put(..)
    | What::Queue(..)
    | What::WorkBegin(..)
    | What::WorkEnd(..)
    | What::Cancel(..)
    | What::Sleeps(_)
    | What::Foreign(_)
    | What::OutOfSteps
}

/// Whether a notification or a uevent about this is RDMA's.
const fn is_rdma(of: Subject) -> bool {
    matches!(
        of,
        Subject::Ib(_)
            | Subject::IbName(_)
            | Subject::IbLink(_)
            | Subject::IbCompat(..)
            | Subject::Netdev(_)
            | Subject::Unnamed
    )
}

impl Kinds {
    /// Adds the kinds of an event.
    #[inline]
    pub fn insert(&mut self, what: What) {
        self.0 |= Kinds::of(what).0;
    }
    /// The union of two sets.
    pub const fn or(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }
    /// Whether the two sets have a kind in common.
    pub const fn meets(self, other: Kinds) -> bool {
        self.0 & other.0 != 0
    }
    /// This set if a condition holds, none otherwise.
    const fn when(self, holds: bool) -> Kinds {
        Kinds(self.0 * holds as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{
        Action, Client, Errno, Handle, IbDevice, LockClass, LockName, MdevType, Mode, NetNs, Notice, Parent,
        Uuid,
    };

    /// An event of every kind or pair of kinds that a condition decides about.
    fn events() -> Vec<What> {
        let (devlink, ib) = (Subject::Devlink(Handle::Mlx50), Subject::Ib(IbDevice::Rxe0));
        let (child, parent) = (Subject::Child(Parent::Mtty0, Uuid::A), Subject::Parent(Parent::Mtty0));
        let subjects = [
            devlink,
            ib,
            child,
            parent,
            Subject::NetnsOf(Handle::Mlx50),
            Subject::Configured(Parent::Mtty0, Uuid::A),
            Subject::Client(Client::Mad),
            Subject::GidTable(IbDevice::Rxe0),
            Subject::IbUsers(IbDevice::Rxe0),
            Subject::Netns(NetNs::A),
            Subject::MdevType(Parent::Mtty0, MdevType::Mtty1),
            Subject::Unnamed,
        ];
        let about = |of: Subject| {
            let spans =
                [Span::DevlinkReload, Span::MdevRegister, Span::IbUnregisterClient, Span::DriverProbe];
            let spans =
                spans.into_iter().flat_map(move |span| [What::Enter(span, of), What::Leave(span, of, None)]);
            let calls = [Callback::ClientRemove, Callback::ReloadUp].map(|call| What::Return(call, of, None));
            let locks = [LockClass::Rtnl, LockClass::Devlink];
            let locks = locks.map(|class| What::Acquire(LockName { class, of }, Mode::Write));
            let others = [
                What::Notify(Notice::New, of, 0),
                What::Uevent(Action::Add, of),
                What::Set(of, 0, 1),
                What::Alloc(of),
                What::Add(of),
                What::Get(of, 1),
                What::Get(of, 2),
                What::Free(of),
                What::AtRest(of, 0),
            ];
            spans.chain(calls).chain(locks).chain(others)
        };
        let ends = [None, Some(Errno::EBUSY)].map(|errno| What::End(0, errno));
        subjects.into_iter().flat_map(about).chain(ends).collect()
    }

    #[test]
    fn the_order_of_the_lines_means_nothing() {
        for what in events() {
            let kinds = |lines: &mut dyn Iterator<Item = &fn(What) -> Kinds>| {
                lines.map(|line| line(what)).find(|kinds| *kinds != Kinds::default()).unwrap_or_default()
            };
            assert_eq!(kinds(&mut LINES.iter()), Kinds::of(what), "{what:?}");
            assert_eq!(kinds(&mut LINES.iter().rev()), Kinds::of(what), "{what:?}");
        }
    }

    #[test]
    fn an_event_may_be_of_several_kinds() {
        let kinds = Kinds::of(What::Get(Subject::IbUsers(IbDevice::Rxe0), 1));
        assert_eq!(kinds, Kinds::ACTIVE_COUNT.or(Kinds::REVIVED));
    }
}
