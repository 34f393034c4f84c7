//! Rate objects in messages: what is asked of them, and what they are said to be.

use super::uapi::{attr, cmd};
use super::{ask, of};
use crate::event::value::{Rates, Value};
use crate::event::{Handle, RateName, RateParent, Subject, TxMax, TxShare};
use crate::linux::attribute::{Attributes, Found};
use crate::linux::wire::Operation;
use crate::operand::Operand;

/// Asks for one object.
pub(super) fn get(handle: Handle, rate: RateName) -> Operation {
    ask(cmd::RATE_GET, attributes_of(handle, rate))
}

/// Deletes a node.
pub(super) fn del(handle: Handle, rate: RateName) -> Operation {
    ask(cmd::RATE_ASK_DEL, attributes_of(handle, rate))
}

/// Makes a node, or changes an object.
pub(super) fn change(
    command: u16,
    (handle, rate): (Handle, RateName),
    share: TxShare,
    max: TxMax,
    parent: RateParent,
) -> Operation {
    let mut attributes = attributes_of(handle, rate);
    if let Some(share) = share.bytes() {
        attributes = attributes.u64(attr::RATE_TX_SHARE, share);
    }
    if let Some(max) = max.bytes() {
        attributes = attributes.u64(attr::RATE_TX_MAX, max);
    }
    let above = match parent {
        RateParent::Unset => return ask(command, attributes),
        RateParent::None => "",
        RateParent::N1 => "n1",
        RateParent::N2 => "n2",
    };
    ask(command, attributes.text(attr::RATE_PARENT_NODE_NAME, above))
}

/// The name of a node, or the index of a leaf's port.
fn attributes_of(handle: Handle, rate: RateName) -> Attributes {
    match (rate, rate.word().parse()) {
        (RateName::Digits, _) | (_, Err(_)) => of(handle).text(attr::RATE_NODE_NAME, rate.word()),
        (_, Ok(port)) => of(handle).u32(attr::PORT_INDEX, port),
    }
}

/// What a message says of a rate object.
pub(super) fn read(handle: Handle, found: Found<'_>) -> Option<(Subject, u8)> {
    let rate = match found.text(attr::RATE_NODE_NAME) {
        Some(node) => RateName::named(node)?,
        None => RateName::named(&found.number(attr::PORT_INDEX)?.to_string())?,
    };
    let parent = match found.text(attr::RATE_PARENT_NODE_NAME) {
        None => None,
        Some(above) => Some(RateName::named(above)?),
    };
    let rates = Rates::new(found.long(attr::RATE_TX_SHARE)?, found.long(attr::RATE_TX_MAX)?, parent)?;
    Some((Subject::Rate(handle, rate), rates.pack()))
}
