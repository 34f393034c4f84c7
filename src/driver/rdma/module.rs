//! The modules of RDMA: two drivers, `ib_uverbs` that they need, and `ib_umad` that no other module needs.

use super::{Cores, link};
use crate::event::{Client, Errno, IbDriver, LockClass, Module, Point, RdmaModule, Span, Subject};
use crate::ib;
use crate::ib::decisions::LinkOps;
use crate::sim::cell::Cell;
use crate::sim::{Held, RegistrationId};

/// How far a module is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// Not loaded.
    #[default]
    Absent,
    /// Its init function runs.
    Coming,
    /// It runs.
    Live,
    /// Its exit function runs.
    Going,
}

/// What is loaded, and which drivers make links.
#[derive(Debug, Default)]
pub struct Rdma {
    states: [Cell<State>; RdmaModule::COUNT],
    ops: [Cell<Option<RegistrationId>>; IbDriver::COUNT],
    /// Whose notifiers are called, first the one that was loaded first.
    notified: [Cell<Option<IbDriver>>; IbDriver::COUNT],
}

impl Rdma {
    /// `link_ops_get()`
    pub(super) fn ops(&self, driver: IbDriver) -> Option<RegistrationId> {
        self.ops[driver.index()].get()
    }

    /// The drivers that are told of netdevs, in the order in which they are told.
    pub(super) fn notified(&self) -> impl Iterator<Item = IbDriver> {
        self.notified.iter().filter_map(Cell::get)
    }

    /// A driver is told of netdevs no more.
    pub(super) fn tells_no_more(&self, driver: IbDriver) {
        let left: Vec<IbDriver> = self.notified().filter(|other| *other != driver).collect();
        let left = left.into_iter().map(Some).chain(std::iter::repeat(None));
        self.notified.iter().zip(left).for_each(|(slot, driver)| slot.set(driver));
    }

    fn state(&self, module: RdmaModule) -> &Cell<State> {
        &self.states[module.index()]
    }

    fn is_absent(&self, module: RdmaModule) -> bool {
        self.state(module).get() == State::Absent
    }
}

/// Where users have RDMA devices the drivers and what they need are there from the start.
pub fn boot(cores: &Cores<'_>) {
    for module in [RdmaModule::IbUverbs, RdmaModule::Siw, RdmaModule::RdmaRxe] {
        cores.drivers.rdma.state(module).set(State::Live);
    }
    cores.ib.users_load.set(true);
    cores.ib.boot_client(cores.kernel, Client::Uverbs);
    begin_driver(cores, IbDriver::Siw);
    begin_driver(cores, IbDriver::Rxe);
}

/// Models `init_module(2)` as modprobe calls it: first for what the module needs.
pub(super) async fn load(cores: &Cores<'_>, module: RdmaModule) -> Result<(), Errno> {
    if needs_uverbs(cores, module) {
        match insert(cores, RdmaModule::IbUverbs).await {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(errno) => return Err(errno),
        }
    }
    insert(cores, module).await
}

/// Whether a module calls functions of `ib_uverbs`.
fn needs_uverbs(cores: &Cores<'_>, module: RdmaModule) -> bool {
    match module {
        RdmaModule::Siw => cores.ib.decisions.users.siw_needs_uverbs,
        RdmaModule::RdmaRxe => cores.ib.decisions.users.rxe_needs_uverbs,
        RdmaModule::IbUverbs | RdmaModule::IbUmad => false,
    }
}

/// Models `finit_module(2)`: a module that is there or going is refused.
async fn insert(cores: &Cores<'_>, module: RdmaModule) -> Result<(), Errno> {
    let load = async {
        match cores.drivers.rdma.state(module).get() {
            State::Absent => init(cores, module).await,
            State::Live => Err(Errno::EEXIST),
            State::Coming | State::Going => Err(Errno::EBUSY),
        }
    };
    cores.drivers.modules.load_once(cores.kernel, text_of(module), load).await
}

