//! Clients whose `add()` gives users a character device: `ib_uverbs` one for a device, `ib_umad` one for its port.

use super::Ib;
use crate::event::{Action, Errno, IbDevice, IbDriver, Point, Subject};
use crate::sim::{Kernel, Kref};
use std::cell::Cell;

/// The numbers of the character devices: `uverbs_ida` and `umad_ida`.
#[derive(Debug, Default)]
pub struct Numbers {
    uverbs: [Cell<Option<u8>>; IbDevice::COUNT],
    umad: [Cell<Option<u8>>; IbDevice::COUNT],
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `ib_uverbs`
    Uverbs,
    /// `ib_umad`
    Umad,
}

impl Kind {
    fn subject(self, number: u8) -> Subject {
        match self {
            Kind::Uverbs => Subject::Uverbs(number),
            Kind::Umad => Subject::Umad(number),
        }
    }
}

impl Ib {
    fn numbers(&self, kind: Kind) -> &[Cell<Option<u8>>; IbDevice::COUNT] {
        match kind {
            Kind::Uverbs => &self.numbers.uverbs,
            Kind::Umad => &self.numbers.umad,
        }
    }

    /// Models `ib_uverbs_add_one()` and `ib_umad_add_one()`: the lowest number that is free. There are no management
    /// datagrams on iWARP.
    pub(super) async fn chardev_add(
        &self,
        k: &Kernel,
        kind: Kind,
        device: IbDevice,
        kref: Kref,
    ) -> Result<(), Errno> {
        k.point(match kind {
            Kind::Uverbs => Point::UverbsAdd,
            Kind::Umad => Point::UmadAdd,
        })
        .await;
        if kind == Kind::Umad && self.driver_of(device) == IbDriver::Siw {
            return Err(Errno::EOPNOTSUPP);
        }
        let numbers = self.numbers(kind);
        let is_free = |number: &u8| numbers.iter().all(|used| used.get() != Some(*number));
        let number = (0..).find(is_free).expect("there are more numbers than devices");
        numbers[device.index()].set(Some(number));
        k.uevent(Action::Add, kind.subject(number), kref);
        Ok(())
    }

    /// Models `ib_uverbs_remove_one()` and `ib_umad_remove_one()`.
    pub(super) async fn chardev_remove(&self, k: &Kernel, kind: Kind, device: IbDevice, kref: Kref) {
        k.point(match kind {
            Kind::Uverbs => Point::UverbsRemove,
            Kind::Umad => Point::UmadRemove,
        })
        .await;
        if let Some(number) = self.numbers(kind)[device.index()].take() {
            k.uevent(Action::Remove, kind.subject(number), kref);
        }
    }
}
