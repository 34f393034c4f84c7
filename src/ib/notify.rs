//! What users are told of a device: uevents of it and of what stands for it in other namespaces, and RDMA notifications.
//!
//! RDMA notifications are heard where the device is, which for a software device is the initial namespace; so are the
//! uevents of the device itself.

use super::Ib;
use super::netdev::NetdevId;
use crate::event::value::{IbLink, Protocol, Value};
use crate::event::{Action, IbDevice, IbDriver, Mode, NetNs, Notice, Point, Subject, What};
use crate::operand::Operand;
use crate::sim::{Kernel, Kref};

impl Ib {
    /// What is told of a device before its clients are added: nothing, since it is not ready.
    pub(super) async fn notify_early(&self, k: &Kernel, device: IbDevice) {
        if self.decisions.users.announces_first
            && let Some(state) = self.device(device)
        {
            k.point(Point::IbNotifyAdd).await;
            k.uevent(Action::Add, Subject::Ib(self.name(device)), state.kref);
        }
        if self.decisions.users.attaches_at_once {
            k.point(Point::IbNotifyAttach).await;
            self.notify_netdev(k, device);
        }
    }

    /// Models `ib_device_notify_register()`: the device is ready.
    pub(super) async fn notify_register(&self, k: &Kernel, device: IbDevice) {
        let Some(state) = self.device(device) else { return };
        let at = Point::IbNotifyAdd;
        let _list = if self.decisions.users.announces_locked {
            self.list(k, self.decisions.devices, Mode::Read, at).await
        } else {
            k.point(at).await;
            None
        };
        if !self.decisions.users.announces_first {
            // Models `kobject_get_path()`, which reads the name once for its length and once for its letters.
            let name = self.name_memory(device);
            k.point(Point::IbNotifyName).await;
            if let Some(name) = name {
                k.touch(name);
            }
            k.uevent(Action::Add, Subject::Ib(self.name(device)), state.kref);
        }
        k.point(Point::IbNotifyRegister).await;
        self.announced[device.index()].set(true);
        if !self.decisions.users.notifies {
            return;
        }
        let subject = Subject::Ib(self.name(device));
        k.emit_in_of(state.netns, state.kref, What::Notify(Notice::New, subject, 0));
        if !self.decisions.users.attaches_at_once {
            k.point(Point::IbNotifyAttach).await;
            self.notify_netdev(k, device);
        }
    }

    /// RDMA_NETDEV_ATTACH_EVENT: where the device is, a netdev that is elsewhere has no name.
    fn notify_netdev(&self, k: &Kernel, device: IbDevice) {
        let Some(netdev) = self.netdev_of(device).map(|id| self.netdevs.get(id)) else { return };
        let name = Subject::IbLink(self.name(device));
        let (subject, value) = match netdev.netns {
            NetNs::Init => (name, netdev.name.to_byte() + 1),
            _ if self.decisions.users.attach_may_name_nothing => (Subject::Unnamed, 0),
            _ => (name, 0),
        };
        self.says_in(k, NetNs::Init, device, What::Notify(Notice::New, subject, value));
    }

    /// RDMA_RENAME_EVENT: the device has this name from here on.
    pub(super) fn notify_rename(&self, k: &Kernel, device: IbDevice) {
        let Some(state) = self.device(device) else { return };
        if self.decisions.users.announces_renames && self.announced[device.index()].get() {
            k.emit_in_of(
                state.netns,
                state.kref,
                What::Notify(Notice::New, Subject::IbName(self.name(device)), 0),
            );
        }
    }

    /// RDMA_NETDEV_RENAME_EVENT: the netdev that a device is on has another name.
    pub fn notify_netdev_rename(&self, k: &Kernel, id: NetdevId) {
        if !self.decisions.users.announces_renames {
            return;
        }
        let on =
            |device: &IbDevice| self.netdev_of(*device) == Some(id) && self.announced[device.index()].get();
        let mut devices = self.by_index().filter(on);
        if self.decisions.users.netdev_rename_names_device {
            devices.for_each(|device| self.notify_netdev(k, device));
        } else if let Some(found) = devices.next() {
            // Models `ib_device_get_by_netdev()`, which finds one.
            let netdev = self.netdevs.get(id);
            let value = if netdev.netns == NetNs::Init { netdev.name.to_byte() + 1 } else { 0 };
            self.says_in(k, NetNs::Init, found, What::Notify(Notice::New, Subject::Unnamed, value));
        }
    }

    /// What is told of the end of a device before its clients are removed: nothing.
    pub(super) async fn notify_unregister_early(&self, k: &Kernel, device: IbDevice) {
        if self.decisions.users.ends_before_clients {
            k.point(Point::IbNotifyUnregister).await;
            self.notify_end(k, device);
        }
    }

    /// Models the middle of `__ib_unregister_device()`: no client has the device any more, and no task operates it.
    pub(super) async fn notify_unregister(&self, k: &Kernel, device: IbDevice, kref: Kref) {
        k.point(Point::IbNotifyUnregister).await;
        if !self.decisions.users.ends_before_clients {
            self.notify_end(k, device);
        }
        self.free_netdevs(k, device);
        k.point(Point::IbNotifyRemove).await;
        if self.is_told(device) {
            k.uevent(Action::Remove, Subject::Ib(self.name(device)), kref);
        }
        self.announced[device.index()].set(false);
        self.told[device.index()].set(false);
    }

    fn notify_end(&self, k: &Kernel, device: IbDevice) {
        let is_said = self.announced[device.index()].get() || self.decisions.users.ends_what_never_began;
        if is_said && self.decisions.users.notifies {
            let netns = self.device(device).map_or(NetNs::Init, |state| state.netns);
            self.says_in(k, netns, device, What::Notify(Notice::Del, Subject::Ib(self.name(device)), 0));
        }
    }

    /// Whether uevents of a device go out; until its clients are added they are held back.
    pub(super) fn is_told(&self, device: IbDevice) -> bool {
        self.told[device.index()].get() || self.decisions.users.announces_first
    }

    /// What a dump says of a device.
    pub(super) fn shown(&self, device: IbDevice) -> (Subject, u8) {
        let is_siw = self.driver_of(device) == IbDriver::Siw;
        let protocol = if is_siw { Protocol::Iwarp } else { Protocol::Roce };
        (Subject::Ib(self.name(device)), protocol.pack())
    }

    /// What a dump that is asked for in a namespace says of a device's port.
    pub(super) fn port_shown(&self, device: IbDevice, netns: NetNs) -> (Subject, u8) {
        let netdev = self.netdev_of(device).map(|id| self.netdevs.get(id));
        let named = netdev.filter(|netdev| netdev.netns == netns).map(|netdev| netdev.name);
        let link =
            IbLink::of(named, netdev.is_some_and(|netdev| netdev.up)).expect("a port is on such a netdev");
        (Subject::IbLink(self.name(device)), link.pack())
    }

    /// Emits what users can find at rest, in each namespace.
    pub fn at_rest(&self, k: &Kernel) {
        self.at_rest_in(k, NetNs::Init);
        self.netns.others().into_iter().for_each(|netns| self.at_rest_in(k, netns));
    }

    fn at_rest_in(&self, k: &Kernel, netns: NetNs) {
        let seen = self.by_index().filter(|device| {
            self.is_seen_from(*device, netns) && self.device(*device).is_some_and(|state| state.registered)
        });
        for device in seen {
            for (subject, value) in [self.shown(device), self.port_shown(device, netns)] {
                k.emit_in(netns, What::AtRest(subject, value));
            }
        }
    }
}
