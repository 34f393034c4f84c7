//! The variants of devlink: each changes one of its [`Decisions`], or stands for a whole kernel.

mod kernel;
mod lock;
mod netdev;
mod part;
mod register;
mod reload;

use super::decisions::Decisions;
use crate::variant::Theme;

/// The variants of devlink by theme, whole kernels last.
pub const THEMES: &[Theme<Decisions>] = &[
    Theme {
        title: "devlink: registration",
        about: "When a driver registers its instance, what is announced by then, and which instance a lookup returns.",
        variants: register::VARIANTS,
    },
    Theme {
        title: "devlink: reload",
        about: "What a reload makes anew, what it announces, and what a driver may call in it.",
        variants: reload::VARIANTS,
    },
    Theme {
        title: "devlink: locks",
        about: "Which lock is held over a driver's callback, and what the end of a namespace holds and waits for.",
        variants: lock::VARIANTS,
    },
    Theme {
        title: "devlink: parts",
        about: "How ports, traps, rates, regions and the other parts of an instance change, and what is announced of that.",
        variants: part::VARIANTS,
    },
    Theme {
        title: "devlink: netdevs",
        about: "What becomes of the netdevs of ports, and what is announced of them.",
        variants: netdev::VARIANTS,
    },
    Theme {
        title: "devlink: kernels",
        about: "The decisions that one release made, as far as they are modelled.",
        variants: kernel::VARIANTS,
    },
];
