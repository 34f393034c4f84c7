//! A listener's picture and the kernel's state end the same.
//!
//! Listeners are modelled as real ones are written: one that hears everything from the start, and one for
//! every dump, which starts to listen, dumps, and lets a message win over an older entry of the dump. What a
//! listener knows is a value for each object of each instance in its namespace; traps, groups and policers count by presence,
//! because the kernel does not announce what is set of them. Reporters and resources do not count: it never says that there
//! is one, or how it is set.

use crate::event::{Handle, Kinds, NetNs, Notice, Span, Subject, TaskId, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// A listener that dumps at any moment and then follows the stream ends with the kernel's state.
pub const STREAM_CONVERGES: Invariant = Invariant {
    id: 0x04,
    name: "stream-converges",
    says: "A listener that dumps at any moment and then follows the stream ends with the kernel's state.",
    cites: &[Cite {
        mail: &mail::REGISTER,
        who: "Leon Romanovsky",
        claim: "parts can be made at any time, so notifications must cover those made before register and those \
                made after",
    }],
    about: Kinds::AT_REST.or(Kinds::NOTIFY),
    observable: true,
    ends_all: false,
    check,
};

/// An instance and its parts.
const OBJECTS: usize = 1 + Subject::PARTS;

/// What is known of every object: nothing (0), or its value plus one.
type Known = [[u8; OBJECTS]; Handle::COUNT];
const UNKNOWN: Known = [[0; OBJECTS]; Handle::COUNT];

/// Where an object of devlink stands in what is known.
fn slot(of: Subject) -> Option<(usize, usize)> {
    match of {
        Subject::Devlink(handle) => Some((handle.index(), 0)),
        Subject::Reporter(..) | Subject::Resource(..) => None,
        part => part.part().map(|(handle, place)| (handle.index(), 1 + place)),
    }
}

/// What a listener notes of an object with this value.
fn entry(of: Subject, value: u8) -> u8 {
    match of {
        Subject::Trap(..) | Subject::TrapGroup(..) | Subject::TrapPolicer(..) => 1,
        _ => value + 1,
    }
}

/// One listener: what it knows, and what it has had a message about.
struct Listener {
    known: Known,
    told: [[bool; OBJECTS]; Handle::COUNT],
    /// The dump that is under way in this task.
    dump: Option<TaskId>,
    /// Where it listens, unless it hears every namespace.
    netns: Option<NetNs>,
    /// Where it last heard of each instance.
    place: [NetNs; Handle::COUNT],
}

impl Listener {
    fn new(dump: Option<(TaskId, NetNs)>) -> Self {
        let (dump, netns) = dump.unzip();
        Listener {
            known: UNKNOWN,
            told: [[false; OBJECTS]; Handle::COUNT],
            dump,
            netns,
            place: [netns.unwrap_or(NetNs::Init); Handle::COUNT],
        }
    }

    fn is_in(&self, netns: NetNs) -> bool {
        self.netns.is_none_or(|own| own == netns)
    }

    fn hears(&mut self, notice: Notice, of: Subject, value: u8, netns: NetNs) {
        let Some((instance, object)) = slot(of) else { return };
        // An instance that begins elsewhere has ended where it was, though no listener was there.
        if std::mem::replace(&mut self.place[instance], netns) != netns {
            self.known[instance] = [0; OBJECTS];
        }
        self.told[instance][object] = true;
        match notice {
            Notice::New => self.known[instance][object] = entry(of, value),
            // The end of an instance is the end of all that was known of it.
            Notice::Del if object == 0 => {
                self.known[instance] = [0; OBJECTS];
                self.told[instance] = [true; OBJECTS];
            }
            Notice::Del => self.known[instance][object] = 0,
        }
    }

    fn reads(&mut self, of: Subject, value: u8) {
        if let Some((instance, object)) = slot(of)
            && !self.told[instance][object]
        {
            self.known[instance][object] = entry(of, value);
        }
    }

    /// Follows one event; the listener of a dump sees the entries of its own task only.
    fn sees(&mut self, task: TaskId, what: What, netns: NetNs) {
        match what {
            What::Notify(notice, of, value) if self.is_in(netns) => self.hears(notice, of, value, netns),
            What::Dumped(of, value) if self.dump == Some(task) => self.reads(of, value),
            What::Leave(Span::DevlinkDumpit, ..) if self.dump == Some(task) => self.dump = None,
            // No listener was there to hear how it went on with what was in a namespace that ended.
            What::Free(Subject::Netns(gone)) => {
                let places = self.place.iter().zip(&mut self.known);
                places.filter(|(place, _)| **place == gone).for_each(|(_, known)| *known = [0; OBJECTS]);
            }
            _ => {}
        }
    }
}

fn check(trace: &Trace) -> Option<usize> {
    let events = &trace.events;
    let rest = events.iter().rposition(|event| matches!(event.what, What::AtRest(Subject::Kernel, _)))?;
    let knows_all = |start: usize, dump: Option<(TaskId, NetNs)>| {
        let mut listener = Listener::new(dump);
        let mut kernel = UNKNOWN;
        let mut netns = NetNs::Init;
        for (at, event) in events.iter().enumerate() {
            match event.what {
                What::In(other) => netns = other,
                What::AtRest(of, value) if listener.is_in(netns) => {
                    if let Some((instance, object)) = slot(of) {
                        kernel[instance][object] = entry(of, value);
                    }
                }
                what if (start..rest).contains(&at) => listener.sees(event.task, what, netns),
                _ => {}
            }
        }
        let is_gone =
            |netns| events[start..rest].iter().any(|event| event.what == What::Free(Subject::Netns(netns)));
        listener.known == kernel || listener.netns.is_some_and(is_gone)
    };
    if !knows_all(0, None) {
        return Some(rest);
    }
    let dumps = events[..rest].iter().enumerate();
    let mut dumps = dumps.filter_map(|(at, event)| match event.what {
        What::Enter(Span::DevlinkDumpit, Subject::Netns(netns)) => Some((at, event.task, netns)),
        _ => None,
    });
    // A dump that never ended, or failed, told its listener only a part; it will be asked again.
    let ends = |task, start: usize| {
        let of_task = |event: &&crate::event::Event| event.task == task;
        let left = events[start..rest].iter().filter(of_task);
        let mut ends = left.into_iter().map(|event| event.what);
        let end = ends.find(|what| matches!(what, What::Leave(Span::DevlinkDumpit, ..)));
        matches!(end, Some(What::Leave(_, _, None)))
    };
    dumps.any(|(at, task, netns)| ends(task, at) && !knows_all(at, Some((task, netns)))).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::PortIndex;

    const DEVICE: Subject = Subject::Devlink(Handle::Mlx50);
    const PORT: Subject = Subject::Port(Handle::Mlx50, PortIndex::P0);
    const REST: (TaskId, What) = (9, What::AtRest(Subject::Kernel, 0));

    #[test]
    fn a_port_that_nobody_announced_breaks_it() {
        let trace = Trace::of([
            (0, What::Notify(Notice::New, DEVICE, 0)),
            REST,
            (9, What::AtRest(DEVICE, 0)),
            (9, What::AtRest(PORT, 0)),
        ]);
        assert_eq!(check(&trace), Some(1));
    }

    #[test]
    fn a_port_that_a_dump_missed_and_nobody_announced_breaks_it() {
        let trace = Trace::of([
            (0, What::Notify(Notice::New, DEVICE, 0)),
            (0, What::Notify(Notice::New, PORT, 0)),
            (1, What::Enter(Span::DevlinkDumpit, Subject::Netns(NetNs::Init))),
            (1, What::Dumped(DEVICE, 0)),
            (1, What::Leave(Span::DevlinkDumpit, Subject::Netns(NetNs::Init), None)),
            REST,
            (9, What::AtRest(DEVICE, 0)),
            (9, What::AtRest(PORT, 0)),
        ]);
        assert_eq!(check(&trace), Some(5));
    }

    #[test]
    fn a_message_during_a_dump_wins_over_its_entry() {
        let trace = Trace::of([
            (0, What::Notify(Notice::New, DEVICE, 0)),
            (0, What::Notify(Notice::New, PORT, 0)),
            (1, What::Enter(Span::DevlinkDumpit, Subject::Netns(NetNs::Init))),
            (0, What::Notify(Notice::Del, PORT, 0)),
            (1, What::Dumped(DEVICE, 0)),
            (1, What::Dumped(PORT, 0)),
            (1, What::Leave(Span::DevlinkDumpit, Subject::Netns(NetNs::Init), None)),
            REST,
            (9, What::AtRest(DEVICE, 0)),
        ]);
        assert_eq!(check(&trace), None);
    }

    const fn tells(notice: Notice, of: Subject, value: u8) -> (TaskId, What) {
        (0, What::Notify(notice, of, value))
    }

    const fn is_in(netns: NetNs) -> (TaskId, What) {
        (0, What::In(netns))
    }

    /// A dump in the initial namespace that shows the instance, between two parts of a trace.
    fn dumped(before: &[(TaskId, What)], after: &[(TaskId, What)]) -> Option<usize> {
        let dump = [
            (1, What::Enter(Span::DevlinkDumpit, Subject::Netns(NetNs::Init))),
            (1, What::Dumped(DEVICE, 0)),
            (1, What::Leave(Span::DevlinkDumpit, Subject::Netns(NetNs::Init), None)),
        ];
        check(&Trace::of([before, &dump, after].concat()))
    }

    #[test]
    fn a_value_that_was_not_announced_breaks_it_and_that_of_a_trap_does_not() {
        let trap = Subject::Trap(Handle::Mlx50, crate::event::Trap::TailDrop);
        let rest = |of, value| {
            [
                tells(Notice::New, DEVICE, 0),
                tells(Notice::New, of, 0),
                REST,
                (9, What::AtRest(DEVICE, 0)),
                (9, What::AtRest(of, value)),
            ]
        };
        assert_eq!(check(&Trace::of(rest(PORT, 1))), Some(2));
        assert_eq!(check(&Trace::of(rest(PORT, 0))), None);
        assert_eq!(check(&Trace::of(rest(trap, 1))), None);
    }

    #[test]
    fn the_listener_of_a_dump_hears_of_its_own_namespace_alone() {
        let new = tells(Notice::New, DEVICE, 0);
        let elsewhere = [
            is_in(NetNs::A),
            tells(Notice::New, PORT, 0),
            REST,
            is_in(NetNs::A),
            (9, What::AtRest(DEVICE, 0)),
            (9, What::AtRest(PORT, 0)),
        ];
        let end = tells(Notice::Del, DEVICE, 0);
        let moved = [&[end, is_in(NetNs::A), new][..], &elsewhere[1..]].concat();
        assert_eq!(dumped(&[new], &moved), None, "it has ended where the listener is");
        let untold = [&[is_in(NetNs::A), new][..], &elsewhere[1..]].concat();
        assert_eq!(dumped(&[new], &untold), Some(7), "the listener of the dump still believes in it");
    }

    #[test]
    fn a_listener_reads_its_own_dump_and_no_other() {
        let netns = Subject::Netns(NetNs::Init);
        let enter = |task| (task, What::Enter(Span::DevlinkDumpit, netns));
        let leave = |task| (task, What::Leave(Span::DevlinkDumpit, netns, None));
        let shows = |task, of| (task, What::Dumped(of, 0));
        let known = [tells(Notice::New, DEVICE, 0), tells(Notice::New, PORT, 0)];
        let rest = [REST, (9, What::AtRest(DEVICE, 0)), (9, What::AtRest(PORT, 0))];
        let whole = |task| [enter(task), shows(task, DEVICE), shows(task, PORT), leave(task)];
        let poor = [enter(1), shows(1, DEVICE), leave(1)];
        // The other task's dump shows the port while this one is under way, and later.
        let beside =
            [enter(1), shows(1, DEVICE), enter(2), shows(2, DEVICE), shows(2, PORT), leave(1), leave(2)];
        assert_eq!(check(&Trace::of([&known[..], &beside, &rest].concat())), Some(9));
        assert_eq!(check(&Trace::of([&known[..], &poor, &whole(1), &rest].concat())), Some(9));
        assert_eq!(check(&Trace::of([&known[..], &whole(1), &whole(2), &rest].concat())), None);
        let inside = [enter(1), enter(2), shows(2, DEVICE), shows(2, PORT), leave(2), shows(1, DEVICE)];
        let end = [shows(1, PORT), leave(1)];
        assert_eq!(check(&Trace::of([&known[..], &inside, &end, &rest].concat())), None, "it goes on");
    }

    #[test]
    fn a_dump_that_failed_or_never_ended_shows_nothing_for_sure() {
        let netns = Subject::Netns(NetNs::Init);
        let enter = (1, What::Enter(Span::DevlinkDumpit, netns));
        let leave = |errno| (1, What::Leave(Span::DevlinkDumpit, netns, errno));
        let new = tells(Notice::New, DEVICE, 0);
        let rest = [REST, (9, What::AtRest(DEVICE, 0))];
        let broken = |events: &[(TaskId, What)]| check(&Trace::of([&[new], events, &rest].concat()));
        assert_eq!(broken(&[enter]), None);
        assert_eq!(broken(&[enter, leave(Some(crate::event::Errno::ENODEV))]), None);
        assert_eq!(broken(&[enter, leave(None)]), Some(3));
        let failed = leave(Some(crate::event::Errno::ENODEV));
        assert_eq!(broken(&[enter, failed, enter, leave(None)]), Some(5), "it was asked again");
    }

    #[test]
    fn the_end_of_an_instance_is_the_end_of_its_parts_and_of_no_other_instance() {
        let other = Subject::Devlink(Handle::Mlx51);
        let begin =
            [tells(Notice::New, DEVICE, 0), tells(Notice::New, PORT, 0), tells(Notice::New, other, 0)];
        let end = [tells(Notice::Del, DEVICE, 0), REST, (9, What::AtRest(other, 0))];
        assert_eq!(check(&Trace::of(begin.into_iter().chain(end))), None);
    }

    #[test]
    fn what_is_in_a_namespace_that_ends_is_forgotten() {
        let begin = [is_in(NetNs::A), tells(Notice::New, DEVICE, 0)];
        let gone = (0, What::Free(Subject::Netns(NetNs::A)));
        assert_eq!(check(&Trace::of(begin.into_iter().chain([gone, REST]))), None);
        let other = (0, What::Free(Subject::Netns(NetNs::B)));
        assert_eq!(check(&Trace::of(begin.into_iter().chain([other, REST]))), Some(3));
    }
}
