//! Commands as a user types them: iproute2, and writes to sysfs and debugfs.

/// A device, by the script's own number. Of the model's devlink drivers only netdevsim is without hardware.
fn number(handle: &str) -> Option<&'static str> {
    match handle {
        "netdevsim/0" => Some("$((id + 0))"),
        "netdevsim/1" => Some("$((id + 1))"),
        _ => None,
    }
}

/// An RDMA device, by the script's own name.
fn ib(device: &str) -> Option<&'static str> {
    match device {
        "rxe/0" => Some("unreg_rxe0"),
        "rxe/1" => Some("unreg_rxe1"),
        "siw/0" => Some("unreg_siw0"),
        _ => None,
    }
}

fn netns(name: &str) -> String {
    if name == "init" { "1".to_string() } else { format!("unreg-{name}") }
}

/// The words after the first that are no default: `any-action` and its like leave something out.
fn is_given(word: &str) -> bool {
    !["any-", "same-", "no-inline", "overwrite-nothing", "stays"].iter().any(|begin| word.starts_with(begin))
}

/// A command in one line for a shell, from its words. `inside` is the namespace that the task is in, and changes with it.
/// None for what no user can type: what the model's drivers do by themselves, and drivers that need hardware.
pub fn line(words: &[&str], inside: &mut String) -> Option<String> {
    let (name, operands) = words.split_first()?;
    if *name == "netns.enter" {
        let to = operands.first()?;
        *inside = if *to == "init" { String::new() } else { netns(to) };
        return Some(":".to_string());
    }
    let line = of(name, operands)?;
    match inside.as_str() {
        "" => Some(line),
        netns => Some(format!("ip netns exec {netns} sh -c \"{}\"", line.replace('"', "\\\""))),
    }
}

fn of(name: &str, operands: &[&str]) -> Option<String> {
    match name.split_once('.')? {
        ("devlink", verb) => devlink(verb, operands),
        ("driver", verb) => driver(verb, operands),
        ("netns", "add") => Some(format!("ip netns add {}", netns(operands.first()?))),
        ("netns", "del") => Some(format!("ip netns delete {}", netns(operands.first()?))),
        ("route", verb @ ("add" | "del")) => {
            let route = operands.first()?;
            let length = if route.contains(':') { "128" } else { "32" };
            Some(format!("ip route {verb} blackhole {route}/{length}"))
        }
        ("netdev", verb) => netdev(verb, operands),
        ("rdma", verb) => rdma(verb, operands),
        ("mdev", verb) => mdev(verb, operands),
        ("mtty" | "mdpy", "probe") => Some(format!("modprobe {}", name.split_once('.')?.0)),
        ("mtty" | "mdpy", "remove") => Some(format!("rmmod {}", name.split_once('.')?.0)),
        ("module", "remove") => Some(format!("rmmod {}", operands.first()?)),
        ("time", "pass") => Some("sleep 10".to_string()),
        _ => None,
    }
}

