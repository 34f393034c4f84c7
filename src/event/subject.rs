//! Subjects: what events are about.

use super::name::*;

/// Anything that has a life of its own in the kernel, and so can be created, announced, used and freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Nothing in particular: a global lock belongs to no object.
    Kernel,
    /// A devlink instance. Its value: [`ReloadFailed`](super::value::ReloadFailed).
    Devlink(Handle),
    /// The device that a devlink instance belongs to, on its bus.
    Device(Handle),
    /// A port of a devlink instance. Its value: [`PortType`](super::value::PortType).
    Port(Handle, PortIndex),
    /// The netdev of a port. Its value is the network namespace that it is in.
    PortNetdev(Handle, PortIndex),
    /// An auxiliary device of an mlx5 device.
    Auxiliary(Handle, Auxiliary),
    /// A trap of a devlink instance.
    Trap(Handle, Trap),
    /// A group of traps of a devlink instance. Its value: [`Policer`](super::value::Policer).
    TrapGroup(Handle, TrapGroup),
    /// A policer of a devlink instance. Its value: [`Limits`](super::value::Limits).
    TrapPolicer(Handle, TrapPolicer),
    /// A line card of a devlink instance. Its value: [`Card`](super::value::Card).
    LineCard(Handle, LineCard),
    /// A region of a devlink instance.
    Region(Handle, Region),
    /// A snapshot of a region; ids are unique in the instance.
    Snapshot(Handle, SnapshotId),
    /// A health reporter of a devlink instance. Its value: [`Health`](super::value::Health).
    Reporter(Handle, Reporter),
    /// A resource of a devlink instance. Its value: [`Sizes`](super::value::Sizes).
    Resource(Handle, Resource),
    /// How much of a resource is in use.
    Occupancy(Handle, Resource),
    /// A param of a devlink instance.
    Param(Handle, Param),
    /// A rate object of a devlink instance. Its value: [`Rates`](super::value::Rates).
    Rate(Handle, RateName),
    /// What the driver says of itself and of its firmware.
    Info(Handle),
    /// A flash update under way. Its value: [`FlashStatus`](super::value::FlashStatus).
    Flash(Handle),
    /// What a reload has done. Its value: [`Performed`](super::value::Performed).
    Actions(Handle),
    /// The network namespace of a devlink instance, which is its value.
    NetnsOf(Handle),
    /// The eswitch of a devlink instance.
    Eswitch(Handle),
    /// A fault that a test has asked the driver of an instance for.
    Knob(Handle, Knob),
    /// A parent of mediated devices.
    Parent(Parent),
    /// What mdev core tracks a registered parent with: `struct mdev_parent`.
    MdevParent(Parent),
    /// A type of mediated devices that a parent can be split into. Its value: how many more there can be.
    MdevType(Parent, MdevType),
    /// A mediated device. Its value is the number of its type.
    Child(Parent, Uuid),
    /// What a mediated device's driver registers with vfio, for users to open.
    VfioDevice(Parent, Uuid),
    /// The vfio group of a mediated device.
    VfioGroup(Parent, Uuid),
    /// A mediated device that udev's rules are to make for a parent. Its value:
    /// [`Configured`](super::value::Configured).
    Configured(Parent, Uuid),
    /// An RDMA device. Its value: [`Protocol`](super::value::Protocol).
    Ib(IbDevice),
    /// A client of ib_core.
    Client(Client),
    /// What a client keeps for one RDMA device.
    ClientData(Client, IbDevice),
    /// The active count of an RDMA device: who may operate it.
    IbUsers(IbDevice),
    /// The network namespace of an RDMA device, which is its value.
    IbNetns(IbDevice),
    /// The GID table of an RDMA device. Its value: [`FollowedNetdev`](super::value::FollowedNetdev).
    GidTable(IbDevice),
    /// An entry of a GID table: an address of a netdev.
    Gid(IbDevice, Netdev, Address),
    /// An address of a netdev.
    Address(Netdev, Address),
    /// A network device.
    Netdev(Netdev),
    /// A network namespace.
    Netns(NetNs),
    /// A route of a network namespace.
    Route(NetNs, Route),
    /// A module.
    Module(Module),
    /// A workqueue.
    Queue(QueueName),
    /// The port of an RDMA device, which every one of those has. Its value: [`IbLink`](super::value::IbLink).
    IbLink(IbDevice),
    /// What stands for an RDMA device in a network namespace that it is not in itself.
    IbCompat(IbDevice, NetNs),
    /// The character device of this number that `ib_uverbs` has for an RDMA device.
    Uverbs(u8),
    /// The character device of this number that `ib_umad` has for a port.
    Umad(u8),
    /// Whatever a message does not name.
    Unnamed,
}

