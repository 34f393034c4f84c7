//! The streams of two kernels: the same programs on both, compared line by line.

use super::Part;
use crate::cli::linux::boot::Which;
use crate::cli::linux::{build, conform, kernel::RealKernel};
use crate::cli::progress::Stage;
use std::collections::{BTreeMap, HashMap};
use unreg::linux::compare;
use unreg::linux::perform;
use unreg::minimize::minimize;
use unreg::program::{Program, Variants};
use unreg::run::Machine;

/// So many programs of one cause are made small; the smallest is shown.
const SMALL: usize = 2;

/// Programs whose streams differ by one cause.
#[derive(Default)]
struct Joined {
    count: usize,
    smallest: Option<Program>,
}

/// How a kernel agrees with the model of its release.
struct Model {
    /// As the user calls the kernel.
    side: &'static str,
    release: String,
    variants: Option<Variants>,
    equal: usize,
    /// How many programs differ by each cause.
    causes: BTreeMap<String, usize>,
}

impl Model {
    fn of(side: &'static str, release: &str) -> anyhow::Result<Model> {
        let variants = build::modelled(release)?;
        Ok(Model { side, release: release.to_string(), variants, equal: 0, causes: BTreeMap::new() })
    }

    fn take(&mut self, machine: &mut Machine, program: &Program, kernel: &[String]) {
        let Some(variants) = self.variants else { return };
        let model = conform::lines(machine, &Program { variants, ..program.clone() });
        match compare::cause(&model, kernel) {
            None => self.equal += 1,
            Some(cause) => *self.causes.entry(cause).or_default() += 1,
        }
    }

    fn text(&self) -> String {
        let Model { side, release, variants, equal, causes } = self;
        let Some(variants) = variants else {
            return format!("- {side}: the model has no decisions of Linux {release}, so it was not asked\n");
        };
        let mut text = format!("- {side}: {equal} programs are equal under {variants}, {} differ\n", {
            causes.values().sum::<usize>()
        });
        for (cause, count) in causes {
            text += &format!("  - {count} programs: {cause}\n");
        }
        text
    }
}

/// Runs made-up programs on both kernels, and says which messages are new, lost, or moved. Each is compared with the model
/// of its release too, if there is one.
pub(super) fn compare(base: &Which, head: &Which, seed: u64, count: usize) -> anyhow::Result<Part> {
    let setups = [base.setup()?, head.setup()?];
    let variants = build::usual(&setups[0].kernel.about.release)?;
    let mut models = [
        Model::of("base", &setups[0].kernel.about.release)?,
        Model::of("head", &setups[1].kernel.about.release)?,
    ];
    let mut machine = Machine::default();
    let [of_base, of_head] = setups;
    let mut before = RealKernel::new(of_base, base);
    let mut after = RealKernel::new(of_head, head);
    let programs = conform::sequences(variants, None, seed, count)?;
    let progress = Stage::of("programs on both", programs.len() as u64);
    let mut joined: BTreeMap<String, Joined> = BTreeMap::new();
    let mut different = 0;
    for (_, program) in &programs {
        let both = [lines(&mut before, program)?, lines(&mut after, program)?];
        progress.one_more();
        for (model, lines) in models.iter_mut().zip(&both) {
            model.take(&mut machine, program, lines);
        }
        let Some(cause) = compare::cause(&both[0], &both[1]) else { continue };
        different += 1;
        let by = joined.entry(cause.clone()).or_default();
        by.count += 1;
        if by.count > SMALL {
            continue;
        }
        let small = smallest(&mut before, &mut after, program, &cause)?;
        if by.smallest.as_ref().is_none_or(|other| small.size() < other.size()) {
            by.smallest = Some(small);
        }
    }
    drop(progress);
    let mut text = format!(
        "## Streams\n\n{} programs ran on both, {different} show a difference, by {} causes.\n\n",
        programs.len(),
        joined.len()
    );
    let mut joined: Vec<(String, Joined)> = joined.into_iter().collect();
    joined.sort_by_key(|(_, joined)| std::cmp::Reverse(joined.count));
    for (cause, Joined { count, smallest }) in joined {
        let Some(program) = smallest else { continue };
        let both = [lines(&mut before, &program)?, lines(&mut after, &program)?];
        let cause = of_sides(&cause);
        text += &format!("### {count} programs: {cause}\n\n{}\n", sorts(&both[0], &both[1]));
        text += &format!("```\n{program}\n{}\n```\n\n", columns(&both[0], &both[1]).trim_end());
    }
    text += &format!("## Model\n\n{}\n", models.map(|model| model.text()).concat());
    Ok(Part { text, is_worse: false })
}

