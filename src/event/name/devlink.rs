//! The names of devlink: instances, their parts, and what is asked of them and of their drivers.

use crate::operands;

operands! {
    /// A devlink instance by its parent device: a driver and a number.
    "a devlink handle" (4 bits) enum Handle {
        Netdevsim0 = "netdevsim/0",
        Mlx50 = "mlx5/0",
        Netdevsim1 = "netdevsim/1",
        Mlx51 = "mlx5/1",
        Mlxsw0 = "mlxsw/0",
        /// The device on the first line card of `mlxsw/0`.
        Lc1 = "mlxsw_core.lc/1",
        /// The second virtual function of `mlx5/0`.
        Mlx52 = "mlx5/2",
    }

    /// The index of a devlink port.
    "a port index" (4 bits) enum PortIndex {
        P0 = "0", P1 = "1", P2 = "2", P3 = "3",
        /// Where netdevsim's ports of virtual functions begin.
        Vf0 = "128",
        Vf1 = "129",
    }

    /// What the function of a port is to be: `enum devlink_port_fn_state`.
    "a function state" (1 bits) enum FunctionState { Inactive = "inactive", Active = "active", }

    /// Of which type a user wants a port to be: `enum devlink_port_type`.
    "a port type" (2 bits) enum SetType { Auto = "auto", Eth = "eth", Ib = "ib", }

    /// How many ports a driver's probe makes; the first is the driver's own list of ports.
    "a number of ports" (3 bits, optional) enum PortCount {
        Default = "default-ports", N0 = "0-ports", N1 = "1-port", N2 = "2-ports", N3 = "3-ports", N4 = "4-ports",
    }

    /// A packet trap that a driver registers.
    "a trap" (4 bits) enum Trap {
        BlackholeRoute = "blackhole_route",
        TailDrop = "tail_drop",
        SourceMacIsMulticast = "source_mac_is_multicast",
        VlanTagMismatch = "vlan_tag_mismatch",
        IngressVlanFilter = "ingress_vlan_filter",
        IngressSpanningTreeFilter = "ingress_spanning_tree_filter",
        PortListIsEmpty = "port_list_is_empty",
        PortLoopbackFilter = "port_loopback_filter",
        FidMiss = "fid_miss",
        TtlValueIsTooSmall = "ttl_value_is_too_small",
        IngressFlowActionDrop = "ingress_flow_action_drop",
        EgressFlowActionDrop = "egress_flow_action_drop",
        IgmpQuery = "igmp_query",
        IgmpV1Report = "igmp_v1_report",
    }

    /// A group of packet traps, which may share a policer.
    "a trap group" (4 bits) enum TrapGroup {
        L2Drops = "l2_drops", L3Drops = "l3_drops", L3Exceptions = "l3_exceptions",
        BufferDrops = "buffer_drops", AclDrops = "acl_drops", McSnooping = "mc_snooping",
    }

    /// A policer of trapped packets, by its number.
    "a trap policer" (4 bits) enum TrapPolicer {
        P1 = "1", P2 = "2", P3 = "3",
        /// One that none of the drivers here has.
        P9 = "9",
    }

    /// What is to happen to the packets of all traps of a group that drop.
    "an action for a group" (3 bits, optional) enum GroupAction {
        Unset = "same-action", Trap = "action-trap", Mirror = "action-mirror", Drop = "action-drop",
    }

    /// The policer that a group is to be bound to.
    "a policer for a group" (3 bits, optional) enum GroupPolicer {
        Unset = "same-policer", P1 = "policer-1", P9 = "policer-9", None = "no-policer", P3 = "policer-3",
    }

    /// How many packets a second a policer lets through: from 1 to 8000.
    "a policer's rate" (3 bits, optional) enum PolicerRate {
        Unset = "same-rate", R100 = "rate-100", TooLow = "rate-0", R8000 = "rate-8000", TooHigh = "rate-8001",
    }

    /// How many packets a policer lets through at once: from 8 to 65536.
    "a policer's burst" (3 bits, optional) enum PolicerBurst {
        Unset = "same-burst", B16 = "burst-16", TooLow = "burst-7", B4096 = "burst-4096",
    }

    /// A resource of a device, with the one that it is a part of.
    "a resource" (4 bits) enum Resource {
        Ipv4 = "IPv4", Ipv4Fib = "IPv4/fib", Ipv4Rules = "IPv4/fib-rules",
        Ipv6 = "IPv6", Ipv6Fib = "IPv6/fib", Ipv6Rules = "IPv6/fib-rules",
        Nexthops = "nexthops",
        /// One that none of the drivers here has.
        Unknown = "tcam",
    }

    /// How much of a resource there is; the first is as much as can be said.
    "a size" (3 bits) enum ResourceSize {
        Max = "max", N10 = "10", N9 = "9", N100 = "100", N1 = "1", N2 = "2", N0 = "0",
    }

    /// What a reload is to do.
    "a reload action" (2 bits, optional) enum ReloadAction {
        Unset = "any-action", Reinit = "driver-reinit", FwActivate = "fw-activate",
    }

    /// What a reload is not to do.
    "a reload limit" (2 bits, optional) enum ReloadLimit { Unset = "any-limit", NoReset = "no-reset", None = "no-limit", }

    /// The file that a device is flashed with.
    "a firmware file" (2 bits, optional) enum Firmware { Image = "unreg.bin", Missing = "missing.bin", }

    /// The component that is flashed.
    "a component" (2 bits, optional) enum Component { Unset = "any-component", FwMgmt = "fw.mgmt", Unknown = "bogus", }

    /// What of a device's own a flash may overwrite.
    "an overwrite mask" (1 bits, optional) enum Overwrite { Unset = "overwrite-nothing", Settings = "overwrite-settings", }

    /// A device on the auxiliary bus, for one of the drivers that share an mlx5 device.
    "an auxiliary device" (4 bits) enum Auxiliary { Eth = "eth", Rdma = "rdma", }

    /// A slot for a line card.
    "a line card" (4 bits) enum LineCard { L1 = "lc-1", L2 = "lc-2", }

    /// What a line card is provisioned as, or that it is not to be.
    "a line card type" (3 bits) enum LineCardType {
        T100g = "16x100G", T400g = "4x400G", None = "no-type",
        /// One that none of the drivers here knows.
        Unknown = "9x9G",
    }

    /// A region of a device's memory.
    "a region" (4 bits) enum Region { Dummy = "dummy", }

    /// The id of a region's snapshot: the lowest that is free, or one that a user wants.
    "a snapshot id" (5 bits, optional) enum SnapshotId {
        Auto = "auto", I0 = "0", I1 = "1", I2 = "2", I3 = "3", I4 = "4", I5 = "5", I6 = "6", I7 = "7", I8 = "8", I9 = "9", I10 = "10", I11 = "11", I12 = "12", I13 = "13", I14 = "14", I15 = "15",
    }

    /// What reports on a device's health.
    "a health reporter" (4 bits) enum Reporter {
        Dummy = "dummy",
        /// One that has no way to recover.
        Empty = "empty",
        /// One that none of the drivers here has.
        Tx = "tx",
    }

    /// How long after a recovery another error is not recovered from.
    "a graceful period" (2 bits, optional) enum Grace { Unset = "same-grace", Hour = "grace-1h", None = "no-grace", }

    /// Whether a reporter recovers by itself.
    "an auto_recover" (2 bits, optional) enum AutoRecover {
        Unset = "same-recover", Off = "no-recover", On = "auto-recover",
    }

    /// Whether a reporter takes a dump by itself.
    "an auto_dump" (2 bits, optional) enum AutoDump {
        Unset = "same-dump", Off = "no-dump", On = "auto-dump",
    }

    /// What a device does with a packet that hits a trap.
    "a trap action" (2 bits) enum TrapAction { Drop = "drop", Trap = "trap", Mirror = "mirror", }

    /// A parameter whose value the driver takes up at the next reload (driverinit).
    "a param" (4 bits) enum Param {
        /// A number, of devlink's own list of params.
        MaxMacs = "max_macs",
        /// A flag, of netdevsim's own.
        Test1 = "test1",
        /// A flag of devlink's own list, which none of the drivers here has.
        EnableRoce = "enable_roce",
    }

    /// The value of a param: a number or a flag. The first is what a driver starts with.
    "a param value" (4 bits) enum ParamValue {
        V32 = "32", V64 = "64", V128 = "128", V256 = "256", True = "true", False = "false",
    }

    /// When a param's value is to be taken up: a configuration mode.
    "a configuration mode" (2 bits, optional) enum Cmode {
        Driverinit = "driverinit", Runtime = "runtime", Permanent = "permanent",
    }

    /// A rate object: a node by its name, or the leaf of a port by the port's index.
    "a rate object" (4 bits) enum RateName {
        N1 = "n1", Vf0 = "128", N2 = "n2", Vf1 = "129", N3 = "n3",
        /// A name that no node can have.
        Digits = "7",
        /// A port that has no leaf.
        P0 = "0",
    }

    /// A guaranteed rate. netdevsim takes whole megabits a second, and not more than 5000.
    "a tx_share" (3 bits, optional) enum TxShare {
        Unset = "same-share", M1 = "share-1mbit", Byte = "share-1byte", M2 = "share-2mbit",
    }

    /// A maximum rate.
    "a tx_max" (3 bits, optional) enum TxMax {
        Unset = "same-max", M2 = "max-2mbit", TooMuch = "max-6gbit", M1 = "max-1mbit",
    }

    /// The node above a rate object.
    "a rate parent" (3 bits, optional) enum RateParent {
        Unset = "same-parent", N1 = "under-n1", N2 = "under-n2", None = "under-none",
    }

    /// How many virtual functions a device is to have.
    "a number of VFs" (3 bits) enum NumVfs { N2 = "2", N1 = "1", N0 = "0", N5 = "5", }

    /// The mode of the embedded switch.
    "an eswitch mode" (2 bits) enum EswitchMode { Legacy = "legacy", Switchdev = "switchdev", }

    /// The second attribute of an eswitch change, which none of the drivers here supports.
    "an inline mode" (2 bits, optional) enum Inline { Unset = "no-inline", Link = "inline-link", }

    /// The third attribute of an eswitch change, which none of the drivers here supports either.
    "an encap mode" (2 bits, optional) enum Encap { Unset = "same-encap", None = "encap-none", Basic = "encap-basic", }

    /// A fault that a test asks a driver for, as netdevsim's debugfs files do.
    "a driver knob" (4 bits) enum Knob { FailReload = "fail-reload", DontAllowReload = "dont-allow-reload", FailRecover = "fail-recover",
        FailTrapGroupSet = "fail-trap-group-set", FailTrapPolicerSet = "fail-trap-policer-set",
        FailPolicerCounter = "fail-trap-policer-counter-get", FailDropCounter = "fail-trap-drop-counter-get",
    }

    /// The devices that a socket is to hear of: a bus and a device, where either may be any.
    "a device to hear of" (4 bits, optional) enum FilterDevice {
        Any = "any-device",
        Netdevsim0 = "netdevsim/0",
        Mlx50 = "mlx5/0",
        /// The name of a device and that of no bus.
        AnyNetdevsim0 = "any/netdevsim0",
        /// The name of a bus and that of no device.
        NetdevsimAny = "netdevsim/any",
        Netdevsim1 = "netdevsim/1",
        Mlx51 = "mlx5/1",
        Mlxsw0 = "mlxsw/0",
        Mlx5Any = "mlx5/any",
    }

    /// The port that a socket is to hear of.
    "a port to hear of" (4 bits, optional) enum FilterPort {
        Any = "any-port", P0 = "port-0", P1 = "port-1", P2 = "port-2", P3 = "port-3",
        Vf0 = "port-128", Vf1 = "port-129",
    }

    /// Whether a knob is turned on.
    "on or off" (1 bits) enum Switch { On = "on", Off = "off", }
}

impl Trap {
    /// The group that devlink knows the trap to be in.
    pub const fn group(self) -> TrapGroup {
        match self {
            Trap::SourceMacIsMulticast
            | Trap::VlanTagMismatch
            | Trap::IngressVlanFilter
            | Trap::IngressSpanningTreeFilter
            | Trap::PortListIsEmpty
            | Trap::PortLoopbackFilter
            | Trap::FidMiss => TrapGroup::L2Drops,
            Trap::BlackholeRoute => TrapGroup::L3Drops,
            Trap::TtlValueIsTooSmall => TrapGroup::L3Exceptions,
            Trap::TailDrop => TrapGroup::BufferDrops,
            Trap::IngressFlowActionDrop | Trap::EgressFlowActionDrop => TrapGroup::AclDrops,
            Trap::IgmpQuery | Trap::IgmpV1Report => TrapGroup::McSnooping,
        }
    }
}
