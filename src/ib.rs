//! ib_core: RDMA devices, the clients that attach to them, and the work that netdev events queue.
//!
//! A device has two lives here, as the mails insist: its memory is a kref, and it may be operated while its
//! registration lets users in. Whatever a client does with a device lies between its `add()` and its `remove()`.

pub mod address;
pub mod chardev;
pub mod client;
pub mod cm;
pub mod cma;
pub mod command;
pub mod compat;
pub mod decisions;
pub mod device;
pub mod event_file;
pub mod gid;
pub mod handler;
mod ipoib;
pub mod module;
pub mod name;
pub mod netdev;
pub mod netns;
pub mod notify;
pub mod table;
pub mod unnamed;
pub mod unregister;
pub mod user;
pub mod uverbs;
pub mod variant;

pub use command::Command;
pub use decisions::Decisions;

use crate::event::{Client, IbDevice, IbDriver, LockClass, Mode, Module, NetNs, Point, Subject, What};
use crate::sim::cell::Cell;
use crate::sim::{Held, Kernel, Kref, LockId, Named, RegistrationId, User};
use decisions::Keeps;

/// ib_core in one run.
#[derive(Debug)]
pub struct Ib {
    /// The decisions of this run.
    pub decisions: Decisions,
    devices: [Cell<Option<Device>>; IbDevice::COUNT],
    /// The clients of each device.
    offered: [Cell<Offered>; IbDevice::COUNT],
    clients: [Cell<Option<ClientState>>; Client::COUNT],
    /// The pointers in the rescans' work items, oldest first: one item about to run, one queued behind it.
    rescans: [Cell<[Option<Kref>; 2]>; IbDevice::COUNT],
    /// What each client's module is doing: nothing, a call into ib_core, or its exit.
    modules: [Cell<module::State>; Client::COUNT],
    /// Which clients refuse every device that they are told of.
    refuses: [Cell<bool>; Client::COUNT],
    /// What devices are called.
    names: name::Names,
    /// The netdevs that devices are on.
    pub netdevs: netdev::Netdevs,
    /// Whether users know of each device: RDMA_REGISTER_EVENT was sent.
    announced: [Cell<bool>; IbDevice::COUNT],
    /// Whether uevents of each device are no longer held back.
    told: [Cell<bool>; IbDevice::COUNT],
    /// The netdev that the GID of each iWARP device refers to.
    iwarp_gids: [Cell<Option<netdev::NetdevId>>; IbDevice::COUNT],
    /// The namespaces that devices are seen in.
    netns: netns::Namespaces,
    /// What stands for each device in the others.
    compat: compat::Compat,
    /// The character devices.
    numbers: chardev::Numbers,
    /// Devices that are to be unregistered later.
    queued: user::Queued,
    /// The drivers whose module has gone, or is about to: they make no device.
    pub gone: [Cell<bool>; IbDriver::COUNT],
    /// Whether the driver of the next device fails to enable it.
    pub fails_to_enable: Cell<bool>,
    /// Which drivers' modules go and make no links any more.
    pub makes_no_links: [Cell<bool>; IbDriver::COUNT],
    /// Whether users load and unload the modules of `uverbs` and `umad`, which register by themselves then.
    pub users_load: Cell<bool>,
    /// The clients that no program names.
    unnamed: unnamed::Unnamed,
    cm: cm::Cm,
    /// The ids of rdma_cm.
    pub cma: cma::Cma,
    handlers: handler::Handlers,
    /// What `ipoib` keeps for each device.
    ipoib: [Cell<Option<Kref>>; IbDevice::COUNT],
    /// The users that have each device open.
    pub uverbs: uverbs::Uverbs,
}

/// `struct ib_device`, from its allocation until its memory is given back. Its name is taken that long.
#[derive(Debug, Clone, Copy)]
struct Device {
    /// The life of its memory.
    kref: Kref,
    /// The driver that has made it.
    driver: IbDriver,
    /// The namespace that it is in, where devices are not shared by all.
    netns: NetNs,
    /// The life in which it may be operated; it has none before it is enabled.
    users: Option<RegistrationId>,
    /// DEVICE_REGISTERED: it is in the list, and clients may be added to it.
    registered: bool,
    /// DEVICE_GID_UPDATES: netdev events are for it.
    gid_updates: bool,
    /// Its GID table, while it has one.
    gids: Option<table::Gids>,
}

/// Which clients a device has been offered.
#[derive(Debug, Clone, Copy, Default)]
struct Offered {
    /// Whose `add()` was called in this registration of both, whatever it said.
    tried: [bool; Client::COUNT],
    /// CLIENT_DATA_REGISTERED: whose `add()` was called and whose `remove()` must be.
    added: [bool; Client::COUNT],
    /// The lowest id by which the task that unregisters the device has come, if it has begun since the device was enabled.
    passed: Option<u8>,
}

/// `struct ib_client`, while its id is taken.
#[derive(Debug, Clone, Copy)]
struct ClientState {
    /// Its place in the order in which clients are added to a device.
    id: u8,
    /// CLIENT_REGISTERED: it may be added to devices.
    registered: bool,
    /// `client->uses`: those who are about to call `remove()`.
    uses: RegistrationId,
}

/// Keeps a device from going away while it is operated; how, the decisions say.
#[derive(Debug)]
#[allow(dead_code, reason = "the guards do their work when they are dropped")]
enum Use<'k> {
    /// An active user.
    User(User<'k>),
    /// A reference to the memory.
    Kref(KrefUse<'k>),
    /// Nothing: a lock is held all the while.
    Lock,
}

/// A reference that is put when this is dropped.
#[derive(Debug)]
struct KrefUse<'k>(&'k Kernel, Kref);

