//! Resources: how much of each there is, and how much a reload is to make of it.

use super::{Devlink, InstanceId};
use crate::event::value::{Sizes, Value};
use crate::event::{Errno, Resource, ResourceSize, Subject, What};
use crate::sim::Kernel;

/// What there is of a resource, and how much is in use, if the driver says so.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) sizes: Sizes,
    occupied: Option<u8>,
}

impl Devlink {
    /// Models `devl_resource_register()` for the driver's resources, without a notification.
    pub fn resources_register(&self, k: &Kernel, id: InstanceId) {
        self.with(k, id, |instance| instance.sizes = Default::default());
    }

    /// Models `devlink_nl_resource_set_doit()`: what does not fit is noted, and refused by the reload.
    pub(super) fn resource_set(
        &self,
        k: &Kernel,
        id: InstanceId,
        resource: Resource,
        size: ResourceSize,
    ) -> Result<(), Errno> {
        if !self.inventory(id).resources.contains(&resource) {
            return Err(Errno::EINVAL);
        }
        self.resize(k, id, resource, |own| own.new = size);
        self.resource_validate(k, id, resource);
        if let Some(parent) = resource.parent() {
            self.resource_validate(k, id, parent);
        }
        Ok(())
    }

    /// Models `devlink_resource_validate_children()`, whose sum wraps in 6.12.
    fn resource_validate(&self, k: &Kernel, id: InstanceId, resource: Resource) {
        let wraps = self.decisions.part.resource_sums_wrap;
        let parts = Resource::ALL.iter().filter(|part| part.parent() == Some(resource));
        let sizes = self.with(k, id, |instance| instance.sizes);
        let sum = parts
            .map(|part| sizes[part.index()].sizes.new.units())
            .reduce(|sum, size| if wraps { sum.wrapping_add(size) } else { sum.saturating_add(size) });
        let is_valid = sum.is_none_or(|sum| sum <= sizes[resource.index()].sizes.new.units());
        self.resize(k, id, resource, |own| own.is_valid = is_valid);
    }

    fn resize(&self, k: &Kernel, id: InstanceId, resource: Resource, change: impl FnOnce(&mut Sizes)) {
        let (old, new) = self.with(k, id, |instance| {
            let size = &mut instance.sizes[resource.index()];
            let old = size.sizes.pack();
            change(&mut size.sizes);
            (old, size.sizes.pack())
        });
        if old != new {
            self.says(k, id, What::Set(Subject::Resource(self.handle(id), resource), old, new));
        }
    }

    /// Models `devlink_resources_validate()`, with which a reload begins.
    pub(super) fn resources_fit(&self, k: &Kernel, id: InstanceId) -> bool {
        self.with(k, id, |instance| instance.sizes.iter().all(|size| size.sizes.is_valid))
    }

    /// Models `devl_resource_size_get()` for each resource that the driver divides things by: those without parts.
    pub fn resources_take_up(&self, k: &Kernel, id: InstanceId) {
        for resource in self.inventory(id).resources {
            if !Resource::ALL.iter().any(|part| part.parent() == Some(*resource)) {
                self.resize(k, id, *resource, |own| own.now = own.new);
            }
        }
    }

    /// How large a resource is.
    pub fn resource_size(&self, k: &Kernel, id: InstanceId, resource: Resource) -> ResourceSize {
        self.with(k, id, |instance| instance.sizes[resource.index()].sizes.now)
    }

    /// The driver says from here on how much of a resource is in use, or says it no more: models
    /// `devl_resource_occ_get_register()` and what its callback returns.
    pub fn resource_occupy(&self, k: &Kernel, id: InstanceId, resource: Resource, occupied: Option<u8>) {
        let size = |instance: &mut super::State| {
            std::mem::replace(&mut instance.sizes[resource.index()].occupied, occupied)
        };
        let (old, new) = (self.with(k, id, size).unwrap_or(0), occupied.unwrap_or(0));
        if old != new {
            self.says(k, id, What::Set(Subject::Occupancy(self.handle(id), resource), old, new));
        }
    }

    /// Models `devlink_nl_resource_dump_doit()`.
    pub(super) fn resource_dump(&self, k: &Kernel, id: InstanceId) -> Result<(), Errno> {
        let resources = self.inventory(id).resources;
        if resources.is_empty() {
            return Err(Errno::EOPNOTSUPP);
        }
        for resource in resources {
            let part = Subject::Resource(self.handle(id), *resource);
            self.says(k, id, What::Dumped(part, self.value(id, part)));
            if let Some(occupied) = self.with(k, id, |instance| instance.sizes[resource.index()].occupied) {
                self.says(k, id, What::Dumped(Subject::Occupancy(self.handle(id), *resource), occupied));
            }
        }
        Ok(())
    }
}
