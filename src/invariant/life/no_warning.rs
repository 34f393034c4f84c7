//! The kernel's own checks find nothing wrong.

use crate::event::{Kinds, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// No `WARN_ON` of the kernel fires, and no checker in it complains.
pub const NO_WARNING: Invariant = Invariant {
    id: 0x12,
    name: "no-warning",
    says: "No WARN_ON of the kernel fires, and no checker in it (lockdep, KASAN, debugobjects) complains.",
    cites: &[Cite {
        mail: &mail::UEVENTS,
        who: "Parav Pandit",
        claim: "a caller that registers twice or unregisters what is not there is a bug to warn of, not an error to \
                return",
    }],
    about: Kinds::WARN,
    observable: true,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    trace.events.iter().position(|event| matches!(event.what, What::Warn(..) | What::Console(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Point, Subject};

    #[test]
    fn a_warning_of_the_model_or_of_a_real_kernel_breaks_it() {
        let warn = What::Warn(Subject::Kernel, Point::CommandStart);
        assert_eq!(check(&Trace::of([(0, What::Begin(0)), (0, warn)])), Some(1));
        let mut trace = Trace::of([]);
        let text = trace.note("WARNING: CPU: 0".to_string());
        trace.push(0, What::Console(text));
        assert_eq!(check(&trace), Some(0));
    }

    #[test]
    fn what_a_kernel_says_that_is_no_complaint_keeps_it() {
        assert_eq!(check(&Trace::of([(0, What::Foreign(0)), (0, What::End(0, None))])), None);
    }
}
