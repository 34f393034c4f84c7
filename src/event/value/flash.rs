//! How far a flash update is.

use super::Value;
use std::fmt;

/// What is told of a flash update, in the order in which netdevsim tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the steps of nsim_dev_flash_update")]
pub enum FlashStatus {
    Begin,
    Preparing,
    Flashing,
    Select,
    Done,
    End,
}

impl FlashStatus {
    const ALL: [FlashStatus; 6] = [
        FlashStatus::Begin,
        FlashStatus::Preparing,
        FlashStatus::Flashing,
        FlashStatus::Select,
        FlashStatus::Done,
        FlashStatus::End,
    ];
    /// What a driver tells between the begin and the end.
    pub const STEPS: [FlashStatus; 4] =
        [FlashStatus::Preparing, FlashStatus::Flashing, FlashStatus::Select, FlashStatus::Done];
}

impl Value for FlashStatus {
    fn pack(self) -> u8 {
        self as u8
    }
    fn unpack(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }
}

impl fmt::Display for FlashStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FlashStatus::Begin => "begin",
            FlashStatus::Preparing => "preparing",
            FlashStatus::Flashing => "flashing",
            FlashStatus::Select => "select",
            FlashStatus::Done => "done",
            FlashStatus::End => "end",
        })
    }
}
