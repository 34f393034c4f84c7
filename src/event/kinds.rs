//! Kinds of events: a set that says what a trace has, so that invariants about other things need not look.

use super::{Callback, Scope, Span, Subject, What};

/// A set of kinds of events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Kinds(u64);

/// Numbers the kinds of events that invariants ask for.
macro_rules! kinds {
    ($($number:literal $constant:ident $pattern:pat $(if $guard:expr)?,)+) => {
        impl Kinds {
            $(#[doc = concat!("Only `What::", stringify!($pattern), "`", $(", if ", stringify!($guard),)? ".")] pub const $constant: Kinds = Kinds(1 << $number);)+
            /// The kind of one event; empty for kinds that no invariant starts from.
            const fn of(what: What) -> Kinds {
                match what { $($pattern $(if $guard)? => Kinds::$constant,)+ _ => Kinds(0) }
            }
        }
    };
}

kinds! {
    // Events are of the first kind that they match: what is told of RDMA is nobody else's business.
    29 RDMA What::Notify(_, Subject::Ib(_) | Subject::IbLink(_) | Subject::Unnamed, _)
        | What::Uevent(_, Subject::Ib(_) | Subject::IbCompat(..) | Subject::Netdev(_)),
    0 NOTIFY What::Notify(..),
    1 UEVENT What::Uevent(..),
    2 CALL What::Call(..),
    3 DUMPED What::Dumped(..),
    4 DEADLOCK What::Deadlock(..),
    5 LOCK_ORDER What::LockOrder(..),
    6 TEXT_GONE What::TextGone(..),
    7 USE_AFTER_FREE What::UseAfterFree(..),
    8 LEAK What::Leak(..),
    9 UNDERFLOW What::Underflow(..),
    10 AT_REST What::AtRest(Subject::Devlink(_), _),
    11 RELOAD What::Enter(Span::DevlinkReload, _),
    12 END_ERROR What::End(_, Some(_)),
    13 WORK What::WorkBegin(..),
    43 CONFIGURED What::Set(Subject::Configured(..), ..),
    14 MOVED What::Set(Subject::NetnsOf(_), ..),
    15 MODULE_GONE What::ModuleGone(..),
    16 HIDDEN What::Hidden(..),
    17 REVIVED What::Get(_, 1),
    18 GLOBAL_LOCK What::Acquire(lock, _) if matches!(lock.class.scope(), Scope::Global),
    19 WARN What::Warn(..) | What::Console(_),
    20 NETNS_GONE What::Free(Subject::Netns(_)),
    21 HEARD What::Filter(..) | What::Heard(..),
    22 LINK What::Link(..),
    40 INSTANCES_AT_REST What::AtRest(Subject::MdevType(..), _),
    41 CHILD_MADE What::Alloc(Subject::Child(..)),
    42 PARENT_REGISTERED What::Leave(Span::MdevRegister | Span::MdevUnregister, ..),
    24 CLIENT What::Add(Subject::Client(_)),
    25 ACTIVE_COUNT What::Get(Subject::IbUsers(_), _),
    26 GID_TABLE What::Add(Subject::GidTable(_)),
    30 CLIENT_REMOVED What::Return(Callback::ClientRemove, ..),
    31 IB_UNREGISTERED What::Leave(Span::IbUnregisterDevice | Span::IbUnregisterClient, ..),
}

impl Kinds {
    /// Adds the kind of an event.
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
}
