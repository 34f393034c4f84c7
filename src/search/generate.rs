//! Making programs up: few tasks, few commands, few devices, so that they meet.

use crate::driver::rdma;
use crate::event::TaskName;
use crate::operand::{CommandSpec, OPERANDS_MAX, OperandSpec};
use crate::program::{Command, Program, Subsystem, TASKS_MAX, Task};
use crate::{devlink, ib, mdev};
use std::hash::{Hash, Hasher};

/// The most tasks of a generated program: register, use, remove, and one more to be in their way.
const TASKS_MADE_MAX: usize = 4;
/// The most commands of such a task. What needs more grows by mutation.
const COMMANDS_MADE_MAX: usize = 5;

/// The commands that make a device. Most programs begin with one, since without a device little else succeeds.
pub(super) const MAKERS: [&str; 4] = ["driver.probe", "mtty.probe", "ib.register-device", "netdev.add"];

/// An operand with more names than these has many.
const FEW: u64 = 6;

/// Of these kinds of operands no name means more than another, however many there are.
const ALL_ALIKE: [&str; 2] = ["a devlink handle", "an ib client"];

/// The commands that a search may use, in groups that have something to do with each other.
#[derive(Debug, Clone)]
pub struct Alphabet {
    groups: Vec<Vec<&'static CommandSpec>>,
    all: Vec<&'static CommandSpec>,
    /// For each of all commands those that name the same kind of object: of its kinds the one that fewest name.
    relatives: Vec<Vec<&'static CommandSpec>>,
}

impl Alphabet {
    /// The commands of these subsystems and of what drives them; of every subsystem, when none is named.
    pub fn new(subsystems: &[Subsystem]) -> Self {
        let named = |subsystem: &&Subsystem| subsystems.is_empty() || subsystems.contains(subsystem);
        let mut groups: Vec<_> = Subsystem::ALL.iter().filter(named).map(|of| group(*of)).collect();
        groups.retain(|group| !group.is_empty());
        let mut all: Vec<&'static CommandSpec> = groups.iter().flatten().copied().collect();
        all.sort_by_key(|spec| spec.opcode);
        all.dedup_by_key(|spec| spec.opcode);
        let relatives = all.iter().map(|spec| relatives(spec, &all)).collect();
        Alphabet { groups, all, relatives }
    }

    /// Leaves only the commands of these names.
    #[cfg(test)]
    pub(super) fn keep(&mut self, names: &[&str]) {
        self.all.retain(|spec| names.contains(&spec.name));
        self.groups.iter_mut().for_each(|group| group.retain(|spec| names.contains(&spec.name)));
        self.relatives = self.all.iter().map(|spec| relatives(spec, &self.all)).collect();
    }

    /// Whether there is no command at all to search with.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Every command that may be used.
    pub fn all(&self) -> &[&'static CommandSpec] {
        &self.all
    }

    /// Every command that has to do with this one, itself among them.
    pub(super) fn relatives(&self, spec: &CommandSpec) -> &[&'static CommandSpec] {
        let place = self.all.binary_search_by_key(&spec.opcode, |spec| spec.opcode);
        place.map_or(&self.all, |place| &self.relatives[place])
    }

    /// The commands of one program: mostly one group, and some of its commands switched off, since a program
    /// that cannot do everything does more of the rest.
    fn choose(&self, random: &mut fastrand::Rng) -> Vec<&'static CommandSpec> {
        let from = match random.u8(0..4) {
            0 => &self.all,
            _ => &self.groups[random.usize(0..self.groups.len())],
        };
        let mut chosen = from.clone();
        if random.bool() {
            chosen.retain(|_| random.u8(0..4) > 0);
        }
        if chosen.is_empty() { from.clone() } else { chosen }
    }
}

fn relatives(spec: &'static CommandSpec, all: &[&'static CommandSpec]) -> Vec<&'static CommandSpec> {
    let who_names = |what| {
        let names = |spec: &&&CommandSpec| spec.operands.iter().any(|operand| operand.what == what);
        all.iter().filter(names).copied().collect::<Vec<_>>()
    };
    let kinds = spec.operands.iter().map(|operand| who_names(operand.what));
    kinds.min_by_key(Vec::len).unwrap_or_else(|| vec![spec])
}

/// The commands of a subsystem, and every other command that names the same kind of object or none that a
/// subsystem knows: a driver's probe takes a devlink handle, and a module may matter to anyone.
fn group(subsystem: Subsystem) -> Vec<&'static CommandSpec> {
    let own = own(subsystem);
    let names = |specs: &[CommandSpec], what| {
        specs.iter().flat_map(|spec| spec.operands).any(|operand| operand.what == what)
    };
    let belongs = |spec: &&CommandSpec| {
        if subsystem != Subsystem::Ib && rdma::Command::SPECS.iter().any(|rdma| rdma.opcode == spec.opcode) {
            return false;
        }
        let elsewhere = Subsystem::ALL.iter().any(|other| {
            let specs = self::own(*other);
            specs.iter().any(|spec_there| spec_there.opcode == spec.opcode)
                || spec.operands.iter().any(|operand| names(specs, operand.what))
        });
        !elsewhere
            || own.iter().any(|spec_here| spec_here.opcode == spec.opcode)
            || spec.operands.iter().any(|operand| names(own, operand.what))
    };
    if own.is_empty() { Vec::new() } else { Command::specs().filter(belongs).collect() }
}

