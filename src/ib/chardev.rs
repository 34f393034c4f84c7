//! Clients whose `add()` gives users a character device: `ib_uverbs` one for a device, `ib_umad` one for its port.

use super::Ib;
use crate::event::{Action, Errno, IbDevice, IbDriver, LockClass, Point, Subject, What};
use crate::operand::Operand;
use crate::sim::cell::Cell;
use crate::sim::{Kernel, Kref, LockId};

/// The numbers of the character devices: `uverbs_ida` and `umad_ida`.
#[derive(Debug, Default)]
pub struct Numbers {
    uverbs: [Cell<Option<u8>>; IbDevice::COUNT],
    umad: [Cell<Option<u8>>; IbDevice::COUNT],
    /// `port->ib_dev` of each umad device: whether it is there.
    umad_has_device: [Cell<bool>; IbDevice::COUNT],
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
        self.numbers.umad_has_device[device.index()].set(kind == Kind::Umad);
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
        let clears_first = self.decisions.users.umad_clears_first;
        if kind == Kind::Umad && clears_first {
            self.numbers.umad_has_device[device.index()].set(false);
        }
        if kind == Kind::Umad && self.numbers.umad[device.index()].get().is_some() {
            k.point(Point::UmadFileRemove).await;
        }
        if let Some(number) = self.numbers(kind)[device.index()].take() {
            if kind == Kind::Umad {
                // Models `kernfs_drain()`: a reader of the file has an active reference, and no other comes.
                drop(k.lock_here(readers(k, number)).await);
                self.numbers.umad_has_device[device.index()].set(false);
            }
            k.uevent(Action::Remove, kind.subject(number), kref);
        }
    }

    /// A read of a umad device's file `ibdev`. Models `ibdev_show()`.
    pub async fn umad_read(&self, k: &Kernel, number: u8) -> Result<(), Errno> {
        let find = || self.numbers.umad.iter().position(|its| its.get() == Some(number));
        let place = find().ok_or(Errno::ENOENT)?;
        k.point(Point::UmadRead).await;
        if find() != Some(place) {
            return Err(Errno::ENODEV);
        }
        let _active = k.read_here(readers(k, number)).await;
        k.point(Point::UmadShow).await;
        if !self.numbers.umad_has_device[place].get() {
            // Models a read of `port->ib_dev->dev` where `port->ib_dev` is NULL.
            k.emit(What::Warn(Subject::Umad(number), k.here()));
            return Err(Errno::EFAULT);
        }
        k.emit(What::Dumped(Subject::Umad(number), self.name(IbDevice::ALL[place]).to_byte()));
        Ok(())
    }
}

/// Not a lock: the active references to a file, which its removal waits for.
fn readers(k: &Kernel, number: u8) -> LockId {
    k.lock_of(LockClass::UmadFile, Subject::Umad(number))
}
