//! Canaries: a search from nothing finds every invariant that a flawed variant breaks, and the settled decisions survive it.
//! A dead canary means that the search (or an invariant) is broken.
//!
//! A trial is one variant and one seed, named like `devlink=early-register/seed-1`. Budgets are counts of runs, never of
//! seconds. `cargo test` searches with seed 1; `UNREG_THOROUGH=1 cargo test` with every seed, and as long as it takes.
//! The slowest searches are printed at the end: a search that needs more than its budget is a fault of the search.

use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use unreg::minimize::{breaks, expected, minimize_violation};
use unreg::program::{Program, Subsystem, Variants};
use unreg::run::Machine;
use unreg::search::generate::Alphabet;
use unreg::search::hunt::{Finding, Hunt, Options};
use unreg::variant::VariantSpec;

/// The runs in which seed 1 must find each invariant broken, unless it is [`RARE`].
const PUSH: u64 = 150_000;
/// The runs in which seed 1 must find a rare one from the commands of a program that breaks it.
const NEARBY: u64 = 500_000;
/// The runs in which every seed must find each in the thorough mode.
const THOROUGH: u64 = 20_000_000;
/// The runs, for each alphabet and seed, in which the settled decisions must break nothing.
const SURVIVED: u64 = 60_000;
/// The lines of commands and schedule that a minimised program may have: two tasks that take turns need many.
const LINES_MAX: usize = 20;
const SEEDS: std::ops::RangeInclusive<u64> = 1..=3;
/// How many of the slowest searches are printed.
const SHOWN: usize = 10;

/// What seed 1 does not find within [`PUSH`] runs, and the runs in which it does. The thorough mode holds each row to
/// both numbers, so that a row goes when the search gets better.
const RARE: &[(&str, &str, u64)] = &[
    ("devlink=any-action-moves", "move-takes-all", 1_000_000),
    ("devlink=driver-keeps-netns", "netns-exit-empties", 20_000_000),
    ("devlink=dump-get-unlocked", "no-use-after-free", 1_000_000),
    ("devlink=function-state-untold", "stream-converges", 1_000_000),
    ("devlink=linux-6.4", "no-use-after-free", 2_000_000),
    ("devlink=linux-6.12", "move-takes-all", 3_000_000),
    ("devlink=linux-6.12", "references-are-known", 1_000_000),
    ("devlink=linux-6.12", "netdev-ends-where-it-began", 3_000_000),
    ("devlink=linux-6.12", "netns-exit-empties", 3_000_000),
    ("devlink=netns-told-before-down", "gone-is-not-shown", 1_000_000),
    ("devlink=notifier-in-reload", "lock-order", 1_000_000),
    ("devlink=notifier-in-reload", "no-deadlock", 1_000_000),
    ("devlink=pernet-lock-over-reload", "no-global-lock-over-driver-callback", 1_000_000),
    ("devlink=port-files-disable-reload", "no-warning", 1_000_000),
    ("devlink=rate-set-in-steps", "error-leaves-state", 1_000_000),
    ("devlink=refused-route-counts", "error-leaves-state", 2_000_000),
    ("devlink=report-after-unregister", "no-warning", 1_000_000),
    ("devlink=resource-sums-wrap", "resources-fit", 1_000_000),
    ("devlink=silent-rate-nodes", "end-names-all", 1_000_000),
    ("devlink=silent-rate-nodes", "stream-converges", 1_000_000),
    ("devlink=snapshot-ids-kept", "references-balance", 1_000_000),
    ("devlink=split-not-undone", "error-leaves-state", 1_000_000),
    ("devlink=stale-rate-parents", "no-use-after-free", 2_000_000),
    ("mdev=linux-5.2", "no-use-after-free", 1_000_000),
    ("mdev=linux-5.3", "no-use-after-free", 1_000_000),
    ("mdev=remove-unprotected", "no-use-after-free", 1_000_000),
    ("ib=cma-forgets-ids", "no-use-after-free", 2_000_000),
    ("ib=events-go-with-device", "no-use-after-free", 1_000_000),
    ("ib=linux-4.3", "lock-order", 1_000_000),
    ("ib=linux-5.1", "lock-order", 1_000_000),
    ("ib=listen-not-undone", "no-deadlock", 2_000_000),
    ("ib=rescan-before-mark", "gid-table-converges", 1_000_000),
    ("ib=rescan-queue", "lock-order", 1_000_000),
    ("ib=siw-follows-init-alone", "no-deadlock", 1_000_000),
    ("ib=remove-under-client-data", "lock-order", 1_000_000),
    ("ib=remove-under-client-data", "no-deadlock", 6_000_000),
    ("ib=umad-clears-first", "no-warning", 2_000_000),
];

/// The flawed variants of each subsystem: so many at least.
const FLAWED: [(Subsystem, usize); 3] =
    [(Subsystem::Devlink, 40), (Subsystem::Mdev, 18), (Subsystem::Ib, 24)];

