//! One instance's life: alloc, register, look up, unregister, free.

use super::param::Param;
use super::port_type::Flavour;
use super::rate::Rates;
use super::region::Snapshots;
use super::{Devlink, Instance, Inventory, State};
use crate::event::value::PortType;
use crate::event::{
    self, Errno, EswitchMode, Handle, LockClass, Module, NetNs, ParamValue, Point, PortIndex, Span, Subject,
    SubjectKind, Trap, TrapAction, What,
};
use crate::operand::Operand;
use crate::sim::cell::{Cell, RefCell};
use crate::sim::{Held, Kernel, Kref, Named, User};

/// The number of an instance in its run. A handle may be reused by a later instance; a number is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstanceId(u8);

impl InstanceId {
    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What a command holds between `devlink_nl_pre_doit()` and `devlink_nl_post_doit()`, inner lock first so
/// that dropping it unlocks in the kernel's order.
#[derive(Debug)]
pub struct Doit<'k> {
    /// The instance that the command works on.
    pub id: InstanceId,
    lock: Option<Held<'k>>,
    _device: Option<Held<'k>>,
    _mutex: Option<Held<'k>>,
    _user: Option<User<'k>>,
    kernel: &'k Kernel,
    devlink: &'k Devlink,
}

impl Doit<'_> {
    /// Unlocks the instance's lock before the command is done, under the decisions that do.
    pub(super) fn unlock(&mut self) {
        drop(self.lock.take());
    }
}

impl Drop for Doit<'_> {
    fn drop(&mut self) {
        // The mutex lives in the instance, so it is unlocked before the reference is dropped.
        drop(self.lock.take());
        self.devlink.put(self.kernel, self.id);
    }
}

impl Devlink {
    /// Models `devlink_alloc_ns()`: the memory exists and no lookup finds it.
    ///
    /// `parent` is the device that the instance is of, if there is one on a bus; `netns` is where it will be seen.
    pub fn alloc(
        &self,
        k: &Kernel,
        handle: Handle,
        inventory: &'static Inventory,
        parent: Option<Kref>,
        netns: NetNs,
    ) -> InstanceId {
        if let Some(parent) = parent.filter(|_| !self.decisions.registration.parent_not_referenced) {
            k.get(parent);
        }
        let mut instances = self.instances.borrow_mut();
        let subject = Subject::Devlink(handle);
        let kref = k.kref_init(subject);
        if netns != NetNs::Init {
            let (init, own) = (NetNs::Init.to_byte(), netns.to_byte());
            k.emit_of(kref, What::Set(Subject::NetnsOf(handle), init, own));
        }
        instances.push(Instance {
            handle,
            kref,
            parent,
            netns: Cell::new(netns),
            follows: Cell::new(netns),
            // Every instance has a lock (and a lockdep key) of its own, also a later one of the same handle.
            lock: k.new_lock(LockClass::Devlink, kref.names(subject)),
            users: k.registration(subject),
            registered: Cell::new(false),
            inventory,
            state: RefCell::new(State {
                reload_enabled: false,
                reload_failed: false,
                eswitch: EswitchMode::Legacy,
                present: Default::default(),
                port_types: [PortType::NotSet; PortIndex::COUNT],
                flavours: [Flavour::Unused; PortIndex::COUNT],
                functions: [None; PortIndex::COUNT],
                port_order: Default::default(),
                netdevs_in: [NetNs::Init; PortIndex::COUNT],
                traps: [TrapAction::Drop; Trap::COUNT],
                policing: Default::default(),
                sizes: Default::default(),
                params: [Param::new(ParamValue::V32); event::Param::COUNT],
                rates: Rates::default(),
                snapshots: Snapshots::default(),
                reporters: Default::default(),
                linecards: Default::default(),
                nested_in: None,
            }),
        });
        self.allocated.set(self.allocated.get() + 1);
        InstanceId(instances.len() as u8 - 1)
    }

