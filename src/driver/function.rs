//! Subfunctions of mlx5: a user adds a port, and while its function is active there is a device with an instance of its own.
//!
//! The hardware says when a function has become active or inactive, so a command only begins it, and work of the driver
//! goes on. `mlx5/1` is the device of the function of `mlx5/0`, whose lock is held around that of `mlx5/1`.

use super::{Cores, port};
use crate::devlink::InstanceId;
use crate::event::value::PortFunction;
use crate::event::{
    Errno, EswitchMode, FunctionState, Handle, Module, Point, PortCount, PortIndex, QueueName, WorkFn,
};

/// Models `mlx5_devlink_sf_port_new()`: without switchdev there are no subfunctions, and one that still goes has its place.
pub(super) async fn add(cores: &Cores<'_>, id: InstanceId, index: PortIndex) -> Result<(), Errno> {
    let k = cores.kernel;
    let device = cores.device(cores.devlink.handle(id));
    let function = &device.function;
    if cores.devlink.eswitch_mode(k, id) != EswitchMode::Switchdev || cores.devlink.is_reload_failed(k, id) {
        return Err(Errno::EOPNOTSUPP);
    }
    if device.knows(index) || cores.devlink.has_port(k, id, index) {
        return Err(Errno::EEXIST);
    }
    let is_used = function.port.get().is_some_and(|used| device.knows(used));
    if is_used || function.is_attached.get() {
        return Err(Errno::ENOSPC);
    }
    k.may_fail()?;
    // The port is announced with its function.
    cores.devlink.port_function_is(k, id, index, PortFunction::default());
    port::create(cores, id, index, true).await?;
    function.is_active.set(false);
    function.port.set(Some(index));
    Ok(())
}

/// Models `mlx5_devlink_sf_port_del()`: the port goes at once, and what is left of its function when the hardware says so.
pub(super) async fn del(cores: &Cores<'_>, id: InstanceId, index: PortIndex) -> Result<(), Errno> {
    let handle = cores.devlink.handle(id);
    let device = cores.device(handle);
    device.function.port.set(None);
    // A driver that is going takes the device of the function along.
    if device.function.is_active.replace(false) && device.is_ready.get() {
        begin(cores, handle);
    }
    port::destroy(cores, id, index).await
}

/// Models `mlx5_sf_state_set()`: a function that the hardware has not let go of cannot be activated again.
pub(super) fn state_set(
    cores: &Cores<'_>,
    id: InstanceId,
    index: PortIndex,
    state: FunctionState,
) -> Result<(), Errno> {
    let k = cores.kernel;
    let handle = cores.devlink.handle(id);
    let function = &cores.device(handle).function;
    let wanted = state == FunctionState::Active;
    if function.is_active.get() == wanted {
        return Ok(());
    }
    if !cores.device(handle).is_ready.get() || wanted && function.is_attached.get() {
        return Err(Errno::EBUSY);
    }
    k.may_fail()?;
    function.is_active.set(wanted);
    let is_attached = function.is_attached.get();
    cores.devlink.port_function_is(k, id, index, PortFunction { is_active: wanted, is_attached });
    begin(cores, handle);
    Ok(())
}

fn begin(cores: &Cores<'_>, handle: Handle) {
    cores.kernel.queue_work(QueueName::Function, WorkFn::FunctionState(handle), Module::Core);
}

/// Models `mlx5_sf_dev_state_change_handler()`: the device of the function comes or goes, and users are told.
pub async fn state_work(cores: &Cores<'_>, handle: Handle) {
    let k = cores.kernel;
    let Some(id) = cores.device(handle).instance.get() else { return };
    let _held = cores.devlink.lock(k, id, Point::FunctionState).await;
    let function = &cores.device(handle).function;
    let was_attached = function.is_attached.get();
    if function.is_active.get() && !was_attached {
        attach(cores, handle).await;
    } else if !function.is_active.get() {
        detach(cores, handle).await;
    }
    let is_attached = function.is_attached.get();
    if let Some(index) = function.port.get().filter(|_| is_attached != was_attached) {
        cores.devlink.port_function_attached(k, id, index, is_attached).await;
    }
}

/// Models `mlx5_sf_dev_add()`. A device that is there already, or whose probe fails, leaves the function without a driver.
async fn attach(cores: &Cores<'_>, handle: Handle) {
    if let Some(device) = cores.model_of(handle).functions.first().copied()
        && Box::pin(cores.attach(device, Some(PortCount::Default))).await.is_ok()
    {
        cores.device(handle).function.is_attached.set(true);
    }
}

/// Models `mlx5_sf_dev_del()`.
async fn detach(cores: &Cores<'_>, handle: Handle) {
    if let Some(device) = cores.model_of(handle).functions.first().copied()
        && cores.device(handle).function.is_attached.replace(false)
    {
        // A user may have unbound it.
        let _ = Box::pin(cores.detach(device)).await;
    }
}

/// Models `mlx5_sf_dev_table_destroy()`: the device goes, and the port can. The instance's lock is held.
pub(super) async fn teardown(cores: &Cores<'_>, id: InstanceId) {
    let handle = cores.devlink.handle(id);
    cores.device(handle).function.is_active.set(false);
    detach(cores, handle).await;
    cores.device(handle).function.port.set(None);
}

/// Models `mlx5_sf_del_all()` where the eswitch leaves switchdev: the port goes too.
pub(super) async fn del_all(cores: &Cores<'_>, id: InstanceId) {
    let index = cores.device(cores.devlink.handle(id)).function.port.get();
    teardown(cores, id).await;
    if let Some(index) = index {
        // A port that a failed reload has taken is not there any more.
        let _ = port::destroy(cores, id, index).await;
    }
}

/// Models `mlx5_vhca_event_stop()` in the driver's remove: the work takes the instance's lock, so it must be waited for before
/// that is held.
pub(super) async fn cancel_work(cores: &Cores<'_>, handle: Handle) {
    if !cores.model_of(handle).functions.is_empty() {
        cores.device(handle).is_ready.set(false);
        let work = WorkFn::FunctionState(handle);
        cores.kernel.cancel_work_sync(QueueName::Function, work, Point::FunctionFlush).await;
    }
}