/// The runs that each search took, with the name of its trial and of what it found broken.
type Took = Arc<Mutex<Vec<(u64, String)>>>;

fn main() {
    let is_thorough = std::env::var_os("UNREG_THOROUGH").is_some_and(|value| !value.is_empty());
    let took = Took::default();
    let mut trials = survivors();
    let (mut flaws, mut canaries) = (Vec::new(), 0);
    for (subsystem, at_least) in FLAWED {
        let mut flawed = subsystem.variants();
        flawed.retain(|variant| !variant.breaks.is_empty());
        assert!(flawed.len() >= at_least, "only {} flawed variants of {subsystem} are left", flawed.len());
        for variant in flawed {
            flaws.extend(
                variant.breaks.iter().map(|invariant| (format!("{subsystem}={}", variant.name), *invariant)),
            );
            canaries += 1;
            for seed in SEEDS.filter(|seed| is_thorough || seed == SEEDS.start()) {
                let canary = Canary { subsystem, variant, seed };
                let took = took.clone();
                trials.push(Trial::test(canary.name(), move || canary.search(is_thorough, &took)));
            }
        }
    }
    for (variant, invariant, _) in RARE {
        let is_flaw = flaws.iter().any(|(name, broken)| name == variant && broken == invariant);
        assert!(is_flaw, "RARE names {variant} and {invariant}, which it does not break");
    }
    if !is_thorough {
        announce(canaries);
    }
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    print_slowest(&mut took.lock().expect("no trial died while it wrote"));
    conclusion.exit();
}

/// One variant and one seed.
struct Canary {
    subsystem: Subsystem,
    variant: VariantSpec,
    seed: u64,
}

impl Canary {
    fn variant(&self) -> String {
        format!("{}={}", self.subsystem, self.variant.name)
    }

    fn name(&self) -> String {
        format!("{}/seed-{}", self.variant(), self.seed)
    }

    /// The runs in which seed 1 finds a rare invariant broken; none if the invariant is not rare here.
    fn rare(&self, invariant: &str) -> Option<u64> {
        let row = RARE.iter().find(|(variant, rare, _)| *variant == self.variant() && *rare == invariant)?;
        Some(row.2)
    }

    /// Finds each invariant broken that the variant says it breaks.
    fn search(&self, is_thorough: bool, took: &Took) -> Result<(), Failed> {
        let breaks = self.variant.breaks;
        let (rare, common): (Vec<_>, Vec<_>) =
            breaks.iter().partition(|invariant| self.rare(invariant).is_some());
        let found = if is_thorough {
            first_findings(self.hunt(), breaks, THOROUGH)
        } else {
            first_findings(self.hunt(), &common, PUSH)
        };
        let wanted = if is_thorough { breaks } else { &common };
        for invariant in wanted {
            let Some((finding, runs)) = found.get(invariant) else {
                return Err(format!("{invariant} is not found broken").into());
            };
            took.lock()
                .expect("no trial died while it wrote")
                .push((*runs, format!("{} {invariant}", self.name())));
            if self.seed == *SEEDS.start() {
                minimised(finding, invariant);
            }
        }
        for invariant in rare {
            let most = self.rare(invariant).expect("it was rare a moment ago");
            if let Some((_, runs)) = found.get(invariant).filter(|_| self.seed == *SEEDS.start()) {
                if *runs <= PUSH {
                    return Err(format!(
                        "{invariant} is found in {runs} runs: its row in RARE is to be removed"
                    )
                    .into());
                }
                if *runs > most {
                    return Err(format!("{invariant} is found in {runs} runs, where RARE says {most}").into());
                }
            }
            if !is_thorough {
                self.search_nearby(invariant, took)?;
            }
        }
        Ok(())
    }

    /// What is left of a rare canary on every push: the search has the commands of a program that breaks the invariant
    /// and looks for that one alone; it finds the schedule.
    fn search_nearby(&self, invariant: &'static str, took: &Took) -> Result<(), Failed> {
        let mut hunt = Hunt::new(Options { only: vec![invariant], ..self.options() });
        let is_found = |finding: Option<Finding>| {
            finding.is_some_and(|finding| finding.sites.iter().any(|site| site.invariant == invariant))
        };
        let mut programs = self.corpus();
        programs.retain(|program| program.expected().any(|expected| expected.name == invariant));
        assert!(
            !programs.is_empty(),
            "no program of the corpus shows that {} breaks {invariant}",
            self.variant()
        );
        programs.iter_mut().for_each(|program| program.schedule.clear());
        let mut seeds = programs.into_iter();
        while hunt.stats().runs < NEARBY {
            let finding = match seeds.next() {
                Some(program) => hunt.resume_from(program),
                None => hunt.step(),
            };
            if is_found(finding) {
                let what = format!("{} {invariant}, from its commands", self.name());
                took.lock().expect("no trial died while it wrote").push((hunt.stats().runs, what));
                return Ok(());
            }
        }
        Err(format!("{invariant} is not found broken from its commands").into())
    }