impl Subject {
    /// Whether this is a thing of mdev, which all namespaces share.
    pub const fn is_mdev(self) -> bool {
        matches!(
            self,
            Subject::Parent(_) | Subject::MdevType(..) | Subject::Child(..) | Subject::VfioDevice(..)
        )
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

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Subject::Kernel => f.write_str("kernel"),
            Subject::Devlink(handle) => write!(f, "{handle}"),
            Subject::Device(handle) => write!(f, "{handle} device"),
            Subject::Port(handle, port) => write!(f, "{handle}/{port}"),
            Subject::Auxiliary(handle, device) => write!(f, "{handle} {device}"),
            Subject::PortNetdev(handle, port) => write!(f, "{handle}/{port} netdev"),
            Subject::Trap(handle, trap) => write!(f, "{handle} {trap}"),
            Subject::TrapGroup(handle, group) => write!(f, "{handle} {group}"),
            Subject::TrapPolicer(handle, policer) => write!(f, "{handle} policer {policer}"),
            Subject::LineCard(handle, card) => write!(f, "{handle} {card}"),
            Subject::Region(handle, region) => write!(f, "{handle} {region}"),
            Subject::Snapshot(handle, id) => write!(f, "{handle} dummy snapshot {id}"),
            Subject::Reporter(handle, reporter) => write!(f, "{handle} reporter {reporter}"),
            Subject::Resource(handle, resource) | Subject::Occupancy(handle, resource) => {
                write!(f, "{handle} {resource}")
            }
            Subject::Info(handle) | Subject::Flash(handle) | Subject::Actions(handle) => {
                write!(f, "{handle}")
            }
            Subject::Param(handle, param) => write!(f, "{handle} {param}"),
            Subject::Rate(handle, rate) => write!(f, "{handle}/{rate}"),
            Subject::Eswitch(handle) => write!(f, "{handle} eswitch"),
            Subject::Knob(handle, knob) => write!(f, "{handle} {knob}"),
            Subject::Parent(parent) => write!(f, "{parent}"),
            Subject::MdevParent(parent) => write!(f, "mdev_parent({parent})"),
            Subject::MdevType(parent, kind) => write!(f, "{parent} {kind}"),
            Subject::Child(_, uuid) => write!(f, "{uuid}"),
            Subject::VfioDevice(_, uuid) => write!(f, "{uuid} vfio device"),
            Subject::VfioGroup(_, uuid) => write!(f, "{uuid} vfio group"),
            Subject::Configured(parent, uuid) => write!(f, "udev {parent} {uuid}"),
            Subject::Ib(device) => write!(f, "{device}"),
            Subject::Client(client) => write!(f, "{client}"),
            Subject::ClientData(client, device) => write!(f, "{client}@{device}"),
            Subject::IbNetns(device) => write!(f, "{device} netns"),
            Subject::IbUsers(device) => write!(f, "{device} users"),
            Subject::GidTable(device) => write!(f, "{device} gid table"),
            Subject::Gid(device, netdev, address) => write!(f, "{device} gid {netdev} {address}"),
            Subject::Address(netdev, address) => write!(f, "{netdev} {address}"),
            Subject::Netdev(netdev) => write!(f, "{netdev}"),
            Subject::Netns(netns) => write!(f, "netns {netns}"),
            Subject::Route(netns, route) => write!(f, "{route} in netns {netns}"),
            Subject::NetnsOf(handle) => write!(f, "{handle} netns"),
            Subject::Module(module) => write!(f, "{module}.ko"),
            Subject::Queue(queue) => write!(f, "{queue}"),
            Subject::IbLink(device) => write!(f, "{device}/1"),
            Subject::IbCompat(device, netns) => write!(f, "{device} in {netns}"),
            Subject::Uverbs(number) => write!(f, "uverbs{number}"),
            Subject::Umad(number) => write!(f, "umad{number}"),
            Subject::Unnamed => f.write_str("unnamed"),
        }
    }
}
