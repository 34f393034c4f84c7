//! The vendor's module goes in every window of what a user may be doing with a mediated device or its parent.

use unreg::event::Point;
use unreg::invariant::judge;
use unreg::program::{Program, Segment};
use unreg::run::Machine;

/// The program that a task is stopped in, and what was done before.
const MEANWHILE: &[(&str, &str)] = &[
    ("", "mtty.probe mtty/0"),
    ("mtty.probe mtty/0", "mdev.create mtty/0 uuid-a"),
    ("mtty.probe mtty/0", "mdev.show mtty/0"),
    ("mtty.probe mtty/0", "mdev.unregister mtty/0"),
    ("mtty.probe mtty/0", "mtty.remove mtty/0"),
    ("mtty.probe mtty/0\n  mdev.create mtty/0 uuid-a", "mdev.remove uuid-a"),
    ("mtty.probe mtty/0\n  mdev.create mtty/0 uuid-a", "mdev.unbind mtty/0 uuid-a"),
    ("mtty.probe mtty/0\n  mdev.create mtty/0 uuid-a", "vfio.use uuid-a"),
    ("mtty.probe mtty/0\n  mdev.create mtty/0 uuid-a", "mtty.remove mtty/0"),
    ("mtty.probe mtty/0", "udev.mdevctl mtty/0 uuid-b"),
];

/// The points at which the user's command was stopped or could have been, by their numbers: those of mdev.
fn windows() -> impl Iterator<Item = Point> {
    Point::ALL.iter().copied().filter(|point| (0x200..0x300).contains(&(*point as u16)))
}

/// Every program, with the point at which the module goes.
fn programs(variants: &str) -> Vec<(Point, Program)> {
    let mut programs = Vec::new();
    for (before, during) in MEANWHILE {
        let text = format!(
            "{variants}task vendor\n  {before}\ntask user\n  {during}\ntask rmmod\n  module.remove mtty\n"
        );
        let program = Program::parse(&text.replace("\n  \n", "\n"), "window")
            .unwrap_or_else(|errors| panic!("{errors}"));
        let named = |name: &str| {
            program.tasks.iter().find(|task| task.name.to_string() == name).expect("it is there").name
        };
        for point in windows() {
            let schedule = vec![
                Segment { task: named("vendor"), until: None },
                Segment { task: named("user"), until: Some((point, 1)) },
                Segment { task: named("rmmod"), until: None },
            ];
            programs.push((point, Program { schedule, ..program.clone() }));
        }
    }
    programs
}

/// The windows that a user's command really has, and those in which an invariant breaks.
fn run(variants: &str) -> (usize, Vec<String>) {
    let mut machine = Machine::default();
    let (mut stopped, mut broken) = (0, Vec::new());
    for (point, program) in programs(variants) {
        let trace = machine.run(&program);
        let is_window = trace.events.iter().any(|event| event.what == unreg::event::What::Preempt(point));
        stopped += usize::from(is_window);
        for violation in judge(trace) {
            broken.push(format!("{} at {point}:\n{program}", violation.invariant.name));
        }
    }
    (stopped, broken)
}

#[test]
fn a_module_may_go_in_every_window_of_the_settled_rules() {
    for variants in ["", "variant config delayed-release\n"] {
        let (stopped, broken) = run(variants);
        assert!(stopped >= 60, "{stopped} windows are left");
        assert!(broken.is_empty(), "{} of {stopped}, the first: {}", broken.len(), broken[0]);
    }
}

#[test]
fn without_the_fences_some_windows_break() {
    let unfenced = "variant mdev release-unfenced\nvariant config delayed-release\n";
    for variants in ["variant mdev create-unsynchronised\n", "variant mdev remove-unprotected\n", unfenced] {
        let (stopped, broken) = run(variants);
        assert!(!broken.is_empty(), "{variants} breaks in none of {stopped} windows");
    }
}
