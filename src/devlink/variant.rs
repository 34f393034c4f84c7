//! The variants of devlink: each changes one of its [`Rules`], or stands for a whole kernel.

mod kernel;
mod lock;
mod netdev;
mod part;
mod register;
mod reload;

use super::rules::Rules;
use crate::variant::Variant;

/// Every variant of devlink, by what it is about; whole kernels last.
pub const VARIANTS: &[&[Variant<Rules>]] = &[
    register::VARIANTS,
    reload::VARIANTS,
    lock::VARIANTS,
    part::VARIANTS,
    netdev::VARIANTS,
    kernel::VARIANTS,
];
