//! Canaries: a search from nothing finds every rule that every flawed variant breaks, and the settled rules
//! survive it. If a canary dies, it is the search (or a rule) that is broken.

use std::collections::BTreeMap;
use unreg::minimize::{breaks, expected, minimize_violation};
use unreg::program::{Program, Subsystem, Variants};
use unreg::run::Machine;
use unreg::search::generate::Alphabet;
use unreg::search::hunt::{Config, Finding, Hunt};

/// The runs in which each rule must be found broken. Most take below ten thousand, the rarest a few millions: a namespace
/// that ends with an instance in it whose driver refuses to go down, a rate object that is touched when its node is gone.
const BUDGET: u64 = 20_000_000;
/// The runs, for each alphabet and seed, in which the settled rules must break nothing.
const SURVIVED: u64 = 60_000;
/// The lines of commands and schedule that a minimised program may have: two tasks that take turns need many.
const LINES_MAX: usize = 20;
const SEEDS: std::ops::RangeInclusive<u64> = 1..=3;

fn hunt(variants: Variants, subsystems: &[Subsystem], seed: u64, vary_options: bool) -> Hunt {
    Hunt::new(Config { variants, only: Vec::new(), alphabet: Alphabet::new(subsystems), seed, vary_options })
}

/// The first program that each rule was found broken by, and the runs it took.
fn first_findings(mut hunt: Hunt, wanted: &[&str]) -> BTreeMap<&'static str, (Finding, u64)> {
    let mut found: BTreeMap<&'static str, (Finding, u64)> = BTreeMap::new();
    while hunt.stats().runs < BUDGET && !wanted.iter().all(|rule| found.contains_key(rule)) {
        if let Some(finding) = hunt.step() {
            for site in &finding.sites {
                found.entry(site.invariant).or_insert_with(|| (finding.clone(), hunt.stats().runs));
            }
        }
    }
    found
}

// A test a subsystem, for the search takes minutes and machines have more than one processor.

#[test]
fn every_flawed_variant_of_devlink_is_found_and_its_program_minimised() {
    every_flawed_variant_is_found(Subsystem::Devlink, 40);
}

#[test]
fn every_flawed_variant_of_mdev_is_found_and_its_program_minimised() {
    every_flawed_variant_is_found(Subsystem::Mdev, 18);
}

#[test]
fn every_flawed_variant_of_ib_is_found_and_its_program_minimised() {
    every_flawed_variant_is_found(Subsystem::Ib, 24);
}

/// Finds each rule broken that a variant says it breaks; there are at least so many of them.
fn every_flawed_variant_is_found(subsystem: Subsystem, at_least: usize) {
    let mut canaries = 0;
    for variant in subsystem.variants().iter().filter(|variant| !variant.breaks.is_empty()) {
        let variants = Variants::to_break(subsystem, variant);
        for seed in SEEDS {
            let name = variant.name;
            let found = first_findings(hunt(variants, &[subsystem], seed, false), variant.breaks);
            for rule in variant.breaks {
                let Some((finding, runs)) = found.get(rule) else {
                    panic!("{subsystem}={name}, seed {seed}: {rule} not found broken in {BUDGET} runs");
                };
                println!("{subsystem}={name:28} seed {seed} {rule:36} {runs:6} runs");
                if seed == *SEEDS.start() {
                    minimised(finding, rule);
                }
            }
        }
        canaries += 1;
    }
    assert!(canaries >= at_least, "only {canaries} flawed variants are left");
}

/// Minimising keeps the verdict, and what it leaves is something to read.
fn minimised(finding: &Finding, rule: &str) {
    let site = finding.sites.iter().find(|site| site.invariant == rule).expect("the rule was broken");
    let small: Program = minimize_violation(&finding.program, site, |_| {});
    let mut machine = Machine::default();
    let trace = machine.run(&small);
    assert!(breaks(trace, site), "{rule} is kept by the minimised program:\n{small}");
    assert_eq!(small.expect, expected(trace), "the minimised program expects what it breaks:\n{small}");
    let lines = small.size();
    assert!(lines <= LINES_MAX, "{lines} lines are left for {rule}:\n{small}");
}

#[test]
fn the_settled_rules_survive() {
    let alphabets: [&[Subsystem]; 4] = [&[Subsystem::Devlink], &[Subsystem::Mdev], &[Subsystem::Ib], &[]];
    for subsystems in alphabets {
        for seed in SEEDS {
            let mut hunt = hunt(Variants::default(), subsystems, seed, true);
            while hunt.stats().runs < SURVIVED {
                if let Some(finding) = hunt.step() {
                    panic!("{subsystems:?}, seed {seed}: {}{:?}", finding.sites[0], finding.program);
                }
            }
            assert!(hunt.stats().states > 100, "{subsystems:?} reaches {} states", hunt.stats().states);
        }
    }
}
