//! The second opinion agrees with what the simulated kernel says of itself: over the corpus, and over made-up programs
//! under every variant.

mod walk;

use unreg::invariant::opinion::differs;
use unreg::program::{Program, Subsystem, Variants};
use unreg::run::Machine;
use unreg::search::generate::{Alphabet, generate};

/// How many made-up programs are run under each variant.
const CASES: usize = 150;

fn agrees(machine: &mut Machine, program: &Program) {
    let plain = machine.run(program).clone();
    let raw = machine.run_raw(program);
    if let Some(how) = differs(raw) {
        panic!("{how}\n{program}");
    }
    let told = |trace: &unreg::event::Trace| {
        let all = trace.events.iter().filter(|event| !event.what.is_raw());
        all.map(|event| (event.task, event.life, event.what)).collect::<Vec<_>>()
    };
    assert_eq!(told(&plain), told(raw), "raw events are all that is added\n{program}");
    assert!(!plain.events.iter().any(|event| event.what.is_raw()));
}

#[test]
fn over_the_corpus() {
    let mut machine = Machine::default();
    for (path, text) in walk::corpus() {
        let mut program =
            Program::parse(&text, &path.to_string_lossy()).unwrap_or_else(|errors| panic!("{errors}"));
        agrees(&mut machine, &program);
        program.variants = program.variants.settled();
        agrees(&mut machine, &program);
    }
}

#[test]
fn over_made_up_programs_under_every_variant() {
    let mut machine = Machine::default();
    let mut random = fastrand::Rng::with_seed(0);
    for subsystem in [Subsystem::Devlink, Subsystem::Mdev, Subsystem::Ib] {
        let alphabet = Alphabet::new(&[subsystem]);
        for variant in subsystem.variants() {
            let variants = Variants::to_break(subsystem, &variant);
            for seed in 0..CASES {
                let mut program = Program { variants, ..generate(&mut random, &alphabet) };
                let (_, schedule) = machine.walk(&program, seed as u64);
                program.schedule = schedule;
                agrees(&mut machine, &program);
            }
        }
    }
}
