//! Filters of notifications in messages: what is asked for, and what the kernel was seen to take.

use super::uapi::{attr, cmd};
use crate::event::{FilterDevice, FilterPort};
use crate::linux::attribute::{Attributes, Found};
use crate::linux::wire::Operation;
use crate::operand::Operand;

/// How a device's word says that any bus or any device will do.
const ANY: &str = "any";

/// Sets a task's filter; what is any is left out.
pub(super) fn set(device: FilterDevice, port: FilterPort) -> Operation {
    let (bus, name) = names(device);
    let attributes = Attributes::new();
    let attributes = match bus {
        Some(bus) => attributes.text(attr::BUS_NAME, bus),
        None => attributes,
    };
    let attributes = match name {
        Some(name) => attributes.text(attr::DEV_NAME, &name),
        None => attributes,
    };
    let attributes = match port.index_wanted() {
        Some(port) => attributes.u32(attr::PORT_INDEX, super::index(port)),
        None => attributes,
    };
    Operation::Filter { command: cmd::NOTIFY_FILTER_SET, body: attributes.emit() }
}

/// The names of a bus and of a device that are asked for.
fn names(device: FilterDevice) -> (Option<&'static str>, Option<String>) {
    match device.word().split_once('/') {
        None => (None, None),
        Some((ANY, name)) => (None, Some(name.to_string())),
        Some((bus, ANY)) => (Some(bus), None),
        Some((bus, number)) => (Some(bus), Some(format!("{bus}{number}"))),
    }
}

/// The filter that these attributes are.
pub fn read(body: &[u8]) -> Option<(FilterDevice, FilterPort)> {
    let found = Found::new(body);
    let said = (found.text(attr::BUS_NAME), found.text(attr::DEV_NAME));
    let is_said = |device: &&FilterDevice| {
        let (bus, name) = names(**device);
        (bus, name.as_deref()) == said
    };
    let port = found.number(attr::PORT_INDEX);
    let is_port = |wanted: &&FilterPort| wanted.index_wanted().map(super::index) == port;
    Some((*FilterDevice::ALL.iter().find(is_said)?, *FilterPort::ALL.iter().find(is_port)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Handle;

    #[test]
    fn every_filter_is_read_as_what_was_asked_for() {
        for device in FilterDevice::ALL {
            for port in FilterPort::ALL {
                let Operation::Filter { body, .. } = set(*device, *port) else { panic!("it is no filter") };
                assert_eq!(read(&body), Some((*device, *port)));
            }
        }
        let any = Operation::Filter { command: cmd::NOTIFY_FILTER_SET, body: Vec::new() };
        assert_eq!(set(FilterDevice::Any, FilterPort::Any), any, "an empty filter is none");
    }

    #[test]
    fn what_a_device_is_called_and_what_the_model_hears_of_it_agree() {
        for device in FilterDevice::ALL {
            let (bus, name) = names(*device);
            for handle in Handle::ALL {
                let (own, number) = handle.word().split_once('/').expect("a handle is a driver and a number");
                let is_bus = bus.is_none_or(|bus| bus == own);
                let is_name = name.as_ref().is_none_or(|name| *name == format!("{own}{number}"));
                assert_eq!(device.names(*handle), is_bus && is_name, "{device} and {handle}");
            }
        }
    }
}
