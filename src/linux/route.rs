//! rtnetlink's messages about routes to nowhere.

use super::attribute::Attributes;
use super::wire::{Family, Operation};
use crate::event::Route;
use crate::operand::Operand;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use std::net::IpAddr;

/// `RTM_NEWROUTE`, `RTM_DELROUTE`
const NEWROUTE: u16 = 24;
const DELROUTE: u16 = 25;
/// `RTA_DST`
const DST: u16 = 1;
/// `AF_INET`, `AF_INET6`
const INET: u8 = 2;
const INET6: u8 = 10;
/// `RT_TABLE_MAIN`, `RTPROT_BOOT`, `RTN_BLACKHOLE`
const MAIN: u8 = 254;
const BOOT: u8 = 3;
const BLACKHOLE: u8 = 6;

/// Adds a route that takes packets nowhere, or deletes it.
pub(super) fn change(route: Route, is_there: bool) -> Operation {
    let address: IpAddr = route.word().parse().expect("a route is named by its address");
    let (family, bytes) = match address {
        IpAddr::V4(address) => (INET, address.octets().to_vec()),
        IpAddr::V6(address) => (INET6, address.octets().to_vec()),
    };
    // struct rtmsg: family, the bits of destination and source, tos, table, protocol, scope, type, flags.
    let bits = bytes.len() as u8 * 8;
    let mut body = vec![family, bits, 0, 0, MAIN, BOOT, 0, BLACKHOLE, 0, 0, 0, 0];
    body.extend(Attributes::new().bytes(DST, bytes).emit());
    let (command, flags) = if is_there { (NEWROUTE, NLM_F_CREATE | NLM_F_EXCL) } else { (DELROUTE, 0) };
    Operation::Netlink { family: Family::Route, command, flags, body, patches: Vec::new() }
}

/// Waits until netdevsim has put a route into its table: a worker does so, and sleeps for a tick or two a route.
pub(super) fn kept() -> Operation {
    Operation::Wait { milliseconds: 50 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_named_whole() {
        let body = |route| match change(route, true) {
            Operation::Netlink { body, .. } => body,
            other => panic!("{other:?}"),
        };
        for route in Route::ALL {
            let body = body(*route);
            // The header, an attribute's header, and all bits of the address.
            assert_eq!(body.len(), 12 + 4 + usize::from(body[1]) / 8);
        }
        assert_eq!(body(Route::V4A)[16..], [198, 51, 100, 1]);
    }
}
