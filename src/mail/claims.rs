//! The claims of the mails, in our words, each with the program that shows what is true of it.
//!
//! A test runs every program under the variants that its row names, and demands that it breaks exactly what the row says.

mod kref;
mod register;
mod reload_lock;
mod traps;
mod uevents;

use super::Mail;

/// What a run shows of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// What is claimed happens.
    Right,
    /// It happens, but it is not all that happens, or not always.
    Partly,
    /// Something else happens.
    Wrong,
    /// A question or a request, which the program answers.
    Answered,
}

impl Verdict {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Verdict::Right => "right",
            Verdict::Partly => "right in part",
            Verdict::Wrong => "wrong",
            Verdict::Answered => "answered",
        }
    }
}

/// A claim that was made in a mail, and what became of it.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// Where it is written.
    pub mail: &'static Mail,
    /// The person that makes it: the author of the mail, or a person that it answers.
    pub who: &'static str,
    /// The claim, in our words.
    pub says: &'static str,
    /// What the program shows of it.
    pub verdict: Verdict,
    /// The program, as a path below `corpus/` without its extension.
    pub program: &'static str,
    /// The variants under which the program shows it, as `SUBSYSTEM=NAME` separated by spaces, or `settled`.
    pub under: &'static str,
    /// The names of the invariants that the program breaks under them; none if it keeps all.
    pub breaks: &'static [&'static str],
}

/// Lists the claims of one mail.
macro_rules! claims {
    ($mail:ident: $($who:literal, $verdict:ident: $says:literal
        => $program:literal under $under:literal breaks [$($breaks:literal),*];)+) => {
        pub(super) const CLAIMS: &[Claim] = &[$(Claim {
            mail: &$mail,
            who: $who,
            says: $says,
            verdict: Verdict::$verdict,
            program: $program,
            under: $under,
            breaks: &[$($breaks),*],
        },)+];
    };
}
use claims;

/// The claims, a list for each mail in the order of [`ALL`](super::ALL), and in each in the order of the mail.
pub const CLAIMS: &[&[Claim]] =
    &[register::CLAIMS, reload_lock::CLAIMS, traps::CLAIMS, uevents::CLAIMS, kref::CLAIMS];