    /// The programs of the corpus under exactly the variants of this canary.
    fn corpus(&self) -> Vec<Program> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(self.subsystem.to_string());
        let entries = std::fs::read_dir(folder).expect("the corpus can be read");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("the corpus can be read").path()).collect();
        paths.sort();
        let programs = paths.iter().map(|path| {
            let text = std::fs::read_to_string(path).expect("the corpus can be read");
            Program::parse(&text, &path.to_string_lossy()).unwrap_or_else(|errors| panic!("{errors}"))
        });
        let variants = Variants::to_break(self.subsystem, &self.variant);
        programs.filter(|program| program.variants == variants).collect()
    }

    fn hunt(&self) -> Hunt {
        Hunt::new(self.options())
    }

    fn options(&self) -> Options {
        options(Variants::to_break(self.subsystem, &self.variant), &[self.subsystem], self.seed, false)
    }
}

fn options(variants: Variants, subsystems: &[Subsystem], seed: u64, vary_kconfig: bool) -> Options {
    let alphabet = Alphabet::new(subsystems);
    Options { variants, only: Vec::new(), alphabet, seed, vary_kconfig, stores: false }
}

/// The first program that each invariant was found broken by, and the runs it took.
fn first_findings(mut hunt: Hunt, wanted: &[&str], budget: u64) -> BTreeMap<&'static str, (Finding, u64)> {
    let mut found: BTreeMap<&'static str, (Finding, u64)> = BTreeMap::new();
    while hunt.stats().runs < budget && !wanted.iter().all(|invariant| found.contains_key(invariant)) {
        if let Some(finding) = hunt.step() {
            for site in &finding.sites {
                found.entry(site.invariant).or_insert_with(|| (finding.clone(), hunt.stats().runs));
            }
        }
    }
    found
}

/// Minimising keeps the verdict, and what it leaves is something to read.
fn minimised(finding: &Finding, invariant: &str) {
    let site =
        finding.sites.iter().find(|site| site.invariant == invariant).expect("the invariant was broken");
    let small: Program = minimize_violation(&finding.program, site, |_| {});
    let mut machine = Machine::default();
    let trace = machine.run(&small);
    assert!(breaks(trace, site), "{invariant} is kept by the minimised program:\n{small}");
    assert_eq!(small.expect, expected(trace), "the minimised program expects what it breaks:\n{small}");
    let lines = small.size();
    assert!(lines <= LINES_MAX, "{lines} lines are left for {invariant}:\n{small}");
}

/// A trial for each alphabet and seed: the settled decisions break nothing.
fn survivors() -> Vec<Trial> {
    let alphabets: [(&str, &[Subsystem]); 4] = [
        ("all", &[]),
        ("devlink", &[Subsystem::Devlink]),
        ("mdev", &[Subsystem::Mdev]),
        ("ib", &[Subsystem::Ib]),
    ];
    let all = alphabets.into_iter().flat_map(|alphabet| SEEDS.map(move |seed| (alphabet, seed)));
    let trial = |((name, subsystems), seed)| {
        Trial::test(format!("settled/{name}/seed-{seed}"), move || survives(subsystems, seed))
    };
    all.map(trial).collect()
}

fn survives(subsystems: &[Subsystem], seed: u64) -> Result<(), Failed> {
    let mut hunt = Hunt::new(options(Variants::default(), subsystems, seed, true));
    while hunt.stats().runs < SURVIVED {
        if let Some(finding) = hunt.step() {
            return Err(format!("{}{:?}", finding.sites[0], finding.program).into());
        }
    }
    assert!(hunt.stats().states > 100, "only {} states are reached", hunt.stats().states);
    Ok(())
}

/// Says what this run leaves to the thorough mode.
fn announce(canaries: usize) {
    let line = "=".repeat(100);
    let rare: String = RARE
        .iter()
        .map(|(variant, invariant, most)| format!("\n  {variant} {invariant}: {most} runs"))
        .collect();
    eprintln!(
        "{line}\nNOT EVERYTHING IS SEARCHED: seed 1 of {canaries} canaries, {PUSH} runs each. UNREG_THOROUGH=1 cargo \
         test adds\nseeds 2 to {}, and searches from nothing for what is rarer:{rare}\n{line}",
        SEEDS.end()
    );
}

/// Prints the searches that took most runs.
fn print_slowest(took: &mut [(u64, String)]) {
    took.sort_by(|left, right| right.cmp(left));
    let runs: u64 = took.iter().map(|(runs, _)| runs).sum();
    if !took.is_empty() {
        eprintln!("{} searches, the slowest:", took.len());
        took.iter().take(SHOWN).for_each(|(runs, name)| eprintln!("{runs:10} runs  {name}"));
        eprintln!("{runs:10} runs to the first violations of all");
    }
}