fn lines(kernel: &mut RealKernel, program: &Program) -> anyhow::Result<Vec<String>> {
    Ok(kernel.ask(program)?.lines(program))
}

/// The smallest program whose streams differ by the same cause.
fn smallest(
    before: &mut RealKernel,
    after: &mut RealKernel,
    program: &Program,
    cause: &str,
) -> anyhow::Result<Program> {
    let mut trouble = None;
    let small = minimize(program, |candidate| {
        let is_askable = candidate.tasks.iter().flat_map(|task| &task.commands).all(perform::can_perform);
        if !is_askable || candidate.variants != program.variants || trouble.is_some() {
            return false;
        }
        match lines(before, candidate).and_then(|base| Ok((base, lines(after, candidate)?))) {
            Ok((base, head)) => compare::cause(&base, &head).as_deref() == Some(cause),
            Err(error) => {
                trouble = Some(error);
                false
            }
        }
    });
    trouble.map_or(Ok(small), Err)
}

/// A cause in the words of a check: what a comparison calls the model is the base, and the kernel the head.
fn of_sides(cause: &str) -> String {
    let begins = [("only the model", "only the base"), ("only the kernel", "only the head")];
    let side = begins.iter().find_map(|(of, side)| Some([side, cause.strip_prefix(of)?].concat()));
    side.unwrap_or_else(|| cause.to_string())
}

/// Both streams side by side under the names of the sides.
fn columns(base: &[String], head: &[String]) -> String {
    let text = compare::columns(base, head);
    match text.split_once('\n') {
        Some((names, rest)) => {
            format!("{}\n{rest}", names.replace("model", "base ").replace("kernel", "head"))
        }
        None => text,
    }
}

/// Which lines only one has, and whether those that both have come in one order.
fn sorts(base: &[String], head: &[String]) -> String {
    let count = |lines: &[String]| {
        let mut counts: HashMap<String, i32> = HashMap::new();
        lines.iter().for_each(|line| *counts.entry(line.clone()).or_default() += 1);
        counts
    };
    let (before, after) = (count(base), count(head));
    let only = |lines: &[String], others: &HashMap<String, i32>| -> Vec<String> {
        let mut left = others.clone();
        let is_extra = |line: &&String| {
            let left = left.entry((*line).clone()).or_default();
            *left -= 1;
            *left < 0
        };
        lines.iter().filter(is_extra).map(|line| format!("`{}`", line.trim())).collect()
    };
    let (lost, new) = (only(base, &after), only(head, &before));
    let mut text = String::new();
    for (what, lines) in [("lost", &lost), ("new", &new)] {
        if !lines.is_empty() {
            text += &format!("- {what}: {}\n", lines.join(", "));
        }
    }
    if lost.is_empty() && new.is_empty() {
        text += "- moved: the same lines in another order\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_without_decisions_is_compared_with_no_model() {
        let program = Program::parse("task user\n  devlink.dump\n", "test").unwrap();
        let mut machine = Machine::default();
        let mut of = |release| {
            let mut model = Model::of("base", release).unwrap();
            let lines = ["# user: devlink.dump".to_string(), "ok".to_string()];
            model.take(&mut machine, &program, &lines);
            model.take(&mut machine, &program, &lines[..1]);
            model.text()
        };
        assert!(of("6.13.0-rc1+").contains("has no decisions of Linux 6.13.0-rc1+"));
        let known = of("6.12.117");
        assert!(
            known.contains("1 programs are equal under devlink=linux-6.12") && known.contains("1 differ"),
            "{known}"
        );
        assert!(known.contains("  - 1 programs: only the model: ok"), "{known}");
    }

    #[test]
    fn sides_are_called_base_and_head() {
        assert_eq!(of_sides("only the kernel: the kernel warns"), "only the head: the kernel warns");
        assert_eq!(of_sides("another order"), "another order");
        assert!(
            columns(&["a".to_string()], &["b".to_string()])
                .lines()
                .next()
                .is_some_and(|names| names.contains("base") && names.contains("head"))
        );
    }

    #[test]
    fn lines_are_lost_new_or_moved() {
        let lines = |text: &str| text.split(' ').map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(sorts(&lines("a b c"), &lines("a c")), "- lost: `b`\n");
        assert_eq!(sorts(&lines("a a"), &lines("a a d")), "- new: `d`\n");
        assert_eq!(sorts(&lines("a b"), &lines("b a")), "- moved: the same lines in another order\n");
    }
}
