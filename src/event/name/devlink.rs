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
    }

    /// The index of a devlink port.
    "a port index" (4 bits) enum PortIndex { P0 = "0", P1 = "1", P2 = "2", P3 = "3", }

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
    "a trap policer" (4 bits) enum TrapPolicer { P1 = "1", P2 = "2", P3 = "3", }

    /// A region of a device's memory.
    "a region" (4 bits) enum Region { Dummy = "dummy", }

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

    /// The mode of the embedded switch.
    "an eswitch mode" (2 bits) enum EswitchMode { Legacy = "legacy", Switchdev = "switchdev", }

    /// The second attribute of an eswitch change, which none of the drivers here supports.
    "an inline mode" (2 bits, optional) enum Inline { Unset = "no-inline", Link = "inline-link", }

    /// A fault that a test asks a driver for, as netdevsim's debugfs files do.
    "a driver knob" (4 bits) enum Knob { FailReload = "fail-reload", DontAllowReload = "dont-allow-reload", }

    /// Whether a knob is turned on.
    "on or off" (1 bits) enum Switch { On = "on", Off = "off", }
}
