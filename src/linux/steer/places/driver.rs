//! Places of driver.

use super::super::place::{Place, Site, at};
use crate::event::Point;

pub(super) const PLACES: &[Place] = &[];