fn devlink(verb: &str, operands: &[&str]) -> Option<String> {
    if verb == "dump" {
        return Some("devlink dev show && devlink port show && devlink trap show".to_string());
    }
    let device = format!("netdevsim/netdevsim{}", number(operands.first()?)?);
    let given = || operands.get(1..).unwrap_or_default().iter().filter(|word| is_given(word));
    let first = operands.get(1).copied();
    Some(match verb {
        "get" => format!("devlink dev show {device}"),
        "port-get" => format!("devlink port show {device}/{}", first?),
        "eswitch-get" => format!("devlink dev eswitch show {device}"),
        "eswitch-set" => format!("devlink dev eswitch set {device} mode {}", first?),
        "reload" => given().fold(format!("devlink dev reload {device}"), |line, word| match *word {
            "driver-reinit" | "fw-activate" => format!("{line} action {}", word.replace('-', "_")),
            "no-reset" => format!("{line} limit no_reset"),
            to => format!("{line} netns {}", netns(to.trim_start_matches("to-"))),
        }),
        "trap-get" => format!("devlink trap show {device} trap {}", first?),
        "trap-set" => format!("devlink trap set {device} trap {} action {}", first?, operands.get(2)?),
        "trap-group-get" => format!("devlink trap group show {device} group {}", first?),
        "trap-policer-get" => format!("devlink trap policer show {device} policer {}", first?),
        "param-get" => format!("devlink dev param show {device} name {}", first?),
        "param-set" => {
            let cmode = operands.get(3).unwrap_or(&"driverinit");
            format!("devlink dev param set {device} name {} value {} cmode {cmode}", first?, operands.get(2)?)
        }
        "region-new" => match operands.get(2) {
            Some(id) if *id != "auto" => format!("devlink region new {device}/{} snapshot {id}", first?),
            _ => format!("devlink region new {device}/{}", first?),
        },
        "region-del" => {
            format!("devlink region del {device}/{} snapshot {}", first?, operands.get(2).unwrap_or(&"0"))
        }
        "region-read" => {
            format!("devlink region dump {device}/{} snapshot {}", first?, operands.get(2).unwrap_or(&"0"))
        }
        "health-get" => format!("devlink health show {device} reporter {}", first?),
        "health-recover" => format!("devlink health recover {device} reporter {}", first?),
        "health-diagnose" => format!("devlink health diagnose {device} reporter {}", first?),
        "health-dump-get" => format!("devlink health dump show {device} reporter {}", first?),
        "health-dump-clear" => format!("devlink health dump clear {device} reporter {}", first?),
        "health-test" => format!("devlink health test {device} reporter {}", first?),
        "resource-dump" => format!("devlink resource show {device}"),
        "resource-set" => {
            let size = if *operands.get(2)? == "max" { "18446744073709551615" } else { operands.get(2)? };
            format!("devlink resource set {device} path /{} size {size}", first?)
        }
        "info-get" => format!("devlink dev info {device}"),
        "flash" => format!("devlink dev flash {device} file {}", first?),
        "port-new" => {
            let index = first?;
            format!("devlink port add {device}/{index} flavour pcisf pfnum 0 sfnum {index}")
        }
        "port-del" => format!("devlink port del {device}/{}", first?),
        "port-function-set" => {
            format!("devlink port function set {device}/{} state {}", first?, operands.get(2)?)
        }
        "port-split" => format!("devlink port split {device}/{} count 2", first?),
        "port-unsplit" => format!("devlink port unsplit {device}/{}", first?),
        "port-set" => format!("devlink port set {device}/{} type {}", first?, operands.get(2)?),
        "rate-get" => format!("devlink port function rate show {device}/{}", first?),
        "rate-new" => format!("devlink port function rate add {device}/{}", first?),
        "rate-del" => format!("devlink port function rate del {device}/{}", first?),
        _ => return None,
    })
}

fn driver(verb: &str, operands: &[&str]) -> Option<String> {
    let id = number(operands.first()?)?;
    let first = operands.get(1).copied();
    let write = |text: &str, path: String| Some(format!("echo {text} >{path}"));
    let device = format!("/sys/bus/netdevsim/devices/netdevsim{id}");
    let debug = format!("/sys/kernel/debug/netdevsim/netdevsim{id}");
    match verb {
        "probe" => {
            let ports = first.and_then(|word| word.split('-').next()?.parse::<u8>().ok()).unwrap_or(2);
            write(&format!("\"{id} {ports}\""), "/sys/bus/netdevsim/new_device".to_string())
        }
        "remove" => write(id, "/sys/bus/netdevsim/del_device".to_string()),
        "bind" | "unbind" => {
            write(&format!("netdevsim{id}"), format!("/sys/bus/netdevsim/drivers/netdevsim/{verb}"))
        }
        "port-add" => write(first?, format!("{device}/new_port")),
        "port-del" => write(first?, format!("{device}/del_port")),
        "sriov-numvfs" => write(first?, format!("{device}/sriov_numvfs")),
        "take-snapshot" => write("1", format!("{debug}/take_snapshot")),
        "break-health" => write("boom", format!("{debug}/health/break_health")),
        "knob" => {
            let file = match first? {
                "fail-reload" => "fail_reload",
                "dont-allow-reload" => "dont_allow_reload",
                "fail-recover" => "health/fail_recover",
                _ => return None,
            };
            write(if operands.get(2) == Some(&"off") { "N" } else { "Y" }, format!("{debug}/{file}"))
        }
        _ => None,
    }
}

fn netdev(verb: &str, operands: &[&str]) -> Option<String> {
    let name = operands.first()?;
    let own = ["eth0", "eth1"].contains(name).then(|| format!("unreg_{name}"))?;
    Some(match verb {
        "add" => format!("ip link add {own} type dummy"),
        "del" => format!("ip link delete {own}"),
        "up" | "down" => format!("ip link set {own} {verb}"),
        "set-netns" => format!("ip link set {own} netns {}", netns(operands.get(1)?)),
        "address-add" | "address-del" => {
            let address =
                if operands.get(1) == Some(&"inet6") { "2001:db8::77/64" } else { "198.51.100.77/24" };
            format!("ip address {} {address} dev {own}", verb.trim_start_matches("address-"))
        }
        _ => return None,
    })
}

