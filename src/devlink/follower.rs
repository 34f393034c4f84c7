//! Of which netdevs an instance is told: the notifier block of each, and the lists that it is in.

use super::decisions::Follows;
use super::{Devlink, InstanceId};
use crate::event::{NetNs, What};
use crate::sim::Kernel;
use crate::sim::cell::{Cell, RefCell};

/// What became of notifier blocks.
#[derive(Debug, Default)]
pub(super) struct Followers {
    /// Those that are still in the list of a namespace though their instance was freed.
    left_behind: RefCell<Vec<(InstanceId, NetNs)>>,
    /// Whether the list of all namespaces ends at devlink's block, and the blocks behind it are told no more.
    is_cut: Cell<bool>,
}

impl Devlink {
    /// Whether an instance is told of the netdevs of a namespace.
    pub(super) fn is_told(&self, id: InstanceId, netns: NetNs) -> bool {
        match self.decisions.netdev.follows {
            Follows::All | Follows::Twice => true,
            Follows::Own | Follows::First => self.instance(id).follows.get() == netns,
        }
    }

    /// An instance is in another namespace. Models `move_netdevice_notifier_net()`.
    pub(super) fn follow_to(&self, k: &Kernel, id: InstanceId, to: NetNs) {
        match self.decisions.netdev.follows {
            Follows::All | Follows::First => {}
            Follows::Own => self.used(k, id).follows.set(to),
            Follows::Twice => self.follower.is_cut.set(true),
        }
    }

    /// Models `unregister_netdevice_notifier_net()` in `devlink_free()`, which looks where the instance is.
    pub(super) fn unfollow(&self, k: &Kernel, id: InstanceId) {
        let follows = self.instance(id).follows.get();
        if self.decisions.netdev.follows == Follows::First && follows != self.netns(id) {
            k.emit(What::Warn(self.subject(id), k.here()));
            self.follower.left_behind.borrow_mut().push((id, follows));
        }
    }

    /// The blocks that were left in the list of a namespace are called, each in the memory of its instance.
    pub(super) fn left_behind_are_told(&self, k: &Kernel, netns: NetNs) {
        let left = self.follower.left_behind.borrow().clone();
        for (id, _) in left.into_iter().filter(|(_, follows)| *follows == netns) {
            self.touch(k, id);
        }
    }

    /// Whether the followers of netdevs behind devlink are notified that one goes, and drop their references.
    pub fn others_are_told(&self) -> bool {
        !self.follower.is_cut.get()
    }
}
