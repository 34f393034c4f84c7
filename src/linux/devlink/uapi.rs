//! The numbers of `include/uapi/linux/devlink.h`, which are ABI.

/// `enum devlink_command`
pub(super) mod cmd {
    pub(in crate::linux::devlink) const GET: u16 = 1;
    pub(in crate::linux::devlink) const NEW: u8 = 3;
    pub(in crate::linux::devlink) const DEL: u8 = 4;
    pub(in crate::linux::devlink) const PORT_GET: u16 = 5;
    pub(in crate::linux::devlink) const PORT_SET: u16 = 6;
    pub(in crate::linux::devlink) const PORT_ASK_NEW: u16 = 7;
    pub(in crate::linux::devlink) const PORT_ASK_DEL: u16 = 8;
    pub(in crate::linux::devlink) const PORT_NEW: u8 = 7;
    pub(in crate::linux::devlink) const PORT_DEL: u8 = 8;
    pub(in crate::linux::devlink) const ESWITCH_GET: u16 = 29;
    pub(in crate::linux::devlink) const ESWITCH_ANSWER: u8 = 29;
    pub(in crate::linux::devlink) const ESWITCH_SET: u16 = 30;
    pub(in crate::linux::devlink) const RELOAD: u16 = 37;
    pub(in crate::linux::devlink) const PARAM_GET: u16 = 38;
    pub(in crate::linux::devlink) const PARAM_ANSWER: u8 = 38;
    pub(in crate::linux::devlink) const PARAM_SET: u16 = 39;
    pub(in crate::linux::devlink) const PARAM_NEW: u8 = 40;
    pub(in crate::linux::devlink) const PARAM_DEL: u8 = 41;
    pub(in crate::linux::devlink) const REGION_GET: u16 = 42;
    pub(in crate::linux::devlink) const REGION_ANSWER: u8 = 42;
    pub(in crate::linux::devlink) const REGION_ASK_NEW: u16 = 44;
    pub(in crate::linux::devlink) const REGION_ASK_DEL: u16 = 45;
    pub(in crate::linux::devlink) const REGION_NEW: u8 = 44;
    pub(in crate::linux::devlink) const REGION_DEL: u8 = 45;
    pub(in crate::linux::devlink) const REGION_ASK_READ: u16 = 46;
    pub(in crate::linux::devlink) const REGION_READ: u8 = 46;
    pub(in crate::linux::devlink) const RESOURCE_SET: u16 = 35;
    pub(in crate::linux::devlink) const RESOURCE_DUMP: u16 = 36;
    pub(in crate::linux::devlink) const RESOURCE_ANSWER: u8 = 36;
    pub(in crate::linux::devlink) const RELOAD_ANSWER: u8 = 37;
    pub(in crate::linux::devlink) const INFO_GET: u16 = 51;
    pub(in crate::linux::devlink) const INFO_ANSWER: u8 = 51;
    pub(in crate::linux::devlink) const FLASH_UPDATE: u16 = 58;
    pub(in crate::linux::devlink) const FLASH_BEGIN: u8 = 58;
    pub(in crate::linux::devlink) const FLASH_END: u8 = 59;
    pub(in crate::linux::devlink) const FLASH_STATUS: u8 = 60;
    pub(in crate::linux::devlink) const TRAP_GROUP_SET: u16 = 66;
    pub(in crate::linux::devlink) const TRAP_POLICER_SET: u16 = 70;
    pub(in crate::linux::devlink) const HEALTH_GET: u16 = 52;
    pub(in crate::linux::devlink) const HEALTH_ANSWER: u8 = 52;
    pub(in crate::linux::devlink) const HEALTH_SET: u16 = 53;
    pub(in crate::linux::devlink) const HEALTH_RECOVER: u16 = 54;
    pub(in crate::linux::devlink) const HEALTH_STATUS: u8 = 54;
    pub(in crate::linux::devlink) const HEALTH_DIAGNOSE: u16 = 55;
    pub(in crate::linux::devlink) const HEALTH_DIAGNOSE_ANSWER: u8 = 55;
    pub(in crate::linux::devlink) const HEALTH_DUMP_GET: u16 = 56;
    pub(in crate::linux::devlink) const HEALTH_DUMP_ANSWER: u8 = 56;
    pub(in crate::linux::devlink) const HEALTH_DUMP_CLEAR: u16 = 57;
    pub(in crate::linux::devlink) const HEALTH_TEST: u16 = 73;
    pub(in crate::linux::devlink) const TRAP_GET: u16 = 61;
    pub(in crate::linux::devlink) const TRAP_SET: u16 = 62;
    pub(in crate::linux::devlink) const TRAP_NEW: u8 = 63;
    pub(in crate::linux::devlink) const TRAP_DEL: u8 = 64;
    pub(in crate::linux::devlink) const TRAP_GROUP_GET: u16 = 65;
    pub(in crate::linux::devlink) const TRAP_GROUP_NEW: u8 = 67;
    pub(in crate::linux::devlink) const TRAP_GROUP_DEL: u8 = 68;
    pub(in crate::linux::devlink) const TRAP_POLICER_GET: u16 = 69;
    pub(in crate::linux::devlink) const TRAP_POLICER_NEW: u8 = 71;
    pub(in crate::linux::devlink) const TRAP_POLICER_DEL: u8 = 72;
    pub(in crate::linux::devlink) const RATE_GET: u16 = 74;
    pub(in crate::linux::devlink) const RATE_SET: u16 = 75;
    pub(in crate::linux::devlink) const RATE_ASK_NEW: u16 = 76;
    pub(in crate::linux::devlink) const RATE_ASK_DEL: u16 = 77;
    pub(in crate::linux::devlink) const RATE_NEW: u8 = 76;
    pub(in crate::linux::devlink) const RATE_DEL: u8 = 77;
    pub(in crate::linux::devlink) const LINECARD_GET: u16 = 78;
    pub(in crate::linux::devlink) const LINECARD_SET: u16 = 79;
    pub(in crate::linux::devlink) const NOTIFY_FILTER_SET: u16 = 84;
}

