//! Subjects: what events are about. A kind of object is a row of one table, from which all follows that depends on it.

use super::name::*;
use super::value::{self, text};

/// Declares the kinds of objects. A row is: the kind and what names one of them; what it is of; how one is spelled; its
/// word in brackets, as tools that listen print it; a phrase for any of them; how its value reads; its family.
///
/// What a kind is of is one of four: `instance`, a devlink instance or what it has one of; `part`, of which it has several;
/// `device`, what its driver has; `free`, of no device under devlink. All but the last are named by a handle first.
macro_rules! subjects {
    ($(
        $(#[doc = $doc:literal])+
        $kind:ident $(($($field:ident: $type:ident),+))? $of:ident
            $spelling:literal $word:literal $phrase:literal ($value:expr) $family:ident;
    )+) => {
        /// Anything that has a life of its own in the kernel, and so can be created, announced, used and freed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Subject { $($(#[doc = $doc])+ $kind $(($($type),+))?,)+ }

        /// The kinds of objects, in the order of the table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs, reason = "they are described where the objects are")]
        pub enum SubjectKind { $($kind,)+ }

        impl SubjectKind {
            /// Every kind.
            pub const ALL: &'static [SubjectKind] = &[$(SubjectKind::$kind,)+];
            /// How many parts of each kind an instance can have.
            const PARTS: &'static [usize] = &[$(count!($of $($($type)+)?),)+];
            const WORDS: &'static [&'static str] = &[$($word,)+];
            const PHRASES: &'static [&'static str] = &[$($phrase,)+];
            const FAMILIES: &'static [Family] = &[$(Family::$family,)+];
            const VALUES: &'static [fn(u8) -> String] = &[$($value,)+];

            /// The part of this kind with a place among all of its kind; none of a kind that is no part.
            pub fn part(self, of: Handle, place: usize) -> Option<Subject> {
                match self { $(SubjectKind::$kind => nth!($of $kind (of, place) $($($type)+)?),)+ }
            }
        }

        impl Subject {
            /// What kind of object it is.
            pub const fn kind(self) -> SubjectKind {
                match self { $(Subject::$kind { .. } => SubjectKind::$kind,)+ }
            }

            /// The device under devlink that this is about: its instance, a part of that, or what its driver has.
            pub const fn device(self) -> Option<Handle> {
                match self { $(Subject::$kind $(($($field),+))? => device!($of $($($field)+)?),)+ }
            }

            /// The devlink instance this is, or is of.
            pub const fn handle(self) -> Option<Handle> {
                match self { $(Subject::$kind $(($($field),+))? => handle!($of $($($field)+)?),)+ }
            }

            /// The instance that this is a part of, and its place among the parts of its kind.
            pub const fn place(self) -> Option<(Handle, usize)> {
                match self { $(Subject::$kind $(($($field),+))? => place!($of $($($field)+)?),)+ }
            }

            /// The same of another device; none of what belongs to no device.
            const fn moved(self, other: Handle) -> Option<Subject> {
                match self { $(Subject::$kind $(($($field),+))? => on!($of $kind (other) $($($field)+)?),)+ }
            }
        }

        impl std::fmt::Display for Subject {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self { $(Subject::$kind $(($($field),+))? => write!(f, $spelling),)+ }
            }
        }
    };
}

macro_rules! count {
    (part Handle $name:ident) => {
        $name::COUNT
    };
    ($of:ident $($type:ident)*) => {
        0
    };
}
macro_rules! nth {
    (part $kind:ident ($of:ident, $place:ident) Handle $name:ident) => {
        $name::ALL.get($place).map(|name| Subject::$kind($of, *name))
    };
    ($other:ident $kind:ident ($of:ident, $place:ident) $($type:ident)*) => {
        None
    };
}
macro_rules! device {
    (free $($field:ident)*) => {{ $(let _ = $field;)* None }};
    ($of:ident $handle:ident $($field:ident)*) => {{ $(let _ = $field;)* Some($handle) }};
}
macro_rules! handle {
    (part $handle:ident $name:ident) => {{ let _ = $name; Some($handle) }};
    (instance $handle:ident) => { Some($handle) };
    ($of:ident $($field:ident)*) => {{ $(let _ = $field;)* None }};
}
macro_rules! place {
    (part $handle:ident $name:ident) => { Some(($handle, $name.index())) };
    ($of:ident $($field:ident)*) => {{ $(let _ = $field;)* None }};
}
macro_rules! on {
    (free $kind:ident ($other:ident) $($field:ident)*) => {{ $(let _ = $field;)* None }};
    ($of:ident $kind:ident ($other:ident) $handle:ident $($field:ident)*) => {{
        let _ = $handle;
        Some(Subject::$kind($other $(, $field)*))
    }};
}

