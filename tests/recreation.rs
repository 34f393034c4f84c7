//! What comes back hides nothing: every program of the corpus still breaks what it breaks when the objects that it names
//! are made again.
//!
//! Each program that breaks something is run with each way to make one of its objects again: at the end of each of its
//! tasks, and in a task of its own that runs last. Whatever happens otherwise then, an event that breaks an invariant
//! still breaks it: if the same event of the same life is in the trace, the invariant must be broken. What no longer
//! happens, because the new object changed it, is counted, and so is what is judged at rest of what is there by then.

mod walk;

use std::collections::{BTreeMap, BTreeSet};
use unreg::event::{Event, Subject, TaskName, Trace, What};
use unreg::invariant::{ALL, Violation, judge};
use unreg::program::{Command, Program, Segment, Task};
use unreg::run::Machine;

/// The commands that make an object, and those that first unmake it. An object is named as programs name it.
const MAKERS: &[(&str, &[&str], &str)] = &[
    ("netdevsim/0", &["driver.remove netdevsim/0"], "driver.probe netdevsim/0"),
    ("netdevsim/1", &["driver.remove netdevsim/1"], "driver.probe netdevsim/1"),
    ("mlx5/0", &["driver.remove mlx5/0"], "driver.probe mlx5/0"),
    ("mlx5/1", &["driver.remove mlx5/1"], "driver.probe mlx5/1"),
    ("mlxsw/0", &["driver.remove mlxsw/0"], "driver.probe mlxsw/0"),
    ("mtty/0", &["mtty.remove mtty/0"], "mtty.probe mtty/0"),
    ("mtty/1", &["mtty.remove mtty/1"], "mtty.probe mtty/1"),
    ("mdpy/0", &["mtty.remove mdpy/0"], "mtty.probe mdpy/0"),
    ("vgpu/0", &["mtty.remove vgpu/0"], "mtty.probe vgpu/0"),
    ("mlx5-sf/0", &["mtty.remove mlx5-sf/0"], "mtty.probe mlx5-sf/0"),
    ("rxe/0", &["ib.unregister-device rxe/0"], "ib.register-device rxe/0"),
    ("rxe/1", &["ib.unregister-device rxe/1"], "ib.register-device rxe/1"),
    ("siw/0", &["ib.unregister-device siw/0"], "ib.register-device siw/0"),
    ("gid-cache", &["ib.unregister-client gid-cache"], "ib.register-client gid-cache"),
    ("mad", &["ib.unregister-client mad"], "ib.register-client mad"),
    ("cm", &["ib.unregister-client cm"], "ib.register-client cm"),
    ("ipoib", &["ib.unregister-client ipoib"], "ib.register-client ipoib"),
    ("uverbs", &["ib.unregister-client uverbs"], "ib.register-client uverbs"),
    ("eth0", &["netdev.del eth0"], "netdev.add eth0"),
    ("eth1", &["netdev.del eth1"], "netdev.add eth1"),
    ("a", &["netns.del a"], "netns.add a"),
    ("b", &["netns.del b"], "netns.add b"),
];

/// Invariants that look at what is there at the end. What ends and begins anew before that is told of as it should be, or
/// is no more there to be found wanting.
const AT_REST: &[&str] =
    &["stream-converges", "instances-come-back", "gid-table-converges", "rdma-stream-converges"];

/// Invariants that their programs break in every life of an object, so that the break in the first is the one that is seen.
const EVERY_LIFE: &[&str] =
    &["caller-holds-reference", "completion-is-told", "notified-implies-visible", "rules-find-what-is-said"];

/// What became of the breaks of one program.
#[derive(Debug, Default)]
struct Count {
    /// Runs in which the break stayed.
    stays: usize,
    /// Of these, those in which a later life of a name began before the event that breaks the invariant.
    after_return: usize,
    /// Runs in which the event no longer happens, because the new object changed what the tasks do.
    changed: usize,
    /// Runs in which all is well at rest.
    at_rest: usize,
}

fn parse(line: &str) -> Command {
    let program = Program::parse(&format!("task user\n  {line}\n"), line).unwrap_or_else(|e| panic!("{e}"));
    program.tasks[0].commands[0]
}

/// The program with these commands at the end of a task.
fn at_end(program: &Program, task: usize, commands: &[Command]) -> Program {
    let mut program = program.clone();
    program.tasks[task].commands.extend(commands);
    program
}

