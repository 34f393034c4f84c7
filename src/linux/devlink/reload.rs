//! Reload, resources and firmware in messages: what is asked, and what is said of them.

use super::uapi::{attr, cmd};
use super::{ask, of};
use crate::devlink::netns;
use crate::event::value::{FlashStatus, Performed, Sizes, Value};
use crate::event::{
    Component, Firmware, Handle, Overwrite, ReloadAction, ReloadLimit, ReloadTo, Resource, ResourceSize,
    Subject,
};
use crate::linux::attribute::{Attributes, Found};
use crate::linux::wire::{Family, Indexed, Operation, Patch};
use crate::operand::Operand;

/// `BIT(DEVLINK_RELOAD_LIMIT_NO_RESET)`
const NO_RESET: u32 = 1 << 1;
/// `BIT(DEVLINK_FLASH_OVERWRITE_SETTINGS_BIT)`
const SETTINGS: u32 = 1;

/// Reloads.
pub(super) fn reload(handle: Handle, action: ReloadAction, limit: ReloadLimit, to: ReloadTo) -> Operation {
    let attributes = of(handle);
    let attributes = match action {
        ReloadAction::Unset => attributes,
        action => attributes.u8(attr::RELOAD_ACTION, action.to_byte()),
    };
    let attributes = match limit {
        ReloadLimit::Unset => attributes,
        ReloadLimit::NoReset => bits(attributes, attr::RELOAD_LIMITS, NO_RESET),
        ReloadLimit::None => bits(attributes, attr::RELOAD_LIMITS, 0),
    };
    let Some(netns) = netns::wanted(to) else { return ask(cmd::RELOAD, attributes) };
    let body = attributes.u32(attr::NETNS_FD, 0).emit();
    // The descriptor is the guest's to know; it is the last thing in the body.
    let patches = vec![Patch { at: body.len() - 4, of: Indexed::Netns(netns.word().to_string()) }];
    Operation::Netlink { family: Family::Devlink, command: cmd::RELOAD, flags: 0, body, patches }
}

/// A `struct nla_bitfield32` that says something of the bits there are.
fn bits(attributes: Attributes, kind: u16, value: u32) -> Attributes {
    let selector = if value == 0 { NO_RESET } else { value };
    attributes.bytes(kind, [value.to_ne_bytes(), selector.to_ne_bytes()].concat())
}

/// What a reload has done.
pub(super) fn read_actions(handle: Handle, found: Found<'_>) -> Option<(Subject, u8)> {
    let done = found.get(attr::RELOAD_ACTIONS_PERFORMED)?.first_chunk().copied()?;
    Some((Subject::Actions(handle), Performed::of_bits(u32::from_ne_bytes(done))?.pack()))
}

/// Says how large a resource is to be.
pub(super) fn resource_set(handle: Handle, resource: Resource, size: ResourceSize) -> Operation {
    // netdevsim counts its resources from 1, in the order of their names here.
    let id = u64::from(resource.to_byte()) + 1;
    ask(cmd::RESOURCE_SET, of(handle).u64(attr::RESOURCE_ID, id).u64(attr::RESOURCE_SIZE, size.units()))
}

/// Every resource of an instance, each followed by its parts.
pub(super) fn read_resources(handle: Handle, found: Found<'_>) -> Option<Vec<(Subject, u8)>> {
    let mut resources = Vec::new();
    read_list(handle, found.nested(attr::RESOURCE_LIST)?, &mut resources)?;
    Some(resources)
}

fn read_list(handle: Handle, list: Found<'_>, resources: &mut Vec<(Subject, u8)>) -> Option<()> {
    for (_, resource) in list.each().filter(|(kind, _)| *kind == attr::RESOURCE) {
        let found = Found::new(resource);
        let resource =
            Resource::from_byte(u8::try_from(found.long(attr::RESOURCE_ID)?).ok()?.checked_sub(1)?)?;
        let size = |kind| {
            let units = found.long(kind)?;
            ResourceSize::ALL.iter().copied().find(|size| size.units() == units)
        };
        let now = size(attr::RESOURCE_SIZE)?;
        let new =
            if found.get(attr::RESOURCE_SIZE_NEW).is_some() { size(attr::RESOURCE_SIZE_NEW)? } else { now };
        let sizes = Sizes { now, new, is_valid: found.number(attr::RESOURCE_SIZE_VALID) != Some(0) };
        resources.push((Subject::Resource(handle, resource), sizes.pack()));
        // netdevsim says it of five; of rules and nexthops there are none here.
        if matches!(resource, Resource::Ipv4Fib | Resource::Ipv6Fib)
            && let Some(occupied) = found.long(attr::RESOURCE_OCC)
        {
            resources.push((Subject::Occupancy(handle, resource), occupied.try_into().ok()?));
        }
        if let Some(parts) = found.nested(attr::RESOURCE_LIST) {
            read_list(handle, parts, resources)?;
        }
    }
    Some(())
}

/// Writes firmware into a device.
pub(super) fn flash(handle: Handle, file: Firmware, component: Component, overwrite: Overwrite) -> Operation {
    let attributes = of(handle).text(attr::FLASH_FILE_NAME, file.word());
    let attributes = match component {
        Component::Unset => attributes,
        component => attributes.text(attr::FLASH_COMPONENT, component.word()),
    };
    let attributes = match overwrite {
        Overwrite::Unset => attributes,
        Overwrite::Settings => bits(attributes, attr::FLASH_OVERWRITE, SETTINGS),
    };
    ask(cmd::FLASH_UPDATE, attributes)
}

/// How far a flash update is, from what the kernel says of it.
pub(super) fn read_flash_status(handle: Handle, found: Found<'_>) -> Option<(Subject, u8)> {
    let status = match found.text(attr::FLASH_STATUS)? {
        "Preparing to flash" => FlashStatus::Preparing,
        "Flashing" => FlashStatus::Flashing,
        "Flash select" => FlashStatus::Select,
        "Flashing done" => FlashStatus::Done,
        _ => return None,
    };
    Some((Subject::Flash(handle), status.pack()))
}

/// What a driver says of itself: of netdevsim's a version that never changes.
pub(super) fn read_info(handle: Handle, found: Found<'_>) -> Option<(Subject, u8)> {
    found.get(attr::INFO_VERSION_RUNNING).map(|_| (Subject::Info(handle), 0))
}
