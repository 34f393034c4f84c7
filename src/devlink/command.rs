//! devlink's commands: opcode, spelling, operands, handler.

use super::health::HealthSetting;
use super::rate::Setting;
use super::{Devlink, Ops};
use crate::commands;
use crate::event::{
    AutoDump, AutoRecover, Cmode, Component, Encap, Errno, EswitchMode, FilterDevice, FilterPort, Firmware,
    FunctionState, Grace, GroupAction, GroupPolicer, Handle, Inline, LineCard, LineCardType, Overwrite,
    Param, ParamValue, PolicerBurst, PolicerRate, PortIndex, RateName, RateParent, Region, ReloadAction,
    ReloadLimit, ReloadTo, Reporter, Resource, ResourceSize, SetType, SnapshotId, Subject, Trap, TrapAction,
    TrapGroup, TrapPolicer, TxMax, TxShare,
};
use crate::sim::Kernel;

commands! {
    /// A command of devlink.
    pub enum Command {
        /// Asks for one instance.
        0x10 "devlink.get" Get(handle: Handle),
        /// Asks for one port.
        0x11 "devlink.port-get" PortGet(handle: Handle, port: PortIndex),
        /// Dumps every instance and its parts.
        0x12 "devlink.dump" Dump(),
        /// Changes the eswitch: the mode, then (if given) the inline mode.
        0x13 "devlink.eswitch-set"
            EswitchSet(handle: Handle, mode: EswitchMode, inline: Inline, encap: Encap),
        /// Reloads: the driver goes down and comes up again.
        0x14 "devlink.reload" Reload(handle: Handle, action: ReloadAction, limit: ReloadLimit, to: ReloadTo),
        /// Changes what happens to packets that hit a trap.
        0x15 "devlink.trap-set" TrapSet(handle: Handle, trap: Trap, action: TrapAction),
        /// Sets a param, for the next reload.
        0x16 "devlink.param-set" ParamSet(handle: Handle, param: Param, value: ParamValue, cmode: Cmode),
        /// Takes a snapshot of a region.
        0x17 "devlink.region-new" RegionNew(handle: Handle, region: Region, id: SnapshotId),
        /// Deletes one.
        0x18 "devlink.region-del" RegionDel(handle: Handle, region: Region, id: SnapshotId),
        /// Asks for one health reporter.
        0x19 "devlink.health-get" HealthGet(handle: Handle, reporter: Reporter),
        /// Changes what a reporter does by itself.
        0x1a "devlink.health-set" HealthSet(
            handle: Handle, reporter: Reporter, grace: Grace, auto_recover: AutoRecover, auto_dump: AutoDump
        ),
        /// Has the driver mend what a reporter reported.
        0x1b "devlink.health-recover" HealthRecover(handle: Handle, reporter: Reporter),
        /// Asks the driver how it is.
        0x1c "devlink.health-diagnose" HealthDiagnose(handle: Handle, reporter: Reporter),
        /// Asks for what was seen at the last error; if nothing is kept, for what is seen now.
        0x1d "devlink.health-dump-get" HealthDumpGet(handle: Handle, reporter: Reporter),
        /// Forgets it.
        0x1e "devlink.health-dump-clear" HealthDumpClear(handle: Handle, reporter: Reporter),
        /// Has the driver pretend an error, which none of the drivers here can.
        0x1f "devlink.health-test" HealthTest(handle: Handle, reporter: Reporter),
        /// Asks for one trap.
        0x20 "devlink.trap-get" TrapGet(handle: Handle, trap: Trap),
        /// Asks for one group of traps.
        0x21 "devlink.trap-group-get" TrapGroupGet(handle: Handle, group: TrapGroup),
        /// Changes what happens to the packets of a group's traps, then its policer.
        0x22 "devlink.trap-group-set"
            TrapGroupSet(handle: Handle, group: TrapGroup, action: GroupAction, policer: GroupPolicer),
        /// Asks for one policer.
        0x23 "devlink.trap-policer-get" TrapPolicerGet(handle: Handle, policer: TrapPolicer),
        /// Changes what a policer lets through.
        0x24 "devlink.trap-policer-set"
            TrapPolicerSet(handle: Handle, policer: TrapPolicer, rate: PolicerRate, burst: PolicerBurst),
        /// Says how large a resource is to be after the next reload.
        0x25 "devlink.resource-set" ResourceSet(handle: Handle, resource: Resource, size: ResourceSize),
        /// Asks for all resources of an instance.
        0x26 "devlink.resource-dump" ResourceDump(handle: Handle),
        /// Asks for the driver's name and its firmware's versions.
        0x27 "devlink.info-get" InfoGet(handle: Handle),
        /// Writes firmware into the device.
        0x28 "devlink.flash"
            Flash(handle: Handle, file: Firmware, component: Component, overwrite: Overwrite),
        /// Asks for one param.
        0x29 "devlink.param-get" ParamGet(handle: Handle, param: Param),
        /// Has the task listen on a socket of its own, and hear only of these devices and this port.
        0x2a "devlink.notify-filter-set" NotifyFilterSet(device: FilterDevice, port: FilterPort),
        /// Asks for one line card.
        0x2b "devlink.linecard-get" LinecardGet(handle: Handle, card: LineCard),
        /// Asks for one rate object.
        0x2c "devlink.rate-get" RateGet(handle: Handle, rate: RateName),
        /// Makes a rate node.
        0x2d "devlink.rate-new"
            RateNew(handle: Handle, rate: RateName, share: TxShare, max: TxMax, parent: RateParent),
        /// Changes a rate object: its tx_share, its tx_max, then its parent.
        0x2e "devlink.rate-set"
            RateSet(handle: Handle, rate: RateName, share: TxShare, max: TxMax, parent: RateParent),
        /// Deletes a rate node.
        0x2f "devlink.rate-del" RateDel(handle: Handle, rate: RateName),
        /// Asks for the mode of the eswitch.
        0x30 "devlink.eswitch-get" EswitchGet(handle: Handle),
        /// Has a line card provisioned as some type, or as none.
        0x31 "devlink.linecard-set" LinecardSet(handle: Handle, card: LineCard, kind: LineCardType),
        /// Reads a snapshot, which takes more than one message.
        0x32 "devlink.region-read" RegionRead(handle: Handle, region: Region, id: SnapshotId),
        /// Adds a port of a subfunction.
        0x33 "devlink.port-new" PortNew(handle: Handle, port: PortIndex),
        /// Deletes a port that was added.
        0x34 "devlink.port-del" PortDel(handle: Handle, port: PortIndex),
        /// Makes the function of a port active or inactive.
        0x35 "devlink.port-function-set" PortFunctionSet(handle: Handle, port: PortIndex, state: FunctionState),
        /// Splits a port into two.
        0x36 "devlink.port-split" PortSplit(handle: Handle, port: PortIndex),
        /// Makes one port of those that a port was split into.
        0x37 "devlink.port-unsplit" PortUnsplit(handle: Handle, port: PortIndex),
        /// Changes what a port is to be.
        0x38 "devlink.port-set" PortSet(handle: Handle, port: PortIndex, to: SetType),
    }
}