/// The program with these commands before all others.
fn at_first(program: &Program, commands: &[Command]) -> Program {
    let mut program = program.clone();
    let first = program.schedule.first().map(|segment| segment.task);
    let task = program.tasks.iter().position(|task| Some(task.name) == first).unwrap_or(0);
    program.tasks[task].commands.splice(0..0, commands.iter().copied());
    program
}

/// The program with these commands in a task of their own, when no other task can go on.
fn at_last(program: &Program, commands: &[Command]) -> Option<Program> {
    let is_free = |name: &&TaskName| !program.tasks.iter().any(|task| task.name == **name);
    let name = *TaskName::ALL.iter().filter(|name| !name.is_worker()).find(is_free)?;
    let mut program = program.clone();
    let rest = program.tasks.iter().map(|task| task.name);
    let workers = TaskName::ALL.iter().copied().filter(|name| name.is_worker() && *name != TaskName::Kernel);
    let rest: Vec<TaskName> = rest.chain(workers).collect();
    program.schedule.extend(rest.into_iter().map(|task| Segment { task, until: None }));
    program.schedule.push(Segment { task: name, until: None });
    program.tasks.push(Task { name, commands: commands.to_vec() });
    Some(program)
}

/// What an event is about, if it is about one object.
fn subject(what: What) -> Option<Subject> {
    match what {
        What::Call(_, of) | What::Return(_, of, _) | What::Enter(_, of) | What::Leave(_, of, _) => Some(of),
        What::Alloc(of) | What::Free(of) | What::Ready(of) | What::Unready(of) => Some(of),
        What::Visible(of) | What::Hidden(of) | What::Add(of) | What::Remove(of) | What::Set(of, ..) => {
            Some(of)
        }
        What::Notify(_, of, _) | What::Heard(_, of, _) | What::Link(_, of) | What::Uevent(_, of) => Some(of),
        What::Dumped(of, _) | What::Get(of, _) | What::Put(of, _) | What::UseAfterFree(of, ..) => Some(of),
        _ => None,
    }
}

/// All that has happened to the life that an event is about, up to the event: who did what, in order. Of a client's data
/// that is also what happened to the client. Of an event about no object it is the event alone.
fn history(trace: &Trace, at: usize) -> Vec<(TaskName, What)> {
    let event = trace.events[at];
    let of = subject(event.what);
    let is_of_it = |(index, other): &(usize, &Event)| {
        let is_of_client = match (of, other.what) {
            (
                Some(Subject::ClientData(client, _)),
                What::Add(Subject::Client(it)) | What::Remove(Subject::Client(it)),
            ) => it == client,
            _ => false,
        };
        let is_of_life = match event.life {
            0 => of.is_some() && subject(other.what) == of,
            life => other.life == life,
        };
        *index == at || is_of_life || is_of_client
    };
    let before = trace.events[..=at].iter().enumerate().filter(is_of_it);
    before.map(|(_, event)| (trace.name(event.task), event.what)).collect()
}

/// Whether what broke an invariant in one run happens in another too: the same event with the same history.
fn happens_in(trace: &Trace, wanted: &[(TaskName, What)]) -> bool {
    let last = wanted.last().expect("it ends with the event");
    let same = |at: &usize| (trace.name(trace.events[*at].task), trace.events[*at].what) == *last;
    (0..trace.events.len()).filter(same).any(|at| history(trace, at) == wanted)
}

/// Whether an object has come back before an event of a trace: one of a name that an earlier one had was made.
fn has_returned(trace: &Trace, at: usize) -> bool {
    let mut made = Vec::new();
    trace.events[..=at].iter().any(|event| match event.what {
        What::Alloc(of) if of.part().is_none() => {
            let again = made.contains(&of);
            made.push(of);
            again
        }
        What::Add(of @ Subject::Client(_)) => {
            let again = made.contains(&of);
            made.push(of);
            again
        }
        _ => false,
    })
}

