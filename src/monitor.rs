//! Streams as the tools print that listen to a kernel: printed of a trace, compared with each other, and read back from a
//! log of a real machine.

pub mod diff;
pub mod judge;
pub mod log;
pub mod print;
pub mod shape;

use std::fmt;

/// A tool that listens to the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// `devlink monitor`
    Devlink,
    /// `ip monitor link`
    Link,
    /// `rdma monitor`
    Rdma,
    /// `udevadm monitor --kernel --property`
    Udev,
    /// The kernel's log: `dmesg`
    Kernel,
}

impl Tool {
    /// Every tool.
    pub const ALL: [Tool; 5] = [Tool::Devlink, Tool::Link, Tool::Rdma, Tool::Udev, Tool::Kernel];
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tool::Devlink => "devlink monitor",
            Tool::Link => "ip monitor link",
            Tool::Rdma => "rdma monitor",
            Tool::Udev => "udevadm monitor",
            Tool::Kernel => "dmesg",
        })
    }
}
