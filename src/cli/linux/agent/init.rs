//! What an init must do: mounts, the terminal, modules, the end.

use super::super::script;
use super::module;
use anyhow::Context;
use rustix::mount::{MountFlags, mount};
use rustix::system::{RebootCommand, reboot, uname};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::fs::File;
use std::process::Command;

/// Where the kernel finds its init in the initramfs.
pub(super) const PATH: &str = "/init";

/// Set on the kernel's command line, and so in init's environment, if a shell is wanted: to a script's path, or to `1`.
pub(super) const SHELL: &str = "UNREG_SHELL";

/// Where the shell finds its tools.
const PATHS: &str = "/bin:/sbin:/usr/bin:/usr/sbin";

const MOUNTS: &[(&str, &str)] = &[
    ("proc", "/proc"),
    ("sysfs", "/sys"),
    ("devtmpfs", "/dev"),
    ("debugfs", "/sys/kernel/debug"),
    ("tmpfs", "/tmp"),
];

/// What can be tested, the modules without which it cannot, and how many of those are loaded from the start:
/// programs load the others themselves.
const SUBSYSTEMS: &[(&str, &[&str], usize)] = &[
    ("devlink (netdevsim)", &["netdevsim"], 1),
    ("mdev (mtty)", &["mdev", "mtty"], 0),
    ("RDMA (siw, rxe)", &["ib_uverbs", "siw", "rdma_rxe", "ib_umad"], 3),
    ("netdevs (dummy)", &["dummy"], 1),
];

pub(super) fn mount_all() -> anyhow::Result<()> {
    for (kind, target) in MOUNTS {
        std::fs::create_dir_all(target).with_context(|| format!("cannot make {target}"))?;
        let mounted = mount(*kind, *target, *kind, MountFlags::empty(), None);
        mounted.with_context(|| format!("cannot mount {kind} at {target}"))?;
    }
    Ok(())
}

/// Where a kernel from 6.12 on says how much of the time ordinary threads have, whatever real-time ones want.
const FAIR_SERVER: &str = "/sys/kernel/debug/sched/fair_server";

/// Takes that time away: an ordinary thread that it lets run, a worker that ends a namespace for one, would pass the
/// listener. Kernels without it have nothing to take.
pub(super) fn stop_fair_server() -> std::io::Result<()> {
    let Ok(processors) = std::fs::read_dir(FAIR_SERVER) else { return Ok(()) };
    for processor in processors {
        std::fs::write(processor?.path().join("runtime"), "0")?;
    }
    Ok(())
}

/// Bytes go through as they are: no echo, no line editing.
pub(super) fn make_raw(tty: &File) -> anyhow::Result<()> {
    let mut settings = tcgetattr(tty).context("the line to the host is no terminal")?;
    settings.make_raw();
    tcsetattr(tty, OptionalActions::Now, &settings).context("cannot set up the line to the host")
}

/// Loads what is loaded from the start; says of each subsystem whether it is there, or why it is not.
pub(super) fn load_modules() -> Vec<(String, Option<String>)> {
    let load = |(name, modules, first): &(&str, &[&str], usize)| {
        let absent = modules.iter().find(|name| !module::exists(name));
        let absent = absent.map(|module| format!("there is no module {module}"));
        let failed = || {
            let mut loaded = modules[..*first].iter().map(|module| (module, module::load(module)));
            loaded.find_map(|(module, done)| Some(format!("{module} does not load: {}", done.err()?)))
        };
        ((*name).to_string(), absent.or_else(failed))
    };
    SUBSYSTEMS.iter().map(load).collect()
}

pub(super) fn release() -> String {
    uname().release().to_string_lossy().into_owned()
}

/// Whether a message that wakes a thread preempts its sender, also inside the kernel.
pub(super) fn is_preemptible() -> bool {
    uname().version().to_string_lossy().contains("PREEMPT")
}

/// Runs a script on the console until it ends, and says how it did.
pub(super) fn script(path: &str) -> anyhow::Result<()> {
    println!("{}", script::BEGIN);
    let status = Command::new("/bin/sh").arg(path).env("PATH", PATHS).current_dir("/tmp").status();
    let status = status.context("there is no /bin/sh in the guest")?;
    println!("{}{}", script::END, status.code().unwrap_or(-1));
    Ok(())
}

/// Runs a shell on the console until it ends.
pub(super) fn shell() -> anyhow::Result<()> {
    let status =
        Command::new("/bin/sh").env("PATH", PATHS).status().context("there is no /bin/sh in the guest")?;
    anyhow::ensure!(status.success(), "the shell ended with {status}");
    Ok(())
}

pub(super) fn power_off() -> ! {
    let _refused = reboot(RebootCommand::PowerOff);
    panic!("the kernel refuses to power off");
}