/// Every way to make an object again that a program names, with or without unmaking it first.
fn returns(program: &Program) -> Vec<(String, Program)> {
    let text = program.to_string();
    let words: BTreeSet<&str> = text.split_whitespace().collect();
    let named = MAKERS.iter().filter(|(name, ..)| words.contains(name));
    let mut programs = Vec::new();
    for (name, unmakers, maker) in named {
        let maker = parse(maker);
        let unmade: Vec<Command> = unmakers.iter().map(|line| parse(line)).chain([maker]).collect();
        for (how, commands) in [("made again", vec![maker]), ("unmade and made again", unmade)] {
            for (task, of) in program.tasks.iter().enumerate() {
                let what = format!("{name} {how} by {}", of.name);
                programs.push((what, at_end(program, task, &commands)));
            }
            programs.extend(at_last(program, &commands).map(|it| (format!("{name} {how} at last"), it)));
        }
        let mut once: Vec<Command> = unmakers.iter().map(|line| parse(line)).collect();
        once.insert(0, maker);
        programs.push((format!("{} made and unmade before", name), at_first(program, &once)));
    }
    programs
}

/// Looks at one program of the corpus; says which breaks were lost.
fn look(machine: &mut Machine, program: &Program, counts: &mut BTreeMap<&'static str, Count>) -> Vec<String> {
    let trace = machine.run(program).clone();
    let broken: Vec<Violation> = judge(&trace);
    let wanted = broken.iter().map(|violation| (violation.invariant, history(&trace, violation.at)));
    let wanted: Vec<_> = wanted.collect();
    let mut lost = Vec::new();
    for (how, again) in returns(program) {
        let trace = machine.run(&again).clone();
        let broken = judge(&trace);
        for (invariant, history) in &wanted {
            let count = counts.entry(invariant.name).or_default();
            if let Some(violation) = broken.iter().find(|it| it.invariant.id == invariant.id) {
                count.stays += 1;
                count.after_return += usize::from(has_returned(&trace, violation.at));
            } else if AT_REST.contains(&invariant.name) {
                count.at_rest += 1;
            } else if !happens_in(&trace, history) {
                count.changed += 1;
            } else {
                lost.push(format!("{} is kept with {how}:\n{again}", invariant.name));
            }
        }
    }
    lost
}

#[test]
fn every_break_stays_when_an_object_comes_back() {
    let (mut machine, mut counts, mut lost) = (Machine::default(), BTreeMap::new(), Vec::new());
    for (path, text) in walk::corpus() {
        let program = Program::parse(&text, &path.to_string_lossy()).unwrap_or_else(|e| panic!("{e}"));
        for what in look(&mut machine, &program, &mut counts) {
            lost.push(format!("{}: {what}", path.display()));
        }
    }
    for (name, count) in &counts {
        println!("{name:40} {count:?}");
    }
    assert!(lost.is_empty(), "{} are lost\n{}", lost.len(), lost.join("\n"));
    let (stays, changed) = counts
        .values()
        .fold((0, 0), |(stays, changed), count| (stays + count.stays, changed + count.changed));
    assert!(
        changed * 20 < stays,
        "in {changed} runs the new object changed what happens, in {stays} the break stayed"
    );
    for invariant in ALL {
        let count =
            counts.get(invariant.name).unwrap_or_else(|| panic!("no program breaks {}", invariant.name));
        let is_in_first = EVERY_LIFE.contains(&invariant.name);
        assert_eq!(count.after_return == 0, is_in_first, "{}: {count:?}", invariant.name);
        assert!(AT_REST.contains(&invariant.name) || count.at_rest == 0, "{}: {count:?}", invariant.name);
    }
}

/// What tells of an object that it begins and what that it ends must speak of one life, or of none in particular: a judge that
/// keeps lives apart would take the end for another object's.
#[test]
fn a_beginning_and_its_end_name_lives_alike() {
    let (mut machine, mut named) = (Machine::default(), BTreeMap::new());
    for (path, text) in walk::corpus() {
        let program = Program::parse(&text, &path.to_string_lossy()).unwrap_or_else(|e| panic!("{e}"));
        for event in &machine.run(&program).events {
            let (aspect, of) = match event.what {
                What::Add(of) | What::Remove(of) => ("presence", of),
                What::Visible(of) | What::Hidden(of) => ("visibility", of),
                What::Alloc(of) | What::Free(of) => ("memory", of),
                What::Ready(of) | What::Unready(of) => ("readiness", of),
                What::Set(of, ..) => ("value", of),
                _ => continue,
            };
            let seen: &mut [BTreeSet<String>; 2] = named.entry((aspect, format!("{of}"))).or_default();
            seen[usize::from(event.life != 0)].insert(path.display().to_string());
        }
    }
    named.retain(|_, [without, with]| !without.is_empty() && !with.is_empty());
    assert!(named.is_empty(), "of these some events name a life and some do not: {named:#?}");
}
