//! What devlink core calls back: reload, eswitch mode, trap action. The instance's lock is held throughout.

use super::model::Guard;
use super::probe::skips_teardown;
use super::{
    Cores, auxiliary, fib, function, health, linecard, netdev, port, sf, snapshot, split, trap_report, vf,
};
use crate::devlink::decisions::ReloadCalls;
use crate::devlink::{Counter, InstanceId, Ops};
use crate::event::{
    Encap, Errno, EswitchMode, FunctionState, Handle, Inline, Knob, LineCard, Point, PortIndex, ReloadAction,
    ReloadLimit, Trap, TrapAction, TxMax, TxShare,
};

/// Tells devlink core of a counter that the driver can read no longer, or again.
pub(super) fn knob_turned(cores: &Cores<'_>, handle: Handle, knob: Knob) {
    let counter = match knob {
        Knob::FailDropCounter => Counter::Trap,
        Knob::FailPolicerCounter => Counter::Policer,
        _ => return,
    };
    if let Some(id) = cores.device(handle).instance.get() {
        cores.devlink.counter_breaks(cores.kernel, id, counter, cores.device(handle).knob(knob));
    }
}

impl Cores<'_> {
    /// What may fail of all that a reload makes anew; if it does, none of it is left.
    async fn reload_create(&self, id: InstanceId) -> Result<(), Errno> {
        let decisions = &self.devlink.decisions;
        self.kernel.may_fail()?;
        fib::create(self, id).await?;
        if decisions.reload.reporters_anew {
            health::create(self, id);
        }
        netdev::notifier_changes(self, id).await;
        let made = match self.kernel.may_fail() {
            Ok(()) => port::create_all(self, id, decisions.reload.calls == ReloadCalls::SelfLocking).await,
            failed => failed,
        };
        if made.is_err() {
            netdev::notifier_changes(self, id).await;
            if decisions.reload.reporters_anew {
                health::destroy(self, id).await;
            }
            fib::destroy(self, id).await;
        }
        made
    }

    /// The answer of a driver with a state of its own to a user who comes before its probe is done.
    fn guards(&self, id: InstanceId) -> Result<(), Errno> {
        let is_ready = self.device(self.devlink.handle(id)).is_ready.get();
        if self.model(id).guard == Guard::Own && !is_ready { Err(Errno::EBUSY) } else { Ok(()) }
    }
}