/// The commands that a subsystem declares itself.
const fn own(subsystem: Subsystem) -> &'static [CommandSpec] {
    match subsystem {
        Subsystem::Devlink => devlink::Command::SPECS,
        Subsystem::Mdev => mdev::Command::SPECS,
        Subsystem::Ib => ib::Command::SPECS,
        Subsystem::Kconfig => &[],
    }
}

/// How many names to that anything may be chosen from: of many names mostly the first few, which mean something
/// under all decisions.
fn among(random: &mut fastrand::Rng, spec: &OperandSpec) -> u64 {
    let count = spec.words.len() as u64;
    let is_many = count > FEW && !ALL_ALIKE.contains(&spec.what);
    if is_many && random.u8(0..8) > 0 { FEW / 2 } else { count }
}

/// The favourite value of each kind of operand: one device that most commands of a program are about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Favourites(u64);

impl Favourites {
    pub(super) fn new(random: &mut fastrand::Rng) -> Self {
        Favourites(random.u64(..))
    }

    /// An operand: the favourite with 70 %, else anything.
    pub(super) fn operand(self, random: &mut fastrand::Rng, spec: &OperandSpec) -> u8 {
        let count = among(random, spec);
        if random.u8(0..10) >= 7 {
            return random.u8(0..count as u8);
        }
        let mut hasher = rustc_hash::FxHasher::default();
        (self.0, spec.what).hash(&mut hasher);
        let hash = hasher.finish() >> 16;
        // The first name is the favourite of every other program, so that programs can be spliced.
        if hash.is_multiple_of(2) { 0 } else { (hash / 2 % count) as u8 }
    }

    /// A command of this kind.
    pub(super) fn command(self, random: &mut fastrand::Rng, spec: &CommandSpec) -> Command {
        let mut bytes = [0; OPERANDS_MAX];
        for (byte, operand) in bytes.iter_mut().zip(spec.operands) {
            *byte = self.operand(random, operand);
        }
        Command::decode(spec.opcode, &bytes).expect("every word of the table has a meaning")
    }
}

/// Makes a program up. It has no schedule: a random walk finds it one.
pub fn generate(random: &mut fastrand::Rng, alphabet: &Alphabet) -> Program {
    const { assert!(TASKS_MADE_MAX <= TASKS_MAX) };
    let specs = alphabet.choose(random);
    let favourites = Favourites::new(random);
    let mut program = Program::default();
    for name in &TaskName::ALL[..random.usize(1..=TASKS_MADE_MAX)] {
        let count = random.usize(1..=COMMANDS_MADE_MAX);
        let any = |random: &mut fastrand::Rng| specs[random.usize(0..specs.len())];
        let commands = (0..count).map(|_| {
            let spec = any(random);
            favourites.command(random, spec)
        });
        program.tasks.push(Task { name: *name, commands: commands.collect() });
    }
    let makers: Vec<_> = specs.iter().filter(|spec| MAKERS.contains(&spec.name)).collect();
    if !makers.is_empty() && random.u8(0..4) > 0 {
        let maker = makers[random.usize(0..makers.len())];
        program.tasks[0].commands.insert(0, favourites.command(random, maker));
    }
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_some_group_and_a_driver_goes_with_its_subsystem() {
        let every = Alphabet::new(&[]);
        assert_eq!(every.all().len(), Command::specs().count());
        let has =
            |subsystem, name: &str| Alphabet::new(&[subsystem]).all().iter().any(|spec| spec.name == name);
        assert!(has(Subsystem::Devlink, "driver.probe") && !has(Subsystem::Devlink, "mtty.probe"));
        assert!(has(Subsystem::Mdev, "mtty.probe") && !has(Subsystem::Mdev, "ib.register-device"));
        assert!(has(Subsystem::Ib, "module.remove") && has(Subsystem::Mdev, "module.remove"));
    }

    #[test]
    fn what_is_alike_is_drawn_alike() {
        let clients = ib::Command::SPECS.iter().flat_map(|spec| spec.operands);
        let client = clients.clone().find(|operand| ALL_ALIKE.contains(&operand.what));
        let client = client.expect("there is such a kind of operands");
        let mut random = fastrand::Rng::with_seed(1);
        let mut drawn = vec![0; client.words.len()];
        for _ in 0..7_000 {
            drawn[usize::from(Favourites::new(&mut random).operand(&mut random, client))] += 1;
        }
        assert!(drawn.iter().all(|times| *times > 500), "{drawn:?}");
    }

    #[test]
    fn one_seed_makes_one_program() {
        let make = |seed| generate(&mut fastrand::Rng::with_seed(seed), &Alphabet::new(&[]));
        assert!((0..100).all(|seed| make(seed).tasks == make(seed).tasks));
        assert!((0..100).any(|seed| make(seed).tasks != make(0).tasks));
    }
}
