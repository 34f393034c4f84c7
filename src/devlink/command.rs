//! devlink's commands: opcode, spelling, operands, handler.

use super::{Devlink, Ops};
use crate::commands;
use crate::event::{Errno, EswitchMode, Handle, Inline, Param, ParamValue, PortIndex, Trap, TrapAction};
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
        0x13 "devlink.eswitch-set" EswitchSet(handle: Handle, mode: EswitchMode, inline: Inline),
        /// Reloads: the driver goes down and comes up again.
        0x14 "devlink.reload" Reload(handle: Handle),
        /// Changes what happens to packets that hit a trap.
        0x15 "devlink.trap-set" TrapSet(handle: Handle, trap: Trap, action: TrapAction),
        /// Sets a param, for the next reload.
        0x16 "devlink.param-set" ParamSet(handle: Handle, param: Param, value: ParamValue),
    }
}

/// Runs one command.
pub async fn execute(
    command: Command,
    _k: &Kernel,
    _devlink: &Devlink,
    _ops: &impl Ops,
) -> Result<(), Errno> {
    match command {
        Command::Get { .. }
        | Command::PortGet { .. }
        | Command::Dump {}
        | Command::EswitchSet { .. }
        | Command::Reload { .. }
        | Command::TrapSet { .. }
        | Command::ParamSet { .. } => Err(Errno::EOPNOTSUPP),
    }
}
