//! Routes of a namespace, and the drivers that keep them too: each as many as its resources allow.

use super::{Cores, fib_file, netdev};
use crate::devlink::InstanceId;
use crate::event::{Errno, Handle, NetNs, Point, Resource, Route, Subject, What};
use crate::operand::Operand;
use crate::sim::cell::Cell;

/// A set of routes: a bit each.
type Routes = u8;

/// The resources that routes take, each with those that take it.
const KEPT: [(Resource, Routes); 2] = [(Resource::Ipv4Fib, 0b00111), (Resource::Ipv6Fib, 0b11000)];

/// The routes of each namespace, and the drivers that are told of them.
#[derive(Debug, Default)]
pub struct Fib {
    routes: [Cell<Routes>; NetNs::COUNT],
    /// Those that are told, in the order in which they asked: each with what it keeps.
    listeners: Cell<[Option<Listener>; Handle::COUNT]>,
}

/// Models `struct nsim_fib_data`.
#[derive(Debug, Clone, Copy)]
struct Listener {
    instance: InstanceId,
    netns: NetNs,
    keeps: Routes,
}

impl Fib {
    fn listeners(&self) -> impl Iterator<Item = Listener> {
        self.listeners.get().into_iter().flatten()
    }

    /// Those that are told of a namespace's routes.
    fn told(&self, netns: NetNs) -> impl Iterator<Item = Listener> {
        self.listeners().filter(move |listener| listener.netns == netns)
    }

    fn change(&self, listener: Listener) {
        let mut all = self.listeners.get();
        for known in all.iter_mut().flatten().filter(|known| known.instance == listener.instance) {
            *known = listener;
        }
        self.listeners.set(all);
    }
}

/// Models `inet_rtm_newroute()` and the notifiers that it calls in turn: the first that has no room ends it.
pub(super) async fn add(cores: &Cores<'_>, route: Route) -> Result<(), Errno> {
    let (k, fib) = (cores.kernel, &cores.drivers.fib);
    let _rtnl = k.rtnl_lock(Point::RouteChange).await;
    let netns = k.netns();
    let routes = &fib.routes[netns.index()];
    if routes.get() & bit(route) != 0 {
        return Err(Errno::EEXIST);
    }
    for (place, listener) in fib.told(netns).enumerate() {
        if keep(cores, listener, route) {
            continue;
        }
        // A listener that was notified before keeps a route that there is not, unless its end is announced.
        if !cores.devlink.decisions.part.refused_routes_count {
            fib.told(netns).take(place).for_each(|listener| forget(cores, listener, route));
        }
        return Err(Errno::EPERM);
    }
    routes.set(routes.get() | bit(route));
    k.emit(What::Add(Subject::Route(netns, route)));
    Ok(())
}

/// Models `inet_rtm_delroute()`.
pub(super) async fn del(cores: &Cores<'_>, route: Route) -> Result<(), Errno> {
    let (k, fib) = (cores.kernel, &cores.drivers.fib);
    let _rtnl = k.rtnl_lock(Point::RouteChange).await;
    let netns = k.netns();
    let routes = &fib.routes[netns.index()];
    if routes.get() & bit(route) == 0 {
        return Err(Errno::ESRCH);
    }
    routes.set(routes.get() & !bit(route));
    k.emit(What::Remove(Subject::Route(netns, route)));
    fib.told(netns).for_each(|listener| forget(cores, listener, route));
    Ok(())
}

/// The routes of a namespace end with it.
pub(super) fn exit_netns(cores: &Cores<'_>, netns: NetNs) {
    let gone = cores.drivers.fib.routes[netns.index()].take();
    for route in Route::ALL.iter().filter(|route| gone & bit(**route) != 0) {
        cores.kernel.emit(What::Remove(Subject::Route(netns, *route)));
    }
}

/// Models `nsim_fib_create()`: the routes that there are already have to fit.
pub(super) async fn create(cores: &Cores<'_>, id: InstanceId) -> Result<(), Errno> {
    if !cores.model(id).keeps_routes {
        return Ok(());
    }
    let (k, fib) = (cores.kernel, &cores.drivers.fib);
    netdev::notifier_changes(cores, id).await;
    let netns = cores.devlink.netns(id);
    let keeps = fib.routes[netns.index()].get();
    if KEPT.iter().any(|(resource, of)| !fits(cores, id, *resource, keeps & of)) {
        netdev::notifier_changes(cores, id).await;
        return Err(Errno::EPERM);
    }
    let mut all = fib.listeners.get();
    let end = all.iter_mut().find(|place| place.is_none()).expect("there is a place for each device");
    *end = Some(Listener { instance: id, netns, keeps });
    fib.listeners.set(all);
    for (resource, of) in KEPT {
        cores.devlink.resource_occupy(k, id, resource, Some((keeps & of).count_ones() as u8));
    }
    fib_file::create(cores, cores.devlink.handle(id));
    Ok(())
}

/// Models `nsim_fib_destroy()`.
pub(super) async fn destroy(cores: &Cores<'_>, id: InstanceId) {
    let fib = &cores.drivers.fib;
    let mut left = [None; Handle::COUNT];
    let others = fib.listeners().filter(|listener| listener.instance != id);
    left.iter_mut().zip(others).for_each(|(place, listener)| *place = Some(listener));
    fib.listeners.set(left);
    netdev::notifier_changes(cores, id).await;
    fib_file::destroy(cores, cores.devlink.handle(id)).await;
    if cores.model(id).keeps_routes {
        KEPT.iter()
            .for_each(|(resource, _)| cores.devlink.resource_occupy(cores.kernel, id, *resource, None));
    }
}

/// Models `nsim_fib_account()`: false if there is no room for a route, be it one that is kept already.
fn keep(cores: &Cores<'_>, listener: Listener, route: Route) -> bool {
    let (resource, of) = kept(route);
    let used = (listener.keeps & of).count_ones();
    if u64::from(used) >= cores.devlink.resource_size(cores.kernel, listener.instance, resource).units() {
        return false;
    }
    occupy(cores, Listener { keeps: listener.keeps | bit(route), ..listener }, route);
    true
}

fn forget(cores: &Cores<'_>, listener: Listener, route: Route) {
    occupy(cores, Listener { keeps: listener.keeps & !bit(route), ..listener }, route);
}

/// Notes what a driver keeps now, and says how much of the resource for such routes that takes.
fn occupy(cores: &Cores<'_>, listener: Listener, route: Route) {
    cores.drivers.fib.change(listener);
    let (resource, of) = kept(route);
    let used = (listener.keeps & of).count_ones() as u8;
    cores.devlink.resource_occupy(cores.kernel, listener.instance, resource, Some(used));
}

fn fits(cores: &Cores<'_>, id: InstanceId, resource: Resource, routes: Routes) -> bool {
    u64::from(routes.count_ones()) <= cores.devlink.resource_size(cores.kernel, id, resource).units()
}

/// What a route takes, and all the routes that take it.
fn kept(route: Route) -> (Resource, Routes) {
    *KEPT.iter().find(|(_, of)| of & bit(route) != 0).expect("every route takes a resource")
}

fn bit(route: Route) -> Routes {
    1 << route.to_byte()
}