/// `enum devlink_attr`
pub(super) mod attr {
    pub(in crate::linux::devlink) const BUS_NAME: u16 = 1;
    pub(in crate::linux::devlink) const DEV_NAME: u16 = 2;
    pub(in crate::linux::devlink) const PORT_INDEX: u16 = 3;
    pub(in crate::linux::devlink) const PORT_TYPE: u16 = 4;
    pub(in crate::linux::devlink) const PORT_NETDEV_NAME: u16 = 7;
    pub(in crate::linux::devlink) const PORT_FLAVOUR: u16 = 77;
    pub(in crate::linux::devlink) const PORT_PCI_PF_NUMBER: u16 = 127;
    pub(in crate::linux::devlink) const PORT_FUNCTION: u16 = 145;
    /// Within [`PORT_FUNCTION`].
    pub(in crate::linux::devlink) const PORT_FN_STATE: u16 = 2;
    pub(in crate::linux::devlink) const ESWITCH_MODE: u16 = 25;
    pub(in crate::linux::devlink) const ESWITCH_INLINE_MODE: u16 = 26;
    pub(in crate::linux::devlink) const ESWITCH_ENCAP_MODE: u16 = 62;
    pub(in crate::linux::devlink) const PARAM: u16 = 80;
    pub(in crate::linux::devlink) const PARAM_NAME: u16 = 81;
    pub(in crate::linux::devlink) const PARAM_TYPE: u16 = 83;
    pub(in crate::linux::devlink) const PARAM_VALUES_LIST: u16 = 84;
    pub(in crate::linux::devlink) const PARAM_VALUE: u16 = 85;
    pub(in crate::linux::devlink) const PARAM_VALUE_DATA: u16 = 86;
    pub(in crate::linux::devlink) const PARAM_VALUE_CMODE: u16 = 87;
    pub(in crate::linux::devlink) const REGION_NAME: u16 = 88;
    pub(in crate::linux::devlink) const REGION_SNAPSHOTS: u16 = 90;
    pub(in crate::linux::devlink) const REGION_SNAPSHOT: u16 = 91;
    pub(in crate::linux::devlink) const REGION_SNAPSHOT_ID: u16 = 92;
    pub(in crate::linux::devlink) const REGION_CHUNKS: u16 = 93;
    pub(in crate::linux::devlink) const REGION_CHUNK: u16 = 94;
    pub(in crate::linux::devlink) const REGION_CHUNK_ADDR: u16 = 96;
    pub(in crate::linux::devlink) const RESOURCE_LIST: u16 = 63;
    pub(in crate::linux::devlink) const RESOURCE: u16 = 64;
    pub(in crate::linux::devlink) const RESOURCE_ID: u16 = 66;
    pub(in crate::linux::devlink) const RESOURCE_SIZE: u16 = 67;
    pub(in crate::linux::devlink) const RESOURCE_SIZE_NEW: u16 = 68;
    pub(in crate::linux::devlink) const RESOURCE_SIZE_VALID: u16 = 69;
    pub(in crate::linux::devlink) const RESOURCE_OCC: u16 = 74;
    pub(in crate::linux::devlink) const INFO_VERSION_RUNNING: u16 = 101;
    pub(in crate::linux::devlink) const FLASH_FILE_NAME: u16 = 122;
    pub(in crate::linux::devlink) const FLASH_COMPONENT: u16 = 123;
    pub(in crate::linux::devlink) const FLASH_STATUS: u16 = 124;
    pub(in crate::linux::devlink) const FLASH_OVERWRITE: u16 = 152;
    pub(in crate::linux::devlink) const TRAP_POLICER_RATE: u16 = 143;
    pub(in crate::linux::devlink) const TRAP_POLICER_BURST: u16 = 144;
    pub(in crate::linux::devlink) const RELOAD_ACTION: u16 = 153;
    pub(in crate::linux::devlink) const RELOAD_ACTIONS_PERFORMED: u16 = 154;
    pub(in crate::linux::devlink) const RELOAD_LIMITS: u16 = 155;
    pub(in crate::linux::devlink) const NETNS_FD: u16 = 138;
    pub(in crate::linux::devlink) const REPORTER: u16 = 114;
    pub(in crate::linux::devlink) const REPORTER_NAME: u16 = 115;
    pub(in crate::linux::devlink) const REPORTER_STATE: u16 = 116;
    pub(in crate::linux::devlink) const REPORTER_DUMP_TS: u16 = 119;
    pub(in crate::linux::devlink) const REPORTER_GRACE: u16 = 120;
    pub(in crate::linux::devlink) const REPORTER_AUTO_RECOVER: u16 = 121;
    pub(in crate::linux::devlink) const REPORTER_AUTO_DUMP: u16 = 141;
    pub(in crate::linux::devlink) const TRAP_NAME: u16 = 130;
    pub(in crate::linux::devlink) const TRAP_ACTION: u16 = 131;
    pub(in crate::linux::devlink) const TRAP_GROUP_NAME: u16 = 135;
    pub(in crate::linux::devlink) const RELOAD_FAILED: u16 = 136;
    pub(in crate::linux::devlink) const TRAP_POLICER_ID: u16 = 142;
    pub(in crate::linux::devlink) const RATE_TX_SHARE: u16 = 166;
    pub(in crate::linux::devlink) const RATE_TX_MAX: u16 = 167;
    pub(in crate::linux::devlink) const RATE_NODE_NAME: u16 = 168;
    pub(in crate::linux::devlink) const RATE_PARENT_NODE_NAME: u16 = 169;
    pub(in crate::linux::devlink) const LINECARD_INDEX: u16 = 171;
    pub(in crate::linux::devlink) const LINECARD_TYPE: u16 = 173;
}

/// `NLA_U32` and `NLA_FLAG`, as the type of a param.
pub(super) const TYPE_U32: u8 = 3;
pub(super) const TYPE_FLAG: u8 = 6;
/// `DEVLINK_PORT_FLAVOUR_PCI_SF`
pub(super) const PORT_FLAVOUR_PCI_SF: u16 = 7;
/// `DEVLINK_PORT_TYPE_ETH`
pub(super) const PORT_TYPE_ETH: u32 = 2;