subjects! {
    /// Nothing in particular: a global lock belongs to no object.
    Kernel free "kernel" "object" "the kernel" (number) Kernel;
    /// A devlink instance. Its value: [`ReloadFailed`](value::ReloadFailed).
    Devlink(handle: Handle) instance "{handle}" "dev" "a devlink instance" (text::<value::ReloadFailed>) Instance;
    /// The device that a devlink instance belongs to, on its bus.
    Device(handle: Handle) device "{handle} device" "object" "a device" (number) Instance;
    /// A port of a devlink instance. Its value: [`Port`](value::Port).
    Port(handle: Handle, port: PortIndex) part "{handle}/{port}" "port" "a port" (text::<value::Port>) Ports;
    /// The netdev of a port. Its value is the network namespace that it is in.
    PortNetdev(handle: Handle, port: PortIndex) device "{handle}/{port} netdev" "object" "a port's netdev" (text::<NetNs>) Ports;
    /// An auxiliary device of an mlx5 device.
    Auxiliary(handle: Handle, device: Auxiliary) device "{handle} {device}" "object" "an auxiliary device" (number) Instance;
    /// A trap of a devlink instance. Its value is its action.
    Trap(handle: Handle, trap: Trap) part "{handle} {trap}" "trap" "a trap" (text::<TrapAction>) Traps;
    /// A group of traps of a devlink instance. Its value: [`Policer`](value::Policer).
    TrapGroup(handle: Handle, group: TrapGroup) part "{handle} {group}" "trap-group" "a trap group" (text::<value::Policer>) Traps;
    /// A policer of a devlink instance. Its value: [`Limits`](value::Limits).
    TrapPolicer(handle: Handle, policer: TrapPolicer) part "{handle} policer {policer}" "trap-policer" "a trap policer" (text::<value::Limits>) Traps;
    /// A line card of a devlink instance. Its value: [`Card`](value::Card).
    LineCard(handle: Handle, card: LineCard) part "{handle} {card}" "linecard" "a line card" (text::<value::Card>) LineCards;
    /// A region of a devlink instance.
    Region(handle: Handle, region: Region) part "{handle} {region}" "region" "a region" (nothing) Regions;
    /// A snapshot of a region; ids are unique in the instance.
    Snapshot(handle: Handle, id: SnapshotId) part "{handle} dummy snapshot {id}" "region" "a snapshot" (nothing) Regions;
    /// A health reporter of a devlink instance. Its value: [`Health`](value::Health).
    Reporter(handle: Handle, reporter: Reporter) part "{handle} reporter {reporter}" "health" "a health reporter" (text::<value::Health>) Reporters;
    /// A resource of a devlink instance. Its value: [`Sizes`](value::Sizes).
    Resource(handle: Handle, resource: Resource) part "{handle} {resource}" "resource" "a resource" (text::<value::Sizes>) Resources;
    /// How much of a resource is in use, which is its value.
    Occupancy(handle: Handle, resource: Resource) device "{handle} {resource}" "resource" "a resource's occupancy" (occupied) Resources;
    /// A param of a devlink instance.
    Param(handle: Handle, param: Param) part "{handle} {param}" "param" "a param" (text::<ParamValue>) Params;
    /// A rate object of a devlink instance. Its value: [`Rates`](value::Rates).
    Rate(handle: Handle, rate: RateName) part "{handle}/{rate}" "rate" "a rate object" (text::<value::Rates>) Rates;
    /// The nexthops that a driver keeps of its namespace.
    FibTable(handle: Handle) device "{handle} fib table" "object" "a table of nexthops" (number) Instance;
    /// What the driver says of itself and of its firmware.
    Info(handle: Handle) instance "{handle}" "info" "what a driver says of itself" (nothing) Instance;
    /// A flash update under way. Its value: [`FlashStatus`](value::FlashStatus).
    Flash(handle: Handle) instance "{handle}" "flash" "a flash update" (text::<value::FlashStatus>) Instance;
    /// What a reload has done. Its value: [`Performed`](value::Performed).
    Actions(handle: Handle) instance "{handle}" "reload" "what a reload has done" (text::<value::Performed>) Instance;
    /// The network namespace of a devlink instance, which is its value.
    NetnsOf(handle: Handle) instance "{handle} netns" "object" "an instance's namespace" (text::<NetNs>) Instance;
    /// The eswitch of a devlink instance.
    Eswitch(handle: Handle) instance "{handle} eswitch" "eswitch" "an eswitch" (text::<EswitchMode>) Instance;
    /// A fault that a test has asked the driver of an instance for.
    Knob(handle: Handle, knob: Knob) device "{handle} {knob}" "object" "a knob" (number) Knobs;
    /// A parent of mediated devices.
    Parent(parent: Parent) free "{parent}" "mdev" "a parent device" (nothing) Mdev;
    /// What mdev core tracks a registered parent with: `struct mdev_parent`.
    MdevParent(parent: Parent) free "mdev_parent({parent})" "object" "an mdev parent" (number) Mdev;
    /// A type of mediated devices that a parent can be split into. Its value: how many more there can be.
    MdevType(parent: Parent, kind: MdevType) free "{parent} {kind}" "mdev" "an mdev type" (number) Mdev;
    /// A mediated device. Its value is its type.
    Child(_parent: Parent, uuid: Uuid) free "{uuid}" "mdev" "a mediated device" (text::<MdevType>) Mdev;
    /// What a mediated device's driver registers with vfio, for users to open.
    VfioDevice(_parent: Parent, uuid: Uuid) free "{uuid} vfio device" "vfio" "a vfio device" (nothing) Mdev;
    /// The vfio group of a mediated device.
    VfioGroup(_parent: Parent, uuid: Uuid) free "{uuid} vfio group" "vfio" "a vfio group" (number) Mdev;
    /// A mediated device that udev's rules are to make for a parent. Its value: [`Configured`](value::Configured).
    Configured(parent: Parent, uuid: Uuid) free "udev {parent} {uuid}" "object" "what udev knows" (text::<value::Configured>) Mdev;
    /// An RDMA device. Its value: [`Protocol`](value::Protocol).
    Ib(device: IbDevice) free "{device}" "rdma" "an RDMA device" (text::<value::Protocol>) Others;
    /// A client of ib_core.
    Client(client: Client) free "{client}" "object" "a client" (number) Others;
    /// What a client keeps for one RDMA device.
    ClientData(client: Client, device: IbDevice) free "{client}@{device}" "object" "client data" (number) Others;
    /// The active count of an RDMA device: who may operate it.
    IbUsers(device: IbDevice) free "{device} users" "object" "an active count" (number) Others;
    /// The name of an RDMA device, which is memory of its own.
    IbName(device: IbDevice) free "{device} name" "rdma-rename" "an RDMA device's name" (nothing) Others;
    /// The network namespace of an RDMA device, which is its value.
    IbNetns(device: IbDevice) free "{device} netns" "object" "an RDMA device's namespace" (text::<NetNs>) Others;
    /// The GID table of an RDMA device. Its value: [`FollowedNetdev`](value::FollowedNetdev).
    GidTable(device: IbDevice) free "{device} gid table" "object" "a GID table" (text::<value::FollowedNetdev>) Others;
    /// An entry of a GID table: an address of a netdev.
    Gid(device: IbDevice, netdev: Netdev, address: Address) free "{device} gid {netdev} {address}" "object" "a GID" (number) Others;
    /// An address of a netdev.
    Address(netdev: Netdev, address: Address) free "{netdev} {address}" "object" "an address" (number) Others;
    /// A network device.
    Netdev(netdev: Netdev) free "{netdev}" "object" "a netdev" (number) Others;
    /// A network namespace.
    Netns(netns: NetNs) free "netns {netns}" "object" "a namespace" (text::<NetNs>) Kernel;
    /// A route of a network namespace.
    Route(netns: NetNs, route: Route) free "{route} in netns {netns}" "object" "a route" (number) Kernel;
    /// A module.
    Module(module: Module) free "{module}.ko" "object" "a module" (number) Kernel;
    /// A workqueue.
    Queue(queue: QueueName) free "{queue}" "object" "a queue" (number) Others;
    /// The port of an RDMA device, which every one of those has. Its value: [`IbLink`](value::IbLink).
    IbLink(device: IbDevice) free "{device}/1" "rdma-link" "an RDMA device's port" (text::<value::IbLink>) Others;
    /// What stands for an RDMA device in a network namespace that it is not in itself.
    IbCompat(device: IbDevice, netns: NetNs) free "{device} in {netns}" "object" "an RDMA device's stand-in" (number) Others;
    /// The character device of this number that `ib_uverbs` has for an RDMA device.
    Uverbs(number: u8) free "uverbs{number}" "object" "a uverbs device" (number) Others;
    /// The character device of this number that `ib_umad` has for a port.
    Umad(number: u8) free "umad{number}" "umad" "a umad device" (text::<IbDevice>) Others;
    /// An id of rdma_cm that a user has.
    CmId(id: CmId) free "{id}" "object" "an id of rdma_cm" (number) Others;
    /// The id of an RDMA device that listens for a user's.
    CmListener(id: CmId, device: IbDevice) free "{id}@{device}" "object" "a device's id of rdma_cm" (number) Others;
    /// What a message does not name.
    Unnamed free "unnamed" "rdma-link" "what a message does not name" (nothing) Others;
}

