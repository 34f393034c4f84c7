//! mdev's rules, and the variants that change one of them.

use crate::variant::Variant;

/// The decisions of mdev core; the default is what was settled.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {}

/// Every variant of mdev.
pub const VARIANTS: &[Variant<Rules>] = &[];
