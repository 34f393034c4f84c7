//! Cells: the state that tasks share. They are those of the standard library, and note who touches them.

use super::footprint::{self, Shared};
use std::cell;

pub use std::cell::{Ref, RefMut};

/// A [`std::cell::Cell`] whose reads and writes are noted.
pub struct Cell<T> {
    value: cell::Cell<T>,
    id: Shared,
}

impl<T> Cell<T> {
    /// A cell with this value.
    pub fn new(value: T) -> Self {
        Cell { value: cell::Cell::new(value), id: footprint::cell() }
    }

    /// Changes the value.
    #[inline]
    pub fn set(&self, value: T) {
        footprint::writes(|| self.id);
        self.value.set(value);
    }

    /// Changes the value and returns what it was.
    #[inline]
    pub fn replace(&self, value: T) -> T {
        footprint::writes(|| self.id);
        self.value.replace(value)
    }
}

impl<T: Copy> Cell<T> {
    /// The value.
    #[inline]
    pub fn get(&self) -> T {
        footprint::reads(|| self.id);
        self.value.get()
    }
}

impl<T: Default> Cell<T> {
    /// Returns the value and leaves the default.
    #[inline]
    pub fn take(&self) -> T {
        self.replace(T::default())
    }
}

impl<T: Default> Default for Cell<T> {
    fn default() -> Self {
        Cell::new(T::default())
    }
}

impl<T: Copy + std::fmt::Debug> std::fmt::Debug for Cell<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.value.fmt(f)
    }
}

/// A [`std::cell::RefCell`] whose borrows are noted.
pub struct RefCell<T> {
    value: cell::RefCell<T>,
    id: Shared,
}

impl<T> RefCell<T> {
    /// A cell with this value.
    pub fn new(value: T) -> Self {
        RefCell { value: cell::RefCell::new(value), id: footprint::cell() }
    }

    /// Reads the value.
    #[inline]
    #[track_caller]
    pub fn borrow(&self) -> Ref<'_, T> {
        footprint::reads(|| self.id);
        self.value.borrow()
    }

    /// Changes the value.
    #[inline]
    #[track_caller]
    pub fn borrow_mut(&self) -> RefMut<'_, T> {
        footprint::writes(|| self.id);
        self.value.borrow_mut()
    }
}

impl<T: Default> RefCell<T> {
    /// Returns the value and leaves the default.
    pub fn take(&self) -> T {
        footprint::writes(|| self.id);
        self.value.take()
    }
}

impl<T: Default> Default for RefCell<T> {
    fn default() -> Self {
        RefCell::new(T::default())
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for RefCell<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.value.fmt(f)
    }
}
