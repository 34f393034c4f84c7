// The scenes, as a user of shuttle or loom writes them: this text is compiled for each, with its own `sync` and `thread`.
// Each scene has a flawed form, as it was argued about, and the settled one. `step()` marks a place where a kernel could
// let another task run.

/// Unregistering flushes a queue whose work wants the mutex that unregistering holds.
pub(crate) fn flush(is_flawed: bool) {
    struct Core {
        device_mutex: Mutex<()>,
        /// The work that is queued or runs, and whether the queue takes more.
        queue: Mutex<(u32, bool)>,
        changed: Condvar,
    }
    let core = Arc::new(Core { device_mutex: Mutex::new(()), queue: Mutex::new((0, true)), changed: Condvar::new() });
    let event = core.clone();
    let event = thread::spawn(move || {
        step();
        let mut queue = event.queue.lock().unwrap();
        if queue.1 {
            queue.0 += 1;
            event.changed.notify_all();
        }
    });
    let worker = core.clone();
    let worker = thread::spawn(move || {
        loop {
            let mut queue = worker.queue.lock().unwrap();
            while queue.0 == 0 && queue.1 {
                queue = worker.changed.wait(queue).unwrap();
            }
            if queue.0 == 0 {
                return;
            }
            drop(queue);
            step();
            drop(worker.device_mutex.lock().unwrap());
            step();
            worker.queue.lock().unwrap().0 -= 1;
            worker.changed.notify_all();
        }
    });
    let flush = || {
        let mut queue = core.queue.lock().unwrap();
        queue.1 = false;
        core.changed.notify_all();
        while queue.0 > 0 {
            queue = core.changed.wait(queue).unwrap();
        }
    };
    step();
    if is_flawed {
        let _held = core.device_mutex.lock().unwrap();
        flush();
    } else {
        flush();
        let _held = core.device_mutex.lock().unwrap();
    }
    event.join().unwrap();
    worker.join().unwrap();
}

/// A child is made while its parent is unregistered: it must not outlive it.
pub(crate) fn create(is_flawed: bool) {
    struct Parent {
        registered: Mutex<bool>,
        children: Mutex<u32>,
    }
    let parent = Arc::new(Parent { registered: Mutex::new(true), children: Mutex::new(0) });
    let user = parent.clone();
    let user = thread::spawn(move || {
        step();
        let registered = user.registered.lock().unwrap();
        if !*registered {
            return;
        }
        if is_flawed {
            drop(registered);
            step();
            *user.children.lock().unwrap() += 1;
        } else {
            step();
            *user.children.lock().unwrap() += 1;
        }
        step();
    });
    step();
    *parent.registered.lock().unwrap() = false;
    step();
    *parent.children.lock().unwrap() = 0;
    step();
    user.join().unwrap();
    assert_eq!(*parent.children.lock().unwrap(), 0, "a child outlives its parent");
}

/// A driver registers its device before it is ready, and a user's command reaches it.
pub(crate) fn early(is_flawed: bool) {
    struct Device {
        registered: AtomicBool,
        ready: AtomicBool,
    }
    let device = Arc::new(Device { registered: AtomicBool::new(false), ready: AtomicBool::new(false) });
    let probe = device.clone();
    let probe = thread::spawn(move || {
        step();
        if is_flawed {
            probe.registered.store(true, Ordering::SeqCst);
            step();
            probe.ready.store(true, Ordering::SeqCst);
        } else {
            probe.ready.store(true, Ordering::SeqCst);
            step();
            probe.registered.store(true, Ordering::SeqCst);
        }
        step();
    });
    step();
    if device.registered.load(Ordering::SeqCst) {
        step();
        assert!(device.ready.load(Ordering::SeqCst), "a driver is called before it is ready");
    }
    probe.join().unwrap();
}

/// A reload brings ports up while remove takes the device away: none must be left.
pub(crate) fn reload(is_flawed: bool) {
    struct Device {
        device_lock: Mutex<()>,
        registered: Mutex<bool>,
        ports: Mutex<u32>,
    }
    let device =
        Arc::new(Device { device_lock: Mutex::new(()), registered: Mutex::new(true), ports: Mutex::new(2) });
    let admin = device.clone();
    let admin = thread::spawn(move || {
        step();
        let held = (!is_flawed).then(|| admin.device_lock.lock().unwrap());
        if !*admin.registered.lock().unwrap() {
            return;
        }
        step();
        *admin.ports.lock().unwrap() = 0;
        step();
        *admin.ports.lock().unwrap() = 2;
        drop(held);
        step();
    });
    step();
    let held = device.device_lock.lock().unwrap();
    *device.registered.lock().unwrap() = false;
    step();
    *device.ports.lock().unwrap() = 0;
    drop(held);
    step();
    admin.join().unwrap();
    assert_eq!(*device.ports.lock().unwrap(), 0, "ports outlive their device");
}

/// Every scene, in the order of [`crate::SCENES`].
pub(crate) const ALL: [fn(bool); 4] = [flush, create, early, reload];