impl Drop for KrefUse<'_> {
    fn drop(&mut self) {
        // The task that waits for the last reference frees the memory.
        let _last = self.0.put(self.1);
    }
}

impl Ib {
    /// ib_core with nothing registered.
    pub fn new(decisions: Decisions) -> Self {
        Ib {
            decisions,
            devices: Default::default(),
            offered: Default::default(),
            clients: Default::default(),
            rescans: Default::default(),
            modules: Default::default(),
            makes_no_links: Default::default(),
            refuses: Default::default(),
            names: Default::default(),
            netdevs: Default::default(),
            announced: Default::default(),
            told: Default::default(),
            iwarp_gids: Default::default(),
            netns: Default::default(),
            compat: Default::default(),
            numbers: Default::default(),
            queued: Default::default(),
            gone: Default::default(),
            fails_to_enable: Cell::default(),
            users_load: Cell::default(),
            unnamed: unnamed::Unnamed::default(),
            cm: cm::Cm::default(),
            cma: cma::Cma::default(),
            handlers: handler::Handlers::default(),
            ipoib: Default::default(),
            uverbs: uverbs::Uverbs::default(),
        }
    }

    fn device(&self, device: IbDevice) -> Option<Device> {
        self.devices[device.index()].get()
    }

    /// The driver that has made a device, or that would.
    pub fn driver_of(&self, device: IbDevice) -> IbDriver {
        self.device(device).map_or(device.driver(), |state| state.driver)
    }

    fn client(&self, client: Client) -> Option<ClientState> {
        self.clients[client.index()].get()
    }

    /// Whether netdev events reach the client, and devices its `add()`.
    fn is_registered(&self, client: Client) -> bool {
        self.client(client).is_some_and(|state| state.registered)
    }

    /// A subject that belongs to a device, told from those of others of its name.
    fn named(&self, device: IbDevice, of: Subject) -> Named {
        self.device(device).map_or(of.into(), |state| state.kref.names(of))
    }

    /// Records what happened to a device, and to no other of its name.
    fn says(&self, k: &Kernel, device: IbDevice, what: What) {
        match self.device(device) {
            Some(state) => k.emit_of(state.kref, what),
            None => k.emit(what),
        }
    }

    /// The same of what is heard in one namespace.
    fn says_in(&self, k: &Kernel, netns: NetNs, device: IbDevice, what: What) {
        match self.device(device) {
            Some(state) => k.emit_in_of(netns, state.kref, what),
            None => k.emit_in(netns, what),
        }
    }

    /// Changes a device that is there.
    fn change(&self, device: IbDevice, change: impl FnOnce(&mut Device)) {
        let slot = &self.devices[device.index()];
        slot.set(slot.get().map(|mut state| {
            change(&mut state);
            state
        }));
    }

    /// Which clients a device has been offered.
    fn offered(&self, device: IbDevice) -> Offered {
        self.offered[device.index()].get()
    }

    /// Changes which clients a device has been offered.
    fn offer(&self, device: IbDevice, change: impl FnOnce(&mut Offered)) {
        let mut offered = self.offered(device);
        change(&mut offered);
        self.offered[device.index()].set(offered);
    }

    /// The lock that the decisions hold over a client's `add()` and `remove()`, if they hold one in this mode.
    async fn over_callbacks<'k>(&self, k: &'k Kernel, mode: Mode, at: Point) -> Option<Held<'k>> {
        match self.decisions.over_callbacks {
            Some((class, held)) if held == mode => Some(take(k, class, mode, at).await),
            Some(_) | None => None,
        }
    }

    /// The lock of a list, unless it is the one that the caller holds over callbacks anyway.
    async fn list<'k>(&self, k: &'k Kernel, class: LockClass, mode: Mode, at: Point) -> Option<Held<'k>> {
        match self.decisions.over_callbacks {
            Some((over, held)) if over == class && (held == Mode::Write || mode == Mode::Read) => {
                k.point(at).await;
                None
            }
            Some(_) | None => Some(take(k, class, mode, at).await),
        }
    }

    /// Keeps a device, or says that it is too late for that. To be called under the lock of the list.
    fn keep<'k>(&self, k: &'k Kernel, device: Device) -> Option<Use<'k>> {
        match self.decisions.keeps {
            Keeps::Users => k.try_use(device.users?).map(Use::User),
            Keeps::Kref => {
                k.get(device.kref);
                Some(Use::Kref(KrefUse(k, device.kref)))
            }
            Keeps::Lock => Some(Use::Lock),
        }
    }
}

/// Takes a lock of ib_core; a mutex knows no readers.
async fn take(k: &Kernel, class: LockClass, mode: Mode, at: Point) -> Held<'_> {
    let lock = k.lock_of(class, Subject::Kernel);
    match (class, mode) {
        (LockClass::DevicesRwsem | LockClass::ClientsRwsem | LockClass::ListsRwsem, Mode::Read) => {
            k.read(lock, at).await
        }
        _ => k.lock(lock, at).await,
    }
}

/// The module whose code a client is.
const fn text_of(client: Client) -> Module {
    match client {
        Client::GidCache => Module::GidCache,
        Client::Mad => Module::Mad,
        Client::Cm => Module::Cm,
        Client::Uverbs => Module::IbUverbs,
        Client::Umad => Module::IbUmad,
        Client::Ipoib => Module::Ipoib,
        Client::Cma => Module::RdmaCm,
    }
}

/// The lock of what the clients of one device keep for it.
fn client_data(k: &Kernel, device: IbDevice) -> LockId {
    k.lock_of(LockClass::ClientDataRwsem, Subject::Ib(device))
}