/// Mediated devices of the sample drivers. Their UUIDs are the script's own.
fn mdev(verb: &str, operands: &[&str]) -> Option<String> {
    let uuid = |name: &str| {
        let last = name.strip_prefix("uuid-").filter(|last| last.len() == 1)?;
        Some(format!("6d646576-1970-4000-8000-00000000000{last}"))
    };
    let vendor = |parent: &str| match parent {
        "mtty/0" => Some(("mtty", "mtty-1")),
        "mdpy/0" => Some(("mdpy", "mdpy-vga")),
        _ => None,
    };
    let (first, second) = (*operands.first()?, operands.get(1).copied());
    match (verb, second) {
        ("create", Some(second)) if operands.len() == 2 => {
            let (module, kind) = vendor(first)?;
            let folder = format!("/sys/devices/virtual/{module}/{module}/mdev_supported_types/{kind}");
            Some(format!("echo {} >{folder}/create", uuid(second)?))
        }
        ("remove", None) => Some(format!("echo 1 >/sys/bus/mdev/devices/{}/remove", uuid(first)?)),
        ("bind" | "unbind", Some(second)) => {
            let (module, _) = vendor(first)?;
            Some(format!("echo {} >/sys/bus/mdev/drivers/{module}/{verb}", uuid(second)?))
        }
        _ => None,
    }
}

fn rdma(verb: &str, operands: &[&str]) -> Option<String> {
    if verb == "dev-show" {
        return Some("rdma dev show".to_string());
    }
    if verb == "system-set-netns" {
        return Some(format!("rdma system set netns {}", operands.first()?));
    }
    let device = ib(operands.first()?)?;
    Some(match verb {
        "link-add" => {
            let (driver, netdev) = (operands.get(1)?, operands.get(2)?);
            format!("rdma link add {device} type {driver} netdev unreg_{netdev}")
        }
        "link-del" => format!("rdma link delete {device}"),
        "link-show" => format!("rdma link show {device}/1"),
        "set-netns" => format!("rdma dev set {device} netns {}", netns(operands.get(1)?)),
        "rename" => format!("rdma dev set {device} name {}", ib(operands.get(1)?)?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(command: &str) -> Option<String> {
        line(&command.split(' ').collect::<Vec<_>>(), &mut String::new())
    }

    #[test]
    fn commands_are_iproute2s_or_writes_to_files() {
        let device = "netdevsim/netdevsim$((id + 0))";
        assert_eq!(typed("devlink.reload netdevsim/0").unwrap(), format!("devlink dev reload {device}"));
        assert_eq!(
            typed("devlink.reload netdevsim/0 driver-reinit any-limit to-a").unwrap(),
            format!("devlink dev reload {device} action driver_reinit netns unreg-a")
        );
        assert_eq!(
            typed("driver.probe netdevsim/1 3-ports").unwrap(),
            "echo \"$((id + 1)) 3\" >/sys/bus/netdevsim/new_device"
        );
        assert_eq!(
            typed("rdma.link-add rxe/0 rxe eth0").unwrap(),
            "rdma link add unreg_rxe0 type rxe netdev unreg_eth0"
        );
    }

    #[test]
    fn a_task_in_a_namespace_types_there() {
        let mut inside = String::new();
        line(&["netns.enter", "a"], &mut inside);
        let typed = line(&["devlink.get", "netdevsim/0"], &mut inside).unwrap();
        assert!(typed.starts_with("ip netns exec unreg-a sh -c \"devlink dev show"), "{typed}");
    }

    #[test]
    fn mediated_devices_are_files_and_their_drivers_modules() {
        assert_eq!(typed("mtty.probe mtty/0").unwrap(), "modprobe mtty");
        let create = typed("mdev.create mtty/0 uuid-a").unwrap();
        assert!(
            create.starts_with("echo 6d646576-1970-4000-8000-00000000000a >/sys/devices/virtual/mtty/mtty/")
        );
        assert_eq!(typed("mdev.create mtty/0 uuid-a mtty-2"), None);
        assert_eq!(typed("mdev.remove uuid-a 2"), None);
    }

    #[test]
    fn hardware_and_what_drivers_do_cannot_be_typed() {
        assert_eq!(typed("devlink.reload mlx5/0"), None);
        assert_eq!(typed("ib.register-client mad"), None);
    }
}
