//! Filters: a task's own socket, and what of the notifications in its namespace it hears.
//!
//! A filter belongs to a socket and is looked at when a message is sent, once for each socket that listens. Nothing is
//! looked up, so a filter may name what is not there (yet).

use super::{Devlink, InstanceId};
use crate::event::{Errno, FilterDevice, FilterPort, NetNs, Notice, Subject, TaskId, What};
use crate::sim::Kernel;

/// The socket of a task that listens, with its filter. It stays in the namespace where it was opened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listener {
    task: TaskId,
    netns: NetNs,
    device: FilterDevice,
    port: FilterPort,
}

impl Devlink {
    /// Models `devlink_nl_notify_filter_set_doit()`: the filter takes the place of the one before. The first one that
    /// a task sets opens its socket. No instance is asked for, so no lock of one is taken. Kernels before 6.8 have none.
    pub(super) fn notify_filter_set(
        &self,
        k: &Kernel,
        device: FilterDevice,
        port: FilterPort,
    ) -> Result<(), Errno> {
        if self.decisions.part.without_filters {
            return Err(Errno::EOPNOTSUPP);
        }
        let mut listeners = self.listeners.borrow_mut();
        let known = listeners.iter_mut().find(|listener| listener.task == k.current());
        let netns = match known {
            Some(listener) => {
                (listener.device, listener.port) = (device, port);
                listener.netns
            }
            None => {
                let netns = k.netns_listen();
                listeners.push(Listener { task: k.current(), netns, device, port });
                netns
            }
        };
        k.emit(What::Filter(netns, device, port));
        Ok(())
    }

    /// Models `netlink_broadcast_filtered()`: the socket that joined the group last hears first, and the one that has
    /// been there from the start, which has no filter, hears last.
    pub(super) fn send(&self, k: &Kernel, id: InstanceId, notice: Notice, of: Subject, value: u8) {
        let (netns, memory) = (self.netns(id), self.memory(id));
        for listener in self.listeners.borrow().iter().rev().filter(|listener| listener.netns == netns) {
            if self.matches(id, of, listener) {
                k.emit_to_of(listener.task, memory, What::Heard(notice, of, value));
            }
        }
        k.emit_in_of(netns, memory, What::Notify(notice, of, value));
    }

    /// Models `devlink_obj_desc_match()`: what only one of filter and message says does not count. Every message says
    /// bus and device; only those about a port say which, and not those about the rate object of one.
    fn matches(&self, id: InstanceId, of: Subject, listener: &Listener) -> bool {
        let port = match of {
            Subject::Port(_, port) => Some(port),
            _ => None,
        };
        let is_port = match (listener.port.index_wanted(), port) {
            (Some(wanted), Some(port)) => wanted == port,
            (Some(_), None) => !self.decisions.part.port_filter_hides_instance,
            (None, _) => true,
        };
        listener.device.names(self.handle(id)) && is_port
    }
}
