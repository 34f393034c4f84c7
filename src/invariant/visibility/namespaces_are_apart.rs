//! A command reaches what is in the namespace of its task, and nothing else.

use crate::event::{Callback, Handle, Kinds, NetNs, RUN_TASKS_MAX, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
use crate::mail::{self, Cite};
use crate::operand::Operand;

/// A user's command is answered about an instance, or has its driver called, only if the instance is in the network
/// namespace of the user's task.
///
/// A reload that moves an instance brings its driver up where it then is, and says there what it has done. A driver
/// that reports an error may be anywhere when it is told to recover.
pub const NAMESPACES_ARE_APART: Invariant = Invariant {
    id: 0x36,
    name: "namespaces-are-apart",
    says: "A user's command is answered about an instance, or calls its driver, only in the network namespace where the \
           instance is.",
    cites: &[Cite {
        mail: &mail::RELOAD_LOCK,
        who: "Leon Romanovsky",
        claim: "reload changes namespaces to place a virtual function in a container",
    }],
    about: Kinds::MOVED,
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    // Where each instance and each task is, if it is not in the initial namespace.
    let mut instances: Lives<Option<NetNs>, { Handle::COUNT }> = Lives::default();
    let mut tasks = [NetNs::Init; RUN_TASKS_MAX];
    trace.events.iter().position(|event| {
        let of = match event.what {
            What::Set(Subject::Netns(_), _, to) => {
                tasks[usize::from(event.task)] = NetNs::from_byte(to).unwrap_or(NetNs::Init);
                return false;
            }
            What::Set(Subject::NetnsOf(handle), _, to) => {
                *instances.of(handle.index(), event.life) = NetNs::from_byte(to);
                return false;
            }
            What::Call(Callback::ReloadUp | Callback::HealthRecover, _)
            | What::Dumped(Subject::Actions(_), _) => return false,
            What::Call(_, of) | What::Dumped(of, _) => of,
            _ => return false,
        };
        // The end of a namespace reloads what is in it, and is no user.
        let Some(handle) = of.handle().filter(|_| !trace.name(event.task).is_worker()) else { return false };
        let netns = instances.of(handle.index(), event.life).unwrap_or(NetNs::Init);
        netns != tasks[usize::from(event.task)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::TaskName;

    const DEVICE: Subject = Subject::Devlink(Handle::Mlxsw0);

    fn moves(to: NetNs) -> What {
        What::Set(Subject::NetnsOf(Handle::Mlxsw0), NetNs::Init.to_byte(), to.to_byte())
    }

    fn enters(to: NetNs) -> What {
        What::Set(Subject::Netns(to), NetNs::Init.to_byte(), to.to_byte())
    }

    #[test]
    fn an_answer_about_an_instance_that_is_elsewhere_breaks_it() {
        let shown = What::Dumped(DEVICE, 0);
        assert_eq!(check(&Trace::of([(0, moves(NetNs::A)), (1, shown)])), Some(1));
        assert_eq!(check(&Trace::of([(0, moves(NetNs::A)), (1, enters(NetNs::A)), (1, shown)])), None);
        assert_eq!(check(&Trace::of([(1, enters(NetNs::A)), (1, shown)])), Some(1));
    }

    #[test]
    fn a_driver_that_is_called_from_another_namespace_breaks_it() {
        let call = What::Call(Callback::EswitchModeSet, DEVICE);
        assert_eq!(check(&Trace::of([(0, moves(NetNs::A)), (1, call)])), Some(1));
        let up = What::Call(Callback::ReloadUp, DEVICE);
        assert_eq!(check(&Trace::of([(0, moves(NetNs::A)), (0, up)])), None, "the reload moves it");
    }

    #[test]
    fn the_end_of_a_namespace_may_call_what_is_in_it() {
        let worker = TaskName::NetnsWorker.index() as u8;
        let down = What::Call(Callback::ReloadDown, DEVICE);
        assert_eq!(check(&Trace::of([(0, moves(NetNs::A)), (worker, down)])), None);
    }

    #[test]
    fn the_next_instance_of_a_name_begins_where_it_is_made() {
        let shown = What::Dumped(DEVICE, 0);
        let trace = [(0, 1, moves(NetNs::A)), (0, 2, What::Alloc(DEVICE)), (1, 2, shown)];
        assert_eq!(check(&Trace::of_lives(trace)), None);
        assert_eq!(check(&Trace::of_lives(trace.into_iter().chain([(1, 1, shown)]))), Some(3));
    }
}