/// Objects whose states a search keeps apart. Those of an instance have its state around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the kinds of objects they hold")]
pub enum Family {
    Traps,
    Regions,
    Params,
    Rates,
    Knobs,
    Reporters,
    Resources,
    Ports,
    LineCards,
    /// The instance itself, and what is too much of it to be apart.
    Instance,
    Mdev,
    /// RDMA, netdevs, and the rest.
    Others,
    Kernel,
}

impl SubjectKind {
    /// The word in brackets, as tools that listen print it: `port` of `[port,new]`.
    pub fn word(self) -> &'static str {
        Self::WORDS[self as usize]
    }

    /// Any object of this kind in words, for sites.
    pub fn phrase(self) -> &'static str {
        Self::PHRASES[self as usize]
    }

    /// Whose state this is.
    pub fn family(self) -> Family {
        Self::FAMILIES[self as usize]
    }

    /// How the value of such an object reads.
    pub fn value(self, byte: u8) -> String {
        Self::VALUES[self as usize](byte)
    }

    /// How many parts an instance can have of all kinds before this one.
    const fn before(self) -> usize {
        let (mut sum, mut kind) = (0, 0);
        while kind < self as usize {
            sum += Self::PARTS[kind];
            kind += 1;
        }
        sum
    }
}

impl Subject {
    /// How many parts an instance can have, whatever its driver.
    pub const PARTS: usize = SubjectKind::Unnamed.before();

