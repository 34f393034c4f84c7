//! Predictions that a hunt finds under a kernel's variants, with commands that the kernel can be asked for.

use super::Prediction;
use crate::cli::findings;
use std::collections::HashSet;
use std::time::{Duration, Instant};
use unreg::invariant;
use unreg::linux::{compare, perform};
use unreg::minimize::minimize_violation;
use unreg::program::{Subsystem, Variants};
use unreg::run::Machine;
use unreg::search::generate::Alphabet;
use unreg::search::hunt::{Hunt, Options};

/// Hunts for so long, and returns each cause once, by its smallest program.
pub(in crate::cli::linux) fn predictions(
    variants: Variants,
    subsystem: Subsystem,
    seed: u64,
    time: Duration,
) -> Vec<Prediction> {
    let alphabet = Alphabet::new(&[subsystem]);
    let options = Options { variants, only: Vec::new(), alphabet, seed, vary_kconfig: false, stores: false };
    let mut hunt = Hunt::new(options).with_only(perform::can_perform);
    let (mut sites, mut names) = (HashSet::new(), HashSet::new());
    let mut machine = Machine::default();
    let mut predictions = Vec::new();
    let end = Instant::now() + time;
    while Instant::now() < end {
        let Some(finding) = hunt.step() else { continue };
        for site in finding.sites {
            if !sites.insert(site.clone()) {
                continue;
            }
            let program = minimize_violation(&finding.program, &site, |_| {});
            let invariant = invariant::named(site.invariant).expect("a site names its invariant");
            // What a kernel does after memory or text was used that is gone is no prediction.
            let trace = machine.run(&program);
            let undefined = compare::first_undefined(trace);
            if undefined.is_some_and(|cause| (invariant.check)(trace).is_none_or(|at| cause < at)) {
                continue;
            }
            let name = findings::file_name(program.variants, &site);
            if names.insert(name.clone()) {
                let name = name.trim_end_matches(".prog").to_string();
                predictions.push(Prediction { name, program, invariant });
            }
        }
    }
    predictions
}