/// Runs one command.
pub async fn execute(command: Command, k: &Kernel, devlink: &Devlink, ops: &impl Ops) -> Result<(), Errno> {
    match command {
        Command::Get { handle } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.get(k, doit.id);
            Ok(())
        }
        Command::PortGet { handle, port } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.port_get(k, doit.id, port)
        }
        Command::Dump {} => devlink.dump(k).await,
        Command::EswitchSet { handle, mode, inline, encap } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.eswitch_set(k, ops, doit.id, mode, inline, encap).await
        }
        Command::Reload { handle, action, limit, to } => {
            let doit = devlink.pre_doit_dev_lock(k, handle).await?;
            devlink.reload_doit(k, ops, doit.id, action, limit, to).await
        }
        Command::TrapSet { handle, trap, action } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.trap_set(k, ops, doit.id, trap, action).await
        }
        Command::ParamSet { handle, param, value, cmode } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.param_set(k, doit.id, param, value, cmode).await
        }
        Command::RegionRead { handle, region, id } => devlink.region_read(k, handle, region, id).await,
        Command::RegionNew { handle, region, id } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.region_new(k, doit.id, region, id).await
        }
        Command::RegionDel { handle, region, id } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.region_del(k, doit.id, region, id).await
        }
        Command::HealthGet { handle, reporter } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.health_get(k, doit.id, reporter)
        }
        Command::HealthSet { handle, reporter, grace, auto_recover, auto_dump } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.health_set(k, doit.id, reporter, HealthSetting { grace, auto_recover, auto_dump })
        }
        Command::HealthRecover { handle, reporter } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.health_recover(k, ops, doit.id, reporter).await
        }
        Command::HealthDiagnose { handle, reporter } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.health_ask(k, doit.id, reporter, true)
        }
        Command::HealthDumpGet { handle, reporter } => devlink.health_dump_get(k, handle, reporter).await,
        Command::HealthDumpClear { handle, reporter } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.health_dump_clear(k, doit.id, reporter)
        }
        Command::HealthTest { handle, reporter } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.health_ask(k, doit.id, reporter, false)
        }
        Command::TrapGet { handle, trap } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.trap_get(k, doit.id, Subject::Trap(handle, trap))
        }
        Command::TrapGroupGet { handle, group } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.trap_get(k, doit.id, Subject::TrapGroup(handle, group))
        }
        Command::TrapGroupSet { handle, group, action, policer } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.trap_group_set(k, ops, doit.id, group, action, policer).await
        }
        Command::TrapPolicerGet { handle, policer } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.trap_get(k, doit.id, Subject::TrapPolicer(handle, policer))
        }
        Command::TrapPolicerSet { handle, policer, rate, burst } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.trap_policer_set(k, ops, doit.id, policer, rate, burst).await
        }
        Command::ResourceSet { handle, resource, size } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.resource_set(k, doit.id, resource, size)
        }
        Command::ResourceDump { handle } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.resource_dump(k, doit.id)
        }
        Command::InfoGet { handle } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.info_get(k, doit.id);
            Ok(())
        }
        Command::Flash { handle, file, component, overwrite } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.flash_update(k, ops, doit.id, file, component, overwrite).await
        }
        Command::ParamGet { handle, param } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.param_get(k, doit.id, param)
        }
        Command::NotifyFilterSet { device, port } => devlink.notify_filter_set(k, device, port),
        Command::RateGet { handle, rate } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.rate_get(k, doit.id, rate)
        }
        Command::RateNew { handle, rate, share, max, parent } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.rate_new(k, ops, doit.id, rate, Setting { share, max, parent }).await
        }
        Command::RateSet { handle, rate, share, max, parent } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.rate_set(k, ops, doit.id, rate, Setting { share, max, parent }).await
        }
        Command::RateDel { handle, rate } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.rate_del(k, doit.id, rate).await
        }
        Command::LinecardGet { handle, card } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.linecard_get(k, doit.id, card)
        }
        Command::LinecardSet { handle, card, kind } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.linecard_set(k, ops, doit.id, card, kind).await
        }
        Command::PortNew { handle, port } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.port_new(k, ops, doit.id, port).await
        }
        Command::PortDel { handle, port } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.port_del(k, ops, doit.id, port).await
        }
        Command::PortFunctionSet { handle, port, state } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.port_function_set(k, ops, doit.id, port, state).await
        }
        Command::PortSplit { handle, port } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.port_split(k, ops, doit.id, port).await
        }
        Command::PortUnsplit { handle, port } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.port_unsplit(k, ops, doit.id, port).await
        }
        Command::PortSet { handle, port, to } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.port_set(k, doit.id, port, to)
        }
        Command::EswitchGet { handle } => {
            let doit = devlink.pre_doit(k, handle).await?;
            devlink.eswitch_get(k, doit.id);
            Ok(())
        }
    }
}
