//! The types of a parent: what users see of them in `mdev_supported_types`, and how many devices there can be.

use super::parent::Tracking;
use super::{Mdev, Vendor};
use crate::event::{Errno, MdevType, Parent, Point, Subject, What};
use crate::sim::{Kernel, Kref, RegistrationId};

/// The most types that a parent here has.
const TYPES_MAX: usize = 2;

/// What a vendor driver says of a parent when it registers it.
#[derive(Debug)]
pub struct Spec {
    /// What it can be split into.
    pub types: &'static [MdevType],
    /// `max_instances`: how many devices of all types, if the driver has no `get_available`.
    pub instances: u8,
}

/// The files of one type; each open file has a user.
#[derive(Debug, Clone, Copy)]
pub(super) struct Files {
    /// The type's kobject.
    pub(super) kref: Kref,
    /// `create`, which goes first.
    pub(super) writers: RegistrationId,
    /// What can only be read.
    readers: RegistrationId,
}

/// The directory `mdev_supported_types`.
#[derive(Debug, Clone, Copy)]
pub struct Types {
    pub(super) tracking: Tracking,
    pub(super) spec: &'static Spec,
    /// The types, in the order of the list.
    files: [Option<Files>; TYPES_MAX],
}

impl Types {
    /// The type that a user means, if the parent has it.
    pub(super) fn find(&self, kind: MdevType) -> Option<(MdevType, Files)> {
        let named = |index: usize| Some((self.spec.types[index], self.files[index]?));
        let at = match kind {
            MdevType::Default => 0,
            _ => self.spec.types.iter().position(|known| *known == kind)?,
        };
        named(at)
    }
}

impl Mdev {
    /// Models `parent_create_sysfs_files()`: a kobject a type.
    pub(super) fn create_types<V: Vendor>(&self, k: &Kernel, vendor: &V, tracking: Tracking) {
        let (parent, spec) = (tracking.parent, vendor.spec(tracking.parent));
        let mut files = [None; TYPES_MAX];
        for (slot, kind) in files.iter_mut().zip(spec.types) {
            if self.types_hold_device() {
                k.get(tracking.device);
            }
            let kref = k.kref_init(Subject::MdevType(parent, *kind));
            let [writers, readers] = [(); 2].map(|()| k.registration(Subject::Parent(parent)));
            *slot = Some(Files { kref, writers, readers });
        }
        let slot = self.parent(parent);
        slot.available.set(spec.instances);
        slot.types.set(Some(Types { tracking, spec, files }));
        for kind in spec.types {
            k.emit(What::Set(Subject::MdevType(parent, *kind), 0, self.available(vendor, parent, *kind)));
        }
        k.emit_of(tracking.device, What::Visible(Subject::Parent(parent)));
    }

    /// Models `parent_remove_sysfs_files()`: one type after the other, and of each the file `create` first.
    pub(super) async fn remove_types(&self, k: &Kernel, parent: Parent) {
        let Some(types) = self.parent(parent).types.get() else { return };
        k.point(Point::MdevUnregisterSysfs).await;
        let mut left = types;
        for (index, kind) in types.spec.types.iter().enumerate() {
            let files = types.files[index].expect("every type has a kobject");
            // Removal of a file waits for those who have it open.
            k.unregister_wait_here(files.writers).await;
            k.unregister_wait_here(files.readers).await;
            left.files[index] = None;
            self.parent(parent).types.set(Some(left));
            k.disown(files.kref);
            self.put_type(k, types.tracking, *kind, files.kref).await;
        }
        self.parent(parent).types.set(None);
    }

    /// How many more devices of a type there can be: the driver's count or, without one, mdev core's.
    fn available<V: Vendor>(&self, vendor: &V, parent: Parent, kind: MdevType) -> u8 {
        vendor.get_available(parent, kind).unwrap_or_else(|| self.parent(parent).available.get())
    }

    /// Models `available_instances_show()`: a read of the type's file.
    pub async fn show<V: Vendor>(
        &self,
        k: &Kernel,
        vendor: &V,
        parent: Parent,
        kind: MdevType,
    ) -> Result<(), Errno> {
        let types = self.parent(parent).types.get().ok_or(Errno::ENOENT)?;
        let (kind, files) =
            types.find(kind).filter(|(_, files)| k.is_open(files.readers)).ok_or(Errno::ENOENT)?;
        k.point(Point::MdevShow).await;
        let _reading = k.try_use(files.readers).ok_or(Errno::ENODEV)?;
        k.touch(files.kref);
        k.emit(What::Dumped(Subject::MdevType(parent, kind), self.available(vendor, parent, kind)));
        Ok(())
    }

    /// What users find of mdev when no task is in the kernel: parents by their class link, types with what is left of
    /// them, and devices with their types and drivers.
    pub fn at_rest<V: Vendor>(&self, k: &Kernel, vendor: &V) {
        k.at_rest();
        for parent in Parent::ALL {
            let slot = self.parent(*parent);
            if slot.has_class_link.get() {
                k.emit(What::AtRest(Subject::Parent(*parent), 0));
            }
            for kind in slot.types.get().map_or(&[][..], |types| types.spec.types) {
                let left = self.available(vendor, *parent, *kind);
                k.emit(What::AtRest(Subject::MdevType(*parent, *kind), left));
            }
        }
        self.children_at_rest(k);
    }
}