impl Ops for Cores<'_> {
    async fn reload_down(&self, id: InstanceId, limit: ReloadLimit) -> Result<(), Errno> {
        let k = self.kernel;
        k.point(Point::DriverReloadDown).await;
        self.guards(id)?;
        if self.device(self.devlink.handle(id)).knob(Knob::DontAllowReload) {
            return Err(Errno::EOPNOTSUPP);
        }
        if limit == ReloadLimit::NoReset {
            return Ok(());
        }
        if self.devlink.decisions.reload.calls == ReloadCalls::Register {
            self.devlink.unregister(k, id).await?;
        }
        if skips_teardown(self, id) {
            return Ok(());
        }
        snapshot::remove_file(self, self.devlink.handle(id)).await;
        auxiliary::detach(self, id).await;
        linecard::teardown(self, id).await;
        function::teardown(self, id).await;
        vf::teardown(self, id, false).await;
        // After a failed reload these are the ports that were added since.
        port::destroy_all(self, id, false).await;
        netdev::notifier_changes(self, id).await;
        if self.devlink.decisions.reload.reporters_anew {
            health::destroy(self, id).await;
        }
        fib::destroy(self, id).await;
        if !self.devlink.decisions.reload.traps_in_probe {
            trap_report::stop(self, id).await;
            self.devlink.traps_unregister(k, id).await;
        }
        self.devlink.regions_destroy(k, id).await;
        self.devlink.linecards_destroy(k, id).await;
        Ok(())
    }

    async fn reload_up(&self, id: InstanceId, limit: ReloadLimit) -> Result<(), Errno> {
        let k = self.kernel;
        k.point(Point::DriverReloadUp).await;
        if limit == ReloadLimit::NoReset {
            return Ok(());
        }
        if self.device(self.devlink.handle(id)).knob(Knob::FailReload) {
            if self.devlink.decisions.reload.up_leaves_parts {
                self.devlink.regions_create(k, id).await;
                self.devlink.traps_register(k, id).await;
            }
            return Err(Errno::EINVAL);
        }
        if self.model(id).forgets_ports {
            // Models `INIT_LIST_HEAD()` in `nsim_dev_reload_create()`.
            port::forget_all(self, self.devlink.handle(id));
        }
        self.devlink.linecards_create(k, id).await;
        self.devlink.regions_create(k, id).await;
        if !self.devlink.decisions.reload.traps_in_probe {
            self.devlink.traps_register(k, id).await;
            trap_report::start(self, id);
        }
        self.devlink.resources_take_up(k, id);
        let made = self.reload_create(id).await;
        if made.is_err() {
            trap_report::stop(self, id).await;
            self.devlink.traps_unregister(k, id).await;
            self.devlink.regions_destroy(k, id).await;
            self.devlink.linecards_destroy(k, id).await;
            return made;
        }
        auxiliary::attach(self, id).await;
        snapshot::create_file(self, self.devlink.handle(id));
        if self.devlink.decisions.reload.calls == ReloadCalls::Register && !self.devlink.is_registered(id) {
            self.devlink.register(k, id).await?;
        }
        Ok(())
    }

    async fn eswitch_mode_set(&self, id: InstanceId, mode: EswitchMode) -> Result<(), Errno> {
        let k = self.kernel;
        k.point(Point::DriverEswitchMode).await;
        self.guards(id)?;
        sf::eswitch_mode_set(self, id, mode).await;
        let Some(representor) = self.model(id).representor else {
            return match mode {
                _ if mode == self.devlink.eswitch_mode(k, id) => Ok(()),
                EswitchMode::Switchdev => vf::switchdev_enable(self, id).await,
                EswitchMode::Legacy => {
                    vf::legacy_enable(self, id).await;
                    Ok(())
                }
            };
        };
        let has_port = self.devlink.has_port(k, id, representor);
        match mode {
            // After a failed reload there is nothing to represent until the driver is up again.
            EswitchMode::Switchdev if !has_port && !self.devlink.is_reload_failed(k, id) => {
                port::create(self, id, representor, true).await?;
                auxiliary::rescan(self, id).await;
                Ok(())
            }
            EswitchMode::Legacy if has_port => {
                function::del_all(self, id).await;
                port::destroy(self, id, representor).await?;
                auxiliary::rescan(self, id).await;
                Ok(())
            }
            EswitchMode::Switchdev | EswitchMode::Legacy => Ok(()),
        }
    }

    async fn port_new(&self, id: InstanceId, port: PortIndex) -> Result<(), Errno> {
        self.guards(id)?;
        function::add(self, id, port).await
    }

    async fn port_del(&self, id: InstanceId, port: PortIndex) -> Result<(), Errno> {
        function::del(self, id, port).await
    }

    async fn port_fn_state_set(
        &self,
        id: InstanceId,
        port: PortIndex,
        state: FunctionState,
    ) -> Result<(), Errno> {
        function::state_set(self, id, port, state)
    }

    fn supports_split(&self, id: InstanceId) -> bool {
        self.model(id).splits_ports
    }

    fn is_splittable(&self, id: InstanceId, port: PortIndex) -> bool {
        split::is_splittable(self, id, port)
    }

    async fn port_split(&self, id: InstanceId, port: PortIndex) -> Result<(), Errno> {
        split::split(self, id, port).await
    }

    async fn port_unsplit(&self, id: InstanceId, port: PortIndex) -> Result<(), Errno> {
        split::unsplit(self, id, port).await
    }

    fn supports_port_new(&self, id: InstanceId) -> bool {
        !self.model(id).functions.is_empty()
    }

    async fn linecard_provision(&self, id: InstanceId, _card: LineCard) -> Result<(), Errno> {
        linecard::begin(self, id)
    }

    fn supports_inline_mode(&self, _id: InstanceId, mode: Inline) -> bool {
        mode == Inline::Unset
    }

    fn supports_encap_mode(&self, _id: InstanceId, mode: Encap) -> bool {
        mode == Encap::Unset
    }

    fn supports_rates(&self, id: InstanceId) -> bool {
        self.model(id).has_rates
    }

    async fn rate_node_new(&self, id: InstanceId) -> Result<(), Errno> {
        self.guards(id)?;
        self.kernel.may_fail()?;
        match self.devlink.eswitch_mode(self.kernel, id) {
            EswitchMode::Switchdev => Ok(()),
            EswitchMode::Legacy => Err(Errno::EOPNOTSUPP),
        }
    }

    fn rates_fit(&self, _id: InstanceId, share: TxShare, max: TxMax) -> bool {
        share != TxShare::Byte && max != TxMax::TooMuch
    }

    async fn trap_group_set(&self, id: InstanceId) -> Result<(), Errno> {
        self.fails_on(id, Knob::FailTrapGroupSet)
    }

    async fn trap_policer_set(&self, id: InstanceId) -> Result<(), Errno> {
        self.fails_on(id, Knob::FailTrapPolicerSet)
    }

    fn supports_reload(&self, id: InstanceId, action: ReloadAction) -> bool {
        self.model(id).reload_actions.contains(&action)
    }

    fn supports_reload_limit(&self, id: InstanceId) -> bool {
        self.model(id).limits_reload
    }

    fn supports_flash(&self, id: InstanceId) -> bool {
        self.model(id).has_flash
    }

    async fn health_recover(&self, id: InstanceId) -> Result<(), Errno> {
        self.fails_on(id, Knob::FailRecover)
    }

    async fn trap_action_set(&self, _id: InstanceId, _trap: Trap, _action: TrapAction) -> Result<(), Errno> {
        self.kernel.may_fail()
    }
}
