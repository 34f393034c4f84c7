//! unreg fuzzes the way kernel devices are registered, reloaded and unregistered.
//!
//! Modules are listed bottom-up. A paragraph is a layer: its modules use earlier paragraphs, never each other
//! or later ones; `tests/tidy.rs` reads this file and checks it.

pub mod mail;
pub mod operand;

pub mod event;
pub mod variant;

pub mod invariant;
pub mod sim;

pub mod devlink;
pub mod ib;
pub mod mdev;

pub mod driver;

pub mod program;

pub mod run;

pub mod linux;

pub mod export;
pub mod monitor;

pub mod minimize;
pub mod search;

pub mod report;

pub mod target;
