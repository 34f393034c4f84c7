//! Messages of the families that the model has no events for yet, in words.

use super::attribute::Found;
use super::link::{self, DELLINK, IFNAME, NEWLINK};
use super::wire::Family;

/// The length of a netlink header in bytes.
const HEADER: usize = 16;
/// `RDMA_NLDEV_ATTR_DEV_NAME` and `RDMA_NLDEV_ATTR_EVENT_TYPE`
const RDMA_DEV_NAME: u16 = 2;
const RDMA_EVENT_TYPE: u16 = 102;

/// What a message says.
pub fn words(family: Family, message: &[u8]) -> String {
    let kind = link::kind(message);
    match family {
        Family::Route => {
            let name = link::attributes(message).text(IFNAME).unwrap_or("?");
            match kind {
                NEWLINK => format!("[link,new] {name}"),
                DELLINK => format!("[link,del] {name}"),
                other => format!("[link] message {other} {name}"),
            }
        }
        Family::Rdma => {
            let attributes = Found::new(message.get(HEADER..).unwrap_or_default());
            let name = attributes.text(RDMA_DEV_NAME).unwrap_or("?");
            match attributes.number(RDMA_EVENT_TYPE) {
                Some(event) => format!("[rdma] event {event} {name}"),
                None => format!("[rdma] message {} {name}", kind & 0x3ff),
            }
        }
        Family::Devlink | Family::Uevent => format!("{family:?} message of {} bytes", message.len()),
    }
}
