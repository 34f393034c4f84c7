//! ib_core's rules, and the variants that change one of them.

use crate::variant::Variant;

/// The decisions of ib_core; the default is what was settled.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {}

/// Every variant of ib_core.
pub const VARIANTS: &[Variant<Rules>] = &[];
