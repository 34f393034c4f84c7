//! Traps, groups and policers in messages: what is asked of them, and what they are said to be.

use super::uapi::{attr, cmd};
use super::{ask, of};
use crate::event::value::{Limits, Policer, Value};
use crate::event::{
    GroupAction, GroupPolicer, Handle, PolicerBurst, PolicerRate, Subject, Trap, TrapAction, TrapGroup,
    TrapPolicer,
};
use crate::linux::attribute::{Attributes, Found};
use crate::linux::wire::Operation;
use crate::operand::Operand;

/// `enum devlink_trap_action`
const ACTIONS: [TrapAction; 3] = [TrapAction::Drop, TrapAction::Trap, TrapAction::Mirror];

/// Asks for one trap.
pub(super) fn get(handle: Handle, trap: Trap) -> Operation {
    ask(cmd::TRAP_GET, of(handle).text(attr::TRAP_NAME, trap.word()))
}

/// Changes a trap's action.
pub(super) fn set(handle: Handle, trap: Trap, action: TrapAction) -> Operation {
    ask(cmd::TRAP_SET, act(of(handle).text(attr::TRAP_NAME, trap.word()), action))
}

fn act(attributes: Attributes, action: TrapAction) -> Attributes {
    let number = ACTIONS.iter().position(|other| *other == action).expect("every action has a number");
    attributes.u8(attr::TRAP_ACTION, number as u8)
}

/// Asks for one group.
pub(super) fn group_get(handle: Handle, group: TrapGroup) -> Operation {
    ask(cmd::TRAP_GROUP_GET, of(handle).text(attr::TRAP_GROUP_NAME, group.word()))
}

/// Changes the actions of a group's traps, its policer, or both.
pub(super) fn group_set(
    handle: Handle,
    group: TrapGroup,
    action: GroupAction,
    policer: GroupPolicer,
) -> Operation {
    let attributes = of(handle).text(attr::TRAP_GROUP_NAME, group.word());
    let attributes = match action {
        GroupAction::Unset => attributes,
        GroupAction::Trap => act(attributes, TrapAction::Trap),
        GroupAction::Mirror => act(attributes, TrapAction::Mirror),
        GroupAction::Drop => act(attributes, TrapAction::Drop),
    };
    let Some(policer) = policer.policer() else { return ask(cmd::TRAP_GROUP_SET, attributes) };
    let number = policer.map_or(0, TrapPolicer::id);
    ask(cmd::TRAP_GROUP_SET, attributes.u32(attr::TRAP_POLICER_ID, number))
}

/// Asks for one policer.
pub(super) fn policer_get(handle: Handle, policer: TrapPolicer) -> Operation {
    ask(cmd::TRAP_POLICER_GET, policer_of(handle, policer))
}

/// Changes what a policer lets through.
pub(super) fn policer_set(
    handle: Handle,
    policer: TrapPolicer,
    rate: PolicerRate,
    burst: PolicerBurst,
) -> Operation {
    let mut attributes = policer_of(handle, policer);
    if let Some(rate) = rate.packets() {
        attributes = attributes.u64(attr::TRAP_POLICER_RATE, rate);
    }
    if let Some(burst) = burst.packets() {
        attributes = attributes.u64(attr::TRAP_POLICER_BURST, burst);
    }
    ask(cmd::TRAP_POLICER_SET, attributes)
}

fn policer_of(handle: Handle, policer: TrapPolicer) -> Attributes {
    of(handle).u32(attr::TRAP_POLICER_ID, policer.id())
}

/// A trap and its action.
pub(super) fn read(handle: Handle, found: Found<'_>) -> Option<(Subject, u8)> {
    let action = *ACTIONS.get(found.number(attr::TRAP_ACTION)? as usize)?;
    let trap = Trap::named(found.text(attr::TRAP_NAME)?)?;
    Some((Subject::Trap(handle, trap), action.to_byte()))
}

/// A group and its policer.
pub(super) fn read_group(handle: Handle, found: Found<'_>) -> Option<(Subject, u8)> {
    let group = TrapGroup::named(found.text(attr::TRAP_GROUP_NAME)?)?;
    let policer = match found.number(attr::TRAP_POLICER_ID) {
        None | Some(0) => None,
        Some(id) => Some(policer_with(id)?),
    };
    Some((Subject::TrapGroup(handle, group), Policer(policer).pack()))
}

/// A policer and how it is set; what netdevsim begins with is nothing to tell.
pub(super) fn read_policer(handle: Handle, found: Found<'_>) -> Option<(Subject, u8)> {
    let id = found.number(attr::TRAP_POLICER_ID)?;
    let policer = policer_with(id)?;
    let (rate, burst) = (found.long(attr::TRAP_POLICER_RATE)?, found.long(attr::TRAP_POLICER_BURST)?);
    let changed = |now, begins_with| Some(now).filter(|now| *now != begins_with);
    let limits = Limits::new(changed(rate, 1000 * u64::from(id)), changed(burst, 1 << (6 + id)))?;
    Some((Subject::TrapPolicer(handle, policer), limits.pack()))
}

fn policer_with(id: u32) -> Option<TrapPolicer> {
    TrapPolicer::ALL.iter().copied().find(|policer| policer.id() == id)
}
