//! Traps, groups and policers in messages: what is asked of them, and what they are said to be.

use super::uapi::{attr, cmd};
use super::{ask, of};
use crate::event::{
    GroupAction, GroupPolicer, Handle, PolicerBurst, PolicerRate, Subject, Trap, TrapAction, TrapGroup,
    TrapPolicer,
};
use crate::linux::attribute::{Attributes, Found};
use crate::linux::wire::Action;
use crate::operand::Operand;

/// `enum devlink_trap_action`
const ACTIONS: [TrapAction; 3] = [TrapAction::Drop, TrapAction::Trap, TrapAction::Mirror];

/// Asks for one trap.
pub(super) fn get(handle: Handle, trap: Trap) -> Action {
    ask(cmd::TRAP_GET, of(handle).text(attr::TRAP_NAME, trap.word()))
}

/// Changes a trap's action.
pub(super) fn set(handle: Handle, trap: Trap, action: TrapAction) -> Action {
    ask(cmd::TRAP_SET, act(of(handle).text(attr::TRAP_NAME, trap.word()), action))
}

fn act(attributes: Attributes, action: TrapAction) -> Attributes {
    let number = ACTIONS.iter().position(|other| *other == action).expect("every action has a number");
    attributes.u8(attr::TRAP_ACTION, number as u8)
}

/// Asks for one group.
pub(super) fn group_get(handle: Handle, group: TrapGroup) -> Action {
    ask(cmd::TRAP_GROUP_GET, of(handle).text(attr::TRAP_GROUP_NAME, group.word()))
}

/// Changes the actions of a group's traps, its policer, or both.
pub(super) fn group_set(
    handle: Handle,
    group: TrapGroup,
    action: GroupAction,
    policer: GroupPolicer,
) -> Action {
    let attributes = of(handle).text(attr::TRAP_GROUP_NAME, group.word());
    let attributes = match action {
        GroupAction::Unset => attributes,
        GroupAction::Trap => act(attributes, TrapAction::Trap),
        GroupAction::Mirror => act(attributes, TrapAction::Mirror),
        GroupAction::Drop => act(attributes, TrapAction::Drop),
    };
    let number = match policer {
        GroupPolicer::Unset => return ask(cmd::TRAP_GROUP_SET, attributes),
        GroupPolicer::None => 0,
        GroupPolicer::P1 => 1,
        GroupPolicer::P3 => 3,
        GroupPolicer::P9 => 9,
    };
    ask(cmd::TRAP_GROUP_SET, attributes.u32(attr::TRAP_POLICER_ID, number))
}

/// Asks for one policer.
pub(super) fn policer_get(handle: Handle, policer: TrapPolicer) -> Action {
    ask(cmd::TRAP_POLICER_GET, policer_of(handle, policer))
}

/// Changes what a policer lets through.
pub(super) fn policer_set(
    handle: Handle,
    policer: TrapPolicer,
    rate: PolicerRate,
    burst: PolicerBurst,
) -> Action {
    let mut attributes = policer_of(handle, policer);
    if let Some(rate) = number(rate.word()) {
        attributes = attributes.u64(attr::TRAP_POLICER_RATE, rate);
    }
    if let Some(burst) = number(burst.word()) {
        attributes = attributes.u64(attr::TRAP_POLICER_BURST, burst);
    }
    ask(cmd::TRAP_POLICER_SET, attributes)
}

fn policer_of(handle: Handle, policer: TrapPolicer) -> Attributes {
    let id = policer.word().parse().expect("a policer's name is its number");
    of(handle).u32(attr::TRAP_POLICER_ID, id)
}

/// The number of a word like `rate-100`.
fn number(word: &str) -> Option<u64> {
    word.split_once('-')?.1.parse().ok()
}

/// A trap and its action.
pub(super) fn read(handle: Handle, found: Found<'_>) -> Option<(Subject, u8)> {
    let action = *ACTIONS.get(found.number(attr::TRAP_ACTION)? as usize)?;
    let trap = super::message::named::<Trap>(found.text(attr::TRAP_NAME)?)?;
    Some((Subject::Trap(handle, trap), action.to_byte()))
}

/// A group and the number of its policer.
pub(super) fn read_group(handle: Handle, found: Found<'_>) -> Option<(Subject, u8)> {
    let group = super::message::named::<TrapGroup>(found.text(attr::TRAP_GROUP_NAME)?)?;
    let policer = found.number(attr::TRAP_POLICER_ID).unwrap_or(0).try_into().ok()?;
    Some((Subject::TrapGroup(handle, group), policer))
}

/// A policer and how it is set; what netdevsim begins with is nothing to tell.
pub(super) fn read_policer(handle: Handle, found: Found<'_>) -> Option<(Subject, u8)> {
    let id = found.number(attr::TRAP_POLICER_ID)?;
    let policer = super::message::named::<TrapPolicer>(&id.to_string())?;
    let rate = match found.long(attr::TRAP_POLICER_RATE) {
        rate if rate == Some(1000 * u64::from(id)) => 0,
        Some(100) => 1,
        Some(8000) => 2,
        _ => return None,
    };
    let burst = match found.long(attr::TRAP_POLICER_BURST) {
        burst if burst == Some(64 << id) => 0,
        Some(16) => 1,
        Some(4096) => 2,
        _ => return None,
    };
    Some((Subject::TrapPolicer(handle, policer), rate | burst << 2))
}