    /// The instance that this is a part of, and its place among all parts: below [`Subject::PARTS`].
    pub const fn part(self) -> Option<(Handle, usize)> {
        const BEFORE: [usize; SubjectKind::ALL.len()] = {
            let mut before = [0; SubjectKind::ALL.len()];
            let mut kind = 0;
            while kind < before.len() {
                before[kind] = SubjectKind::ALL[kind].before();
                kind += 1;
            }
            before
        };
        match self.place() {
            Some((handle, place)) => Some((handle, BEFORE[self.kind() as usize] + place)),
            None => None,
        }
    }

    /// The same of another device; what belongs to no device stays.
    pub const fn on(self, handle: Handle) -> Subject {
        match self.moved(handle) {
            Some(moved) => moved,
            None => self,
        }
    }

    /// The RDMA device this belongs to, if it is one or what a client keeps for one.
    pub const fn ib_device(self) -> Option<IbDevice> {
        match self {
            Subject::Ib(device)
            | Subject::ClientData(_, device)
            | Subject::IbUsers(device)
            | Subject::IbNetns(device)
            | Subject::IbLink(device)
            | Subject::GidTable(device)
            | Subject::Gid(device, ..) => Some(device),
            _ => None,
        }
    }
}

/// A value that is a number.
fn number(byte: u8) -> String {
    byte.to_string()
}

/// An object that has no value.
fn nothing(_: u8) -> String {
    String::new()
}

fn occupied(byte: u8) -> String {
    format!("occ {byte}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_a_place_of_its_own_and_can_be_of_another_instance() {
        let (handle, other) = (Handle::Netdevsim0, Handle::Mlx50);
        let all = |kind: &SubjectKind| (0..).map_while(|place| kind.part(handle, place)).collect::<Vec<_>>();
        let parts: Vec<Subject> = SubjectKind::ALL.iter().flat_map(all).collect();
        let places: Vec<usize> = parts.iter().map(|part| part.part().unwrap().1).collect();
        assert!(places.iter().copied().eq(0..Subject::PARTS), "{places:?}");
        for part in parts {
            assert_eq!(part.on(other).handle(), Some(other));
            assert_eq!(part.on(other).part().unwrap().1, part.part().unwrap().1);
            assert_eq!(part.on(other).on(handle), part);
        }
    }

    #[test]
    fn what_a_driver_has_is_of_a_device_and_of_no_instance() {
        let knob = Subject::Knob(Handle::Netdevsim0, Knob::FailReload);
        assert_eq!((knob.handle(), knob.device()), (None, Some(Handle::Netdevsim0)));
        assert_eq!(knob.on(Handle::Mlx50).device(), Some(Handle::Mlx50));
        let child = Subject::Child(Parent::Mtty0, Uuid::A);
        assert_eq!((child.handle(), child.device(), child.on(Handle::Mlx50)), (None, None, child));
    }

    #[test]
    fn every_kind_has_a_phrase_of_its_own() {
        let phrases: std::collections::BTreeSet<&str> =
            SubjectKind::ALL.iter().map(|kind| kind.phrase()).collect();
        assert_eq!(phrases.len(), SubjectKind::ALL.len());
    }
}