async fn init(cores: &Cores<'_>, module: RdmaModule) -> Result<(), Errno> {
    let (k, rdma) = (cores.kernel, &cores.drivers.rdma);
    rdma.state(module).set(State::Coming);
    k.module_loaded(text_of(module));
    let _text = k.text(text_of(module));
    match module {
        RdmaModule::Siw => load_driver(cores, IbDriver::Siw).await,
        RdmaModule::RdmaRxe => load_driver(cores, IbDriver::Rxe).await,
        RdmaModule::IbUverbs => register(cores, Client::Uverbs).await?,
        RdmaModule::IbUmad => {
            register(cores, Client::Umad).await?;
            cores.ib.register_issm(k).await;
        }
    }
    rdma.state(module).set(State::Live);
    Ok(())
}

/// Models `delete_module(2)`: a module that another needs, or that is in use, stays.
pub(super) async fn remove(cores: &Cores<'_>, module: RdmaModule) -> Result<(), Errno> {
    let (k, rdma) = (cores.kernel, &cores.drivers.rdma);
    let is_needed =
        RdmaModule::ALL.iter().any(|other| needs_uverbs(cores, *other) && !rdma.is_absent(*other));
    match rdma.state(module).get() {
        State::Absent => return Err(Errno::ENOENT),
        State::Live if module == RdmaModule::IbUverbs && is_needed => return Err(Errno::EAGAIN),
        State::Live if module == RdmaModule::IbUverbs && cores.ib.uverbs.is_used() => {
            return Err(Errno::EAGAIN);
        }
        State::Live if module == RdmaModule::RdmaRxe && cores.ib.pins_rxe() => return Err(Errno::EAGAIN),
        State::Coming | State::Going => return Err(Errno::EBUSY),
        State::Live => rdma.state(module).set(State::Going),
    }
    k.point(Point::ModuleExit).await;
    let text = text_of(module);
    let exit = async {
        match module {
            RdmaModule::Siw => exit_driver(cores, IbDriver::Siw).await,
            RdmaModule::RdmaRxe => exit_driver(cores, IbDriver::Rxe).await,
            RdmaModule::IbUverbs => unregister(cores, Client::Uverbs, text).await,
            RdmaModule::IbUmad => {
                cores.ib.unregister_issm(k).await;
                unregister(cores, Client::Umad, text).await;
            }
        }
        Ok(())
    };
    k.span(Span::ModuleExit, Subject::Module(text), exit).await?;
    k.point(Point::ModuleGone).await;
    k.module_gone(text);
    rdma.state(module).set(State::Absent);
    let driver = match module {
        RdmaModule::Siw => Some(IbDriver::Siw),
        RdmaModule::RdmaRxe => Some(IbDriver::Rxe),
        RdmaModule::IbUverbs | RdmaModule::IbUmad => None,
    };
    if let Some(driver) = driver {
        // A module that is gone is loaded again with the next link.
        cores.ib.makes_no_links[driver.index()].set(false);
    }
    Ok(())
}

async fn register(cores: &Cores<'_>, client: Client) -> Result<(), Errno> {
    ib::module::set_going(cores.ib, client, false);
    cores.ib.register_client(cores.kernel, client).await
}

async fn unregister(cores: &Cores<'_>, client: Client, module: Module) {
    let _text = cores.kernel.text(module);
    ib::module::set_going(cores.ib, client, true);
    // A client that is not registered is none to unregister.
    let _done = cores.ib.unregister_client(cores.kernel, client).await;
}

const fn text_of(module: RdmaModule) -> Module {
    match module {
        RdmaModule::Siw => Module::Siw,
        RdmaModule::RdmaRxe => Module::RdmaRxe,
        RdmaModule::IbUverbs => Module::IbUverbs,
        RdmaModule::IbUmad => Module::IbUmad,
    }
}

/// What a driver has once the machine is up.
fn begin_driver(cores: &Cores<'_>, driver: IbDriver) {
    register_notifier(cores, driver);
    register_ops(cores, driver);
}

