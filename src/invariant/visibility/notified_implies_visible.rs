//! What is announced can be asked for.

use crate::event::{Handle, Kinds, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
use crate::mail::{self, Cite};

/// A notification goes out only while users can look its instance up.
pub const NOTIFIED_IMPLIES_VISIBLE: Invariant = Invariant {
    id: 0x02,
    name: "notified-implies-visible",
    says: "A notification goes out only while users can look its instance up.",
    cites: &[Cite {
        mail: &mail::REGISTER,
        who: "Jakub Kicinski",
        claim: "parts of an unregistered instance cannot be reached, so they must not be announced",
    }],
    about: Kinds::NOTIFY,
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let mut visible: Lives<bool, { Handle::COUNT }> = Lives::default();
    trace.events.iter().position(|event| {
        match event.what {
            What::Visible(Subject::Devlink(handle)) => *visible.of(handle.index(), event.life) = true,
            What::Hidden(Subject::Devlink(handle)) => *visible.of(handle.index(), event.life) = false,
            What::Notify(_, of, _) => {
                return of.handle().is_some_and(|handle| !*visible.of(handle.index(), event.life));
            }
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Notice, PortIndex};

    const DEVICE: Subject = Subject::Devlink(Handle::Mlx50);
    const PORT: What = What::Notify(Notice::New, Subject::Port(Handle::Mlx50, PortIndex::P0), 0);

    #[test]
    fn a_notice_before_visible_breaks_it() {
        assert_eq!(check(&Trace::of([(0, PORT), (0, What::Visible(DEVICE))])), Some(0));
    }

    #[test]
    fn a_notice_after_hidden_breaks_it() {
        let trace = Trace::of([(0, What::Visible(DEVICE)), (0, What::Hidden(DEVICE)), (0, PORT)]);
        assert_eq!(check(&trace), Some(2));
    }

    #[test]
    fn a_notice_while_visible_keeps_it() {
        assert_eq!(check(&Trace::of([(0, What::Visible(DEVICE)), (0, PORT)])), None);
    }
}
