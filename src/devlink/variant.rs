//! devlink's rules, and the variants that change one of them.

use crate::variant::Variant;

/// The decisions of devlink core; the default is what was settled.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {}

/// Every variant of devlink.
pub const VARIANTS: &[Variant<Rules>] = &[];
