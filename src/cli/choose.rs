//! Variants, subsystems and invariants on the command line: names to sets, and help for names that are not there.

use unreg::invariant::{ALL, Invariant, named};
use unreg::operand::Operand;
use unreg::program::text::words::distance;
use unreg::program::{Subsystem, Unknown, Variants};
use unreg::search::strategy;
use unreg::target::Scope;

/// The words of a list by commas, as UNREG_VARIANT and UNREG_ONLY have them; an empty one has none.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty())
}

/// Reads variants by commas, each as [`variant`] does.
pub(super) fn variants(text: &str) -> Result<Variants, String> {
    words(text).map(variant).try_fold(Variants::default(), |all, one| Ok(all.union(one?)))
}

/// Reads what [`Variants::parse`] does, and guesses what a name that is not there was meant to be.
fn variant(text: &str) -> Result<Variants, String> {
    Variants::parse(text).map_err(|error| match error {
        Unknown::Subsystem(name) => unknown("subsystem", name, Subsystem::WORDS),
        Unknown::Variant(None, name) => unknown("variant", name, &all()),
        Unknown::Variant(Some(of), name) => {
            let accepted: Vec<String> =
                of.variants().iter().map(|variant| format!("{of}={}", variant.name)).collect();
            unknown("variant", &format!("{of}={name}"), &accepted)
        }
    })
}

/// Reads the name of a subsystem.
pub(super) fn subsystem(text: &str) -> Result<Subsystem, String> {
    Subsystem::named(text).ok_or_else(|| unknown("subsystem", text, Subsystem::WORDS))
}

/// Reads the name of a strategy.
pub(super) fn strategy(name: &str) -> Result<strategy::StrategySpec, String> {
    strategy::named(name).ok_or_else(|| {
        let accepted: Vec<&str> = strategy::ALL.iter().map(|strategy| strategy.name).collect();
        unknown("strategy", name, &accepted)
    })
}

/// Reads the name of a fuzz target that runs programs.
pub(super) fn target(name: &str) -> Result<Scope, String> {
    Scope::named(name).ok_or_else(|| {
        let accepted: Vec<&str> = Scope::ALL.iter().map(|(name, _)| *name).collect();
        unknown("target", name, &accepted)
    })
}

/// Invariants that were named together.
#[derive(Debug, Clone)]
pub(super) struct Invariants(Vec<&'static Invariant>);

impl<'a> IntoIterator for &'a Invariants {
    type Item = &'static Invariant;
    type IntoIter = std::iter::Copied<std::slice::Iter<'a, &'static Invariant>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().copied()
    }
}

/// Reads the names of invariants by commas.
pub(super) fn invariants(text: &str) -> Result<Invariants, String> {
    words(text).map(invariant).collect::<Result<_, _>>().map(Invariants)
}

/// Reads the name of an invariant.
fn invariant(name: &str) -> Result<&'static Invariant, String> {
    named(name).ok_or_else(|| {
        let accepted: Vec<&str> = ALL.iter().map(|invariant| invariant.name).collect();
        unknown("invariant", name, &accepted)
    })
}

/// Every variant as the command line spells it.
fn all() -> Vec<String> {
    let named = |subsystem: &Subsystem| {
        let subsystem = *subsystem;
        subsystem.variants().into_iter().map(move |variant| format!("{subsystem}={}", variant.name))
    };
    std::iter::once("settled".to_string()).chain(Subsystem::ALL.iter().flat_map(named)).collect()
}

/// The most names that a message lists; above that, the nearest, and the command that lists all.
const LISTED_MAX: usize = 14;
/// How many of the nearest.
const NEAREST: usize = 5;

/// What is wrong with a name, the name that was probably meant, and those there are.
pub(super) fn unknown(what: &str, given: &str, accepted: &[impl AsRef<str>]) -> String {
    let tail = |name: &str| name.find('=').map_or(0, |at| at + 1);
    // A typo in the name, or in what stands behind the subsystem, which many forget.
    let letters = |name: &str| distance(given, name).min(distance(given, &name[tail(name)..]));
    let mut nearest: Vec<&str> = accepted.iter().map(AsRef::as_ref).collect();
    let is_meant = |name: &str| letters(name) <= 1 + given.len() / 4;
    let meant = nearest.iter().copied().min_by_key(|name| letters(name)).filter(|name| is_meant(name));
    let meant = meant.map_or(String::new(), |name| format!("; did you mean `{name}`?"));
    let known = if nearest.len() <= LISTED_MAX {
        format!("accepted: {}", nearest.join(", "))
    } else {
        let sought = &given[tail(given)..];
        nearest.sort_by_key(|name| (sought.is_empty() || !name.contains(sought), letters(name)));
        nearest.truncate(NEAREST);
        format!("nearest: {}\n`unreg list {what}s` prints all {}", nearest.join(", "), accepted.len())
    };
    format!("there is no {what} `{given}`{meant}\n{known}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settled_is_no_variant_and_every_variant_can_be_named() {
        assert_eq!(variants("settled"), Ok(Variants::default()));
        for name in all() {
            assert_eq!(variants(&name).map(|chosen| chosen.to_string()), Ok(name));
        }
    }

    #[test]
    fn a_bare_name_is_the_variant_of_every_subsystem_that_has_it() {
        let chosen = variants("linux-6.12").unwrap();
        for subsystem in Subsystem::ALL {
            let variant = subsystem.variant("linux-6.12");
            assert_eq!(chosen.of(*subsystem), variant.map_or(0, |variant| 1 << variant.id), "{subsystem}");
        }
        assert_eq!(variants("delayed-release"), variants("config=delayed-release"));
    }

    #[test]
    fn a_list_by_commas_is_read_as_the_targets_read_it() {
        let both = variants("config=delayed-release").unwrap().union(variants("linux-6.12").unwrap());
        assert_eq!(variants("config=delayed-release, linux-6.12"), Ok(both));
        assert_eq!(variants(""), Ok(Variants::default()));
        let named = |text| invariants(text).map(|all| all.into_iter().map(|it| it.name).collect::<Vec<_>>());
        assert_eq!(named("no-deadlock,lock-order,"), Ok(vec!["no-deadlock", "lock-order"]));
        assert_eq!(named(""), Ok(vec![]));
        assert!(named("no-deadlok").unwrap_err().contains("did you mean `no-deadlock`?"));
    }

    #[test]
    fn a_typo_names_what_was_meant() {
        let error = variants("config=delayed-relaese").unwrap_err();
        assert!(error.contains("did you mean `config=delayed-release`?"), "{error}");
        let error = variants("delayed-relese").unwrap_err();
        assert!(error.contains("did you mean `config=delayed-release`?"), "{error}");
        let error = variants("devlnk=x").unwrap_err();
        assert!(error.contains("no subsystem `devlnk`; did you mean `devlink`?"), "{error}");
    }

    #[test]
    fn a_long_list_is_cut_to_the_nearest_and_names_the_command_that_has_all() {
        let error = variants("early").unwrap_err();
        assert!(error.contains("nearest: devlink=early-register, "), "{error}");
        assert!(error.contains(&format!("`unreg list variants` prints all {}", all().len())), "{error}");
        assert!(error.lines().all(|line| line.len() < 200), "{error}");
    }
}
