//! Once all is quiet, a GID table says what netdevs and addresses there are.

use crate::event::{Address, IbDevice, Kinds, Netdev, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};
use crate::operand::Operand;

/// Once no task is in the kernel and no work is queued, a device's GID table has the addresses of its netdev and no others.
pub const GID_TABLE_CONVERGES: Invariant = Invariant {
    id: 0x2a,
    name: "gid-table-converges",
    says: "Once all is quiet, the GID table of a device has the addresses of its netdev and no others.",
    cites: &[Cite {
        mail: &mail::KREF,
        who: "Matan Barak",
        claim: "every netdev and address event that matters has work walk the devices",
    }],
    about: Kinds::GID_TABLE,
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let mut tables = [false; IbDevice::COUNT];
    let mut addresses = [[false; Address::COUNT]; Netdev::COUNT];
    let mut followed = [None; IbDevice::COUNT];
    let mut gids = [[[false; Address::COUNT]; Netdev::COUNT]; IbDevice::COUNT];
    for (at, event) in trace.events.iter().enumerate() {
        let (of, is_there) = match event.what {
            What::Add(of) => (of, true),
            What::Remove(of) => (of, false),
            What::Set(Subject::GidTable(device), _, netdev) => {
                followed[device.index()] = netdev.checked_sub(1);
                continue;
            }
            What::AtRest(Subject::Kernel, _) => {
                let converged = |device: &IbDevice| {
                    let own = &gids[device.index()];
                    let netdev = |netdev: &Netdev| {
                        if followed[device.index()] == Some(netdev.to_byte()) {
                            own[netdev.index()] == addresses[netdev.index()]
                        } else {
                            own[netdev.index()] == [false; Address::COUNT]
                        }
                    };
                    !tables[device.index()] || Netdev::ALL.iter().all(netdev)
                };
                return (!IbDevice::ALL.iter().all(converged)).then_some(at);
            }
            _ => continue,
        };
        match of {
            Subject::GidTable(device) => {
                tables[device.index()] = is_there;
                gids[device.index()] = Default::default();
            }
            Subject::Address(netdev, address) => addresses[netdev.index()][address.index()] = is_there,
            Subject::Gid(device, netdev, address) => {
                gids[device.index()][netdev.index()][address.index()] = is_there;
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Subject = Subject::GidTable(IbDevice::Rxe0);
    const FOLLOWS: What = What::Set(TABLE, 0, 1);
    const ADDRESS: Subject = Subject::Address(Netdev::Eth0, Address::Inet);
    const GID: Subject = Subject::Gid(IbDevice::Rxe0, Netdev::Eth0, Address::Inet);
    const REST: What = What::AtRest(Subject::Kernel, 0);

    fn broken(events: &[What]) -> Option<usize> {
        check(&Trace::of(events.iter().map(|what| (0, *what))))
    }

    #[test]
    fn a_table_with_every_address_keeps_it() {
        assert_eq!(broken(&[What::Add(TABLE), FOLLOWS, What::Add(ADDRESS), What::Add(GID), REST]), None);
        let other = Subject::Address(Netdev::Eth1, Address::Inet);
        assert_eq!(broken(&[What::Add(TABLE), FOLLOWS, What::Add(other), REST]), None);
        assert_eq!(broken(&[What::Add(TABLE), What::Add(ADDRESS), REST]), None, "it follows nothing");
        assert_eq!(broken(&[What::Add(ADDRESS), REST]), None);
        let gone = [What::Add(TABLE), FOLLOWS, What::Add(ADDRESS), What::Remove(TABLE), REST];
        assert_eq!(broken(&gone), None, "there is no table any more");
    }

    #[test]
    fn an_address_that_is_missing_breaks_it_and_one_too_many() {
        assert_eq!(broken(&[What::Add(TABLE), FOLLOWS, What::Add(ADDRESS), REST]), Some(3));
        assert_eq!(broken(&[What::Add(TABLE), FOLLOWS, What::Add(GID), REST]), Some(3));
        assert_eq!(broken(&[What::Add(TABLE), What::Add(ADDRESS), What::Add(GID), REST]), Some(3));
    }

    #[test]
    fn who_is_not_at_rest_may_yet_converge() {
        assert_eq!(broken(&[What::Add(TABLE), FOLLOWS, What::Add(ADDRESS)]), None);
    }
}