    /// Models `devl_lock()`.
    pub async fn lock<'k>(&self, k: &'k Kernel, id: InstanceId, at: Point) -> Held<'k> {
        let lock = self.used(k, id).lock;
        k.lock(lock, at).await
    }

    /// Models `devl_trylock()`.
    pub fn try_lock<'k>(&self, k: &'k Kernel, id: InstanceId) -> Option<Held<'k>> {
        let lock = self.used(k, id).lock;
        k.try_write(lock)
    }

    /// The one lock of all instances, under the decisions that have it.
    pub async fn mutex<'k>(&self, k: &'k Kernel, at: Point) -> Option<Held<'k>> {
        if self.decisions.lock.devlink_mutex {
            Some(k.lock(k.lock_of(LockClass::DevlinkMutex, Subject::Kernel), at).await)
        } else {
            None
        }
    }

    /// Models `devl_register()`: sets the mark, then announces the instance and the parts it has by now.
    pub async fn register(&self, k: &Kernel, id: InstanceId) -> Result<(), Errno> {
        let subject = self.subject(id);
        let body = async {
            if self.used(k, id).registered.replace(true) {
                self.says(k, id, What::Warn(subject, k.here()));
                return Err(Errno::EEXIST);
            }
            self.says(k, id, What::Visible(subject));
            k.point(Point::RegisterVisible).await;
            self.notify_register(k, id).await;
            self.nested_in_notify(k, id).await;
            Ok(())
        };
        k.span(Span::DevlinkRegister, self.named(id), body).await
    }

    /// Models `devl_unregister()`: announces the end of the parts and the instance, then clears the mark.
    pub async fn unregister(&self, k: &Kernel, id: InstanceId) -> Result<(), Errno> {
        let subject = self.subject(id);
        let body = async {
            if !self.is_registered(id) {
                self.says(k, id, What::Warn(subject, k.here()));
                return Err(Errno::ENODEV);
            }
            if self.decisions.registration.unregister_waits {
                let users = self.used(k, id).users;
                k.unregister_wait(users, Point::UnregisterWait).await;
            }
            self.notify_unregister(k, id).await;
            self.used(k, id).registered.set(false);
            self.says(k, id, What::Hidden(subject));
            self.nested_in_notify(k, id).await;
            k.point(Point::UnregisterHidden).await;
            Ok(())
        };
        k.span(Span::DevlinkUnregister, self.named(id), body).await
    }

    /// Models `devlink_free()`: drops the driver's reference; a task that still waits for the lock keeps another.
    pub fn free(&self, k: &Kernel, id: InstanceId) {
        // One warning for each list that is not empty; of params 6.12 does not look.
        let left = self.kinds_left(id).filter(|kind| *kind != SubjectKind::Param).count();
        for _ in 0..left + usize::from(self.is_registered(id)) {
            self.says(k, id, What::Warn(self.subject(id), k.here()));
        }
        self.unfollow(k, id);
        self.snapshot_ids_destroy(k, id);
        k.disown(self.used(k, id).kref);
        self.put(k, id);
    }

    pub(super) fn put(&self, k: &Kernel, id: InstanceId) {
        let (kref, parent) = {
            let instance = self.instance(id);
            (instance.kref, instance.parent)
        };
        if !k.put(kref) {
            return;
        }
        // Models `devlink_release()`, which names the device and then drops its reference.
        if let Some(parent) = parent
            && k.touch(parent)
            && !self.decisions.registration.parent_not_referenced
        {
            k.put_device(parent);
        }
        k.free(kref);
    }

    /// The instance as the subject of events.
    pub fn subject(&self, id: InstanceId) -> Subject {
        Subject::Devlink(self.handle(id))
    }

    /// The memory of an instance, by which events tell it from others of its handle.
    pub(super) fn memory(&self, id: InstanceId) -> Kref {
        self.instance(id).kref
    }

    /// The instance as the subject of events, told from others of its handle.
    pub fn named(&self, id: InstanceId) -> Named {
        self.memory(id).names(self.subject(id))
    }

    /// Records what happened to an instance, and to no other of its handle.
    pub fn says(&self, k: &Kernel, id: InstanceId, what: What) {
        k.emit_of(self.memory(id), what);
    }

    /// The module that the driver's code is in.
    pub(super) fn module(&self, id: InstanceId) -> Module {
        self.inventory(id).module
    }

    /// What the driver of an instance registers.
    pub(super) fn inventory(&self, id: InstanceId) -> &'static Inventory {
        self.instance(id).inventory
    }

    /// The handle of an instance.
    pub fn handle(&self, id: InstanceId) -> Handle {
        self.instance(id).handle
    }

    /// The namespace whose users can see the instance.
    pub fn netns(&self, id: InstanceId) -> NetNs {
        self.instance(id).netns.get()
    }

    /// Whether users can look the instance up.
    pub fn is_registered(&self, id: InstanceId) -> bool {
        self.instance(id).registered.get()
    }

    /// Notes that an instance which is allocated meanwhile would be looked at too.
    fn note_all(&self) {
        let _ = self.allocated.get();
    }

    /// The newest instance with this handle, whether users can see it or not.
    pub(super) fn newest(&self, handle: Handle) -> Option<InstanceId> {
        self.note_all();
        let instances = self.instances.borrow();
        instances.iter().rposition(|instance| instance.handle == handle).map(|at| InstanceId(at as u8))
    }

    /// The next instance at or after this index that users can see, in the order of allocation.
    pub(super) fn next_registered(&self, from: usize) -> Option<InstanceId> {
        self.note_all();
        let instances = self.instances.borrow();
        let found = instances.iter().skip(from).position(|instance| instance.registered.get())?;
        Some(InstanceId((from + found) as u8))
    }

    /// Models `devlink_nl_pre_doit()`: finds a visible instance, takes a reference, then its lock, then looks at the mark
    /// again.
    pub async fn pre_doit<'k>(&'k self, k: &'k Kernel, handle: Handle) -> Result<Doit<'k>, Errno> {
        self.find_and_lock(k, handle, false).await
    }

    /// Models `devlink_nl_pre_doit_dev_lock()`: as [`pre_doit`](Self::pre_doit), with the device's lock before the
    /// instance's, as reload wants it.
    pub async fn pre_doit_dev_lock<'k>(&'k self, k: &'k Kernel, handle: Handle) -> Result<Doit<'k>, Errno> {
        self.find_and_lock(k, handle, true).await
    }

    /// Models `__devlink_nl_pre_doit()`.
    async fn find_and_lock<'k>(
        &'k self,
        k: &'k Kernel,
        handle: Handle,
        is_reload: bool,
    ) -> Result<Doit<'k>, Errno> {
        let mutex = self.mutex(k, Point::DevlinkMutex).await;
        let mut from = 0;
        while let Some(id) = self.next_registered(from) {
            from = id.index() + 1;
            if self.handle(id) != handle || self.netns(id) != k.netns() {
                continue;
            }
            let Some(user) = self.try_get(k, id) else { continue };
            k.point(Point::DevlinkLookup).await;
            let device = if is_reload { self.lock_device(k, handle).await } else { None };
            let lock = if is_reload && self.decisions.lock.port_files_disable_reload {
                None
            } else {
                Some(self.lock(k, id, Point::DevlinkLock).await)
            };
            let mut doit =
                Doit { id, lock, _device: device, _mutex: None, _user: user, kernel: k, devlink: self };
            if self.is_still_in(id, k.netns()) {
                doit._mutex = mutex;
                return Ok(doit);
            }
        }
        Err(Errno::ENODEV)
    }

    /// Models `devlink_try_get()`: a reference, and under the decision that it promises more, what keeps an unregister
    /// waiting; none if one is.
    pub(super) fn try_get<'k>(&self, k: &'k Kernel, id: InstanceId) -> Option<Option<User<'k>>> {
        let (users, kref) = {
            let instance = self.used(k, id);
            (instance.users, instance.kref)
        };
        let user = if self.decisions.registration.unregister_waits { Some(k.try_use(users)?) } else { None };
        k.get(kref);
        Some(user)
    }

    /// The device's lock, under the decision that reload takes it.
    pub(super) async fn lock_device<'k>(&self, k: &'k Kernel, handle: Handle) -> Option<Held<'k>> {
        if self.decisions.reload.without_device_lock {
            None
        } else {
            Some(k.lock(device_lock(k, handle), Point::DevlinkDeviceLock).await)
        }
    }

    /// Whether an instance is still what the lookup found, as far as the decisions check.
    pub(super) fn is_still_in(&self, id: InstanceId, netns: NetNs) -> bool {
        (self.is_registered(id) && self.netns(id) == netns)
            || self.decisions.registration.lookup_trusts_what_it_found
    }
}

/// The driver core's lock of the device behind a handle.
pub fn device_lock(k: &Kernel, handle: Handle) -> crate::sim::LockId {
    k.lock_of(LockClass::DeviceLock, Subject::Devlink(handle))
}
