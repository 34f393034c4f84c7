//! All commands of all subsystems as one type, and their table.

use crate::driver::rdma;
use crate::operand::{CommandSpec, OPERANDS_MAX};
use crate::{devlink, driver, ib, mdev};

/// Declares [`Command`] from the subsystems' own commands.
macro_rules! all_commands {
    ($(#[doc = $doc:literal] $variant:ident $module:ident,)+) => {
        /// One line of a task.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Command { $(#[doc = $doc] $variant($module::Command),)+ }

        impl Command {
            /// The command with this opcode and these operands, unless one of them has no meaning.
            pub fn decode(opcode: u8, operands: &[u8; OPERANDS_MAX]) -> Option<Self> {
                None$(.or_else(|| $module::Command::decode(opcode, operands).map(Self::$variant)))+
            }

            /// The opcode and the operands' bytes.
            pub fn encode(&self) -> (u8, [u8; OPERANDS_MAX]) {
                match self { $(Command::$variant(command) => command.encode(),)+ }
            }

            /// The tables of commands, with a sentence about each.
            pub const TABLES: &'static [(&'static str, &'static [CommandSpec])] =
                &[$(($doc, $module::Command::SPECS),)+];

            /// Every command there is, as data.
            pub fn specs() -> impl Iterator<Item = &'static CommandSpec> {
                std::iter::empty()$(.chain($module::Command::SPECS))+
            }
        }
    };
}

all_commands! {
    /// devlink's netlink commands.
    Devlink devlink,
    /// What happens to a driver: probe, remove, its knobs, its module.
    Driver driver,
    /// mdev core's calls and sysfs files.
    Mdev mdev,
    /// ib_core's calls and netdev events.
    Ib ib,
    /// What users do with RDMA devices and their netdevs.
    Rdma rdma,
}

impl Command {
    /// This command as data.
    pub fn spec(&self) -> &'static CommandSpec {
        let (opcode, _) = self.encode();
        Self::specs().find(|spec| spec.opcode == opcode).expect("every command has a spec")
    }

    /// The command's spelling and its operands' words; defaults at the end are left out.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        let (_, bytes) = self.encode();
        let spec = self.spec();
        let given = (0..spec.operands.len()).rev().find(|at| !spec.operands[*at].optional || bytes[*at] != 0);
        let operands = (0..given.map_or(0, |last| last + 1))
            .map(move |at| spec.operands[at].words[usize::from(bytes[at])]);
        std::iter::once(spec.name).chain(operands)
    }
}

impl std::fmt::Display for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, word) in self.words().enumerate() {
            write!(f, "{}{word}", if index == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}
