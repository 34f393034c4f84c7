//! What programs cover, as tables: a row a command, a variant, an invariant, and a line for the states.

use crate::cli::table::{self, Table};
use std::collections::{BTreeMap, BTreeSet};
use unreg::event::Errno;
use unreg::invariant;
use unreg::program::{Command, Program, Subsystem};
use unreg::search::coverage::Feature;

/// The tables, and what is in unreg's own tables and in no program.
pub(super) fn coverage(each: &[(Program, Vec<Feature>)]) -> (String, Vec<String>) {
    let mut missing = Vec::new();
    let mut text = String::new();
    for table in [commands(each, &mut missing), variants(each, &mut missing), invariants(each, &mut missing)]
    {
        text += &table::text(&table);
        text.push('\n');
    }
    let count = |is_such: fn(&Feature) -> bool| {
        let features = each.iter().flat_map(|(_, features)| features).filter(|feature| is_such(feature));
        features.collect::<BTreeSet<_>>().len()
    };
    text += &format!(
        "{} programs reach {} lasting states and {} states in all, by {} steps\n",
        each.len(),
        count(|feature| matches!(feature, Feature::Lasting(_))),
        count(|feature| matches!(feature, Feature::State(_))),
        count(|feature| matches!(feature, Feature::Step(_))),
    );
    for what in &missing {
        text += &format!("missing: {what}\n");
    }
    (text, missing)
}

/// How many programs use a command, in how many it succeeds, and how else it ends.
fn commands(each: &[(Program, Vec<Feature>)], missing: &mut Vec<String>) -> Table {
    let mut ends: BTreeMap<u8, BTreeMap<Option<Errno>, usize>> = BTreeMap::new();
    for (_, features) in each {
        for feature in features {
            if let Feature::Command(opcode, end) = feature {
                *ends.entry(*opcode).or_default().entry(*end).or_default() += 1;
            }
        }
    }
    let programs = each.iter().flat_map(|(program, _)| &program.tasks);
    let used: BTreeSet<u8> =
        programs.flat_map(|task| &task.commands).map(|command| command.encode().0).collect();
    let rows = Command::specs().map(|spec| {
        let of = ends.get(&spec.opcode).cloned().unwrap_or_default();
        let done = of.get(&None).copied().unwrap_or_default();
        // Some commands go on until nothing comes any more, and so end in no program.
        if !used.contains(&spec.opcode) {
            missing.push(format!("a program with {}", spec.name));
        }
        let refused: Vec<String> =
            of.iter().filter_map(|(end, count)| Some(format!("{} {count}", (*end)?.name()))).collect();
        vec![spec.name.to_owned(), done.to_string(), refused.join(", ")]
    });
    Table { headings: vec!["command", "succeeds in", "is refused in"], rows: rows.collect() }
}

fn variants(each: &[(Program, Vec<Feature>)], missing: &mut Vec<String>) -> Table {
    let mut rows = Vec::new();
    for subsystem in Subsystem::ALL {
        for variant in subsystem.variants() {
            let under =
                each.iter().filter(|(program, _)| program.variants.of(*subsystem) & (1 << variant.id) != 0);
            let count = under.count();
            if count == 0 {
                missing.push(format!("a program under {subsystem}={}", variant.name));
            }
            rows.push(vec![format!("{subsystem}={}", variant.name), count.to_string()]);
        }
    }
    Table { headings: vec!["variant", "programs"], rows }
}

fn invariants(each: &[(Program, Vec<Feature>)], missing: &mut Vec<String>) -> Table {
    let rows = invariant::ALL.iter().map(|invariant| {
        let broken = each.iter().filter(|(_, features)| {
            features
                .iter()
                .any(|feature| matches!(feature, Feature::Broken(_, name) if *name == invariant.name))
        });
        let count = broken.count();
        if count == 0 {
            missing.push(format!("a program that breaks {}", invariant.name));
        }
        vec![invariant.name.to_owned(), count.to_string()]
    });
    Table { headings: vec!["invariant", "broken in"], rows: rows.collect() }
}