/// Models `siw_init_module()` and `rxe_module_init()`.
async fn load_driver(cores: &Cores<'_>, driver: IbDriver) {
    let locks = lock_notifiers(cores).await;
    register_notifier(cores, driver);
    drop(locks);
    let k = cores.kernel;
    let _held = match cores.ib.decisions.users.link_ops {
        LinkOps::Rwsem => Some(k.lock_here(k.lock_of(LockClass::LinkOpsRwsem, Subject::Kernel)).await),
        LinkOps::Users | LinkOps::Nothing => None,
    };
    register_ops(cores, driver);
}

/// Models `rdma_link_register()`, with its lock held.
fn register_ops(cores: &Cores<'_>, driver: IbDriver) {
    cores.ib.gone[driver.index()].set(false);
    let registration = cores.kernel.registration(Subject::Module(link::text_of(driver)));
    cores.drivers.rdma.ops[driver.index()].set(Some(registration));
}

/// Models `siw_exit_module()` and `rxe_module_exit()`: no new link, then no device.
async fn exit_driver(cores: &Cores<'_>, driver: IbDriver) {
    let k = cores.kernel;
    let _text = k.text(link::text_of(driver));
    cores.ib.gone[driver.index()].set(true);
    match driver {
        IbDriver::Siw => {
            unregister_notifier(cores, driver).await;
            forget_ops(cores, driver).await;
            // Models `ib_unregister_driver()`: a task that unregisters one of them already is waited for.
            cores.ib.unregister_driver(k, driver).await;
        }
        IbDriver::Rxe | IbDriver::Mlx5 => {
            forget_ops(cores, driver).await;
            cores.ib.unregister_driver(k, driver).await;
            unregister_notifier(cores, driver).await;
        }
    }
}

/// Models `unregister_netdevice_notifier()`: it calls the notifier as if every netdev went.
async fn unregister_notifier(cores: &Cores<'_>, driver: IbDriver) {
    let _locks = lock_notifiers(cores).await;
    cores.drivers.rdma.tells_no_more(driver);
    for device in cores.ib.made_by(driver).collect::<Vec<_>>() {
        // It may be on its way out already.
        let _gone = cores.ib.unregister_queued(cores.kernel, device);
    }
}

/// The locks under which `register_netdevice_notifier()` and `unregister_netdevice_notifier()` visit all netdevs: no
/// namespace begins or ends meanwhile, and no netdev comes or goes.
async fn lock_notifiers<'k>(cores: &Cores<'k>) -> (Held<'k>, Option<Held<'k>>) {
    let k = cores.kernel;
    let pernet = if cores.devlink.decisions.lock.netns_exit_holds_pernet_ops {
        Some(k.lock_here(k.lock_of(LockClass::PernetOps, Subject::Kernel)).await)
    } else {
        None
    };
    let rtnl = k.lock_here(k.lock_of(LockClass::Rtnl, Subject::Kernel)).await;
    // Unlocked in this order.
    (rtnl, pernet)
}

/// Models `register_netdevice_notifier()`, with its locks held.
fn register_notifier(cores: &Cores<'_>, driver: IbDriver) {
    let rdma = &cores.drivers.rdma;
    rdma.tells_no_more(driver);
    // Notifiers are called in the order in which they came.
    let last = rdma.notified.iter().find(|slot| slot.get().is_none());
    last.expect("there is a slot for each driver").set(Some(driver));
}

/// Models `rdma_link_unregister()`: no link of the driver is made from here on.
async fn forget_ops(cores: &Cores<'_>, driver: IbDriver) {
    let (k, ops) = (cores.kernel, &cores.drivers.rdma.ops[driver.index()]);
    match cores.ib.decisions.users.link_ops {
        LinkOps::Users => {
            if let Some(registration) = ops.take() {
                k.unregister_wait(registration, Point::LinkUnregister).await;
            }
        }
        LinkOps::Rwsem => {
            let lock = k.lock_of(LockClass::LinkOpsRwsem, Subject::Kernel);
            let _held = k.lock(lock, Point::LinkUnregister).await;
            ops.set(None);
            cores.ib.makes_no_links[driver.index()].set(true);
        }
        LinkOps::Nothing => {
            k.point(Point::LinkUnregister).await;
            ops.set(None);
        }
    }
}
