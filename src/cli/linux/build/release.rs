//! Releases of the kernel that are asked for by number: the source of each is in a package of Debian.

use crate::cli::choose;
use std::str::FromStr;
use unreg::program::Variants;

/// Older releases whose decisions the model has too.
const OLD: &[&str] = &["6.1"];
/// The newest release whose decisions the model has; they stand for every other release too.
const MODELLED: &str = "6.12";

/// A release as people say it: `6.1` is every `6.1.y`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli::linux) struct Release(String);

impl FromStr for Release {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('.').collect();
        let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if (2..=3).contains(&parts.len()) && parts.iter().all(is_number) {
            Ok(Release(text.to_string()))
        } else {
            Err("a release is two or three numbers with dots between them, as 6.1".to_string())
        }
    }
}

impl std::fmt::Display for Release {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Release {
    /// The Debian package with its source.
    pub(super) fn package(&self) -> String {
        format!("linux-source-{self}")
    }

    /// Whether a kernel that `uname -r` calls like this is of this release.
    pub(super) fn has(&self, kernel: &str) -> bool {
        is_of(kernel, &self.0)
    }
}

/// Whether a kernel is asked though no release was named: one of the newest release that is modelled is, and one of a
/// tree of the user's own, unless its release has older decisions.
pub(super) fn is_asked_unnamed(kernel: &str, is_of_a_package: bool) -> bool {
    is_of(kernel, MODELLED) || (!is_of_a_package && OLD.iter().all(|old| !is_of(kernel, old)))
}

/// A newer release whose decisions the model has too.
const NEWER: &str = "7.3";

/// The names of the variants that are decisions of the release that a kernel is of.
fn variants_for(kernel: &str) -> String {
    let mut others = OLD.iter().chain([&NEWER]);
    let named = others.find(|other| is_of(kernel, other));
    format!("linux-{}", named.unwrap_or(&MODELLED))
}

/// Whether this can be what `uname -r` prints, and so the name of a folder.
pub(super) fn is_name(release: &str) -> bool {
    let is_legal = |letter: u8| letter.is_ascii_alphanumeric() || b"._+~-".contains(&letter);
    (1..=64).contains(&release.len()) && release.bytes().all(is_legal) && !release.starts_with('.')
}

fn is_of(kernel: &str, release: &str) -> bool {
    let rest = kernel.strip_prefix(release);
    rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
}

/// The variants that are the decisions of a kernel of this release; none if the model has no decisions of that release.
pub(in crate::cli::linux) fn modelled(kernel: &str) -> anyhow::Result<Option<Variants>> {
    let is_modelled = OLD.iter().chain([&NEWER, &MODELLED]).any(|release| is_of(kernel, release));
    if is_modelled { usual(kernel).map(Some) } else { Ok(None) }
}

/// The variants that stand for a kernel of this release.
pub(in crate::cli::linux) fn usual(kernel: &str) -> anyhow::Result<Variants> {
    choose::variants(&variants_for(kernel)).map_err(anyhow::Error::msg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use unreg::program::Subsystem;

    #[test]
    fn a_release_has_its_stable_kernels_and_no_other_release_that_begins_alike() {
        let release: Release = "6.1".parse().unwrap();
        assert!(release.has("6.1") && release.has("6.1.192") && release.has("6.1-rc3"));
        assert!(!release.has("6.12.1") && !release.has("6.10"));
        assert_eq!(release.package(), "linux-source-6.1");
        for wrong in ["6", "", "6.", "v6.1", "6.1-rc3", "../6.1"] {
            assert!(wrong.parse::<Release>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_of_a_kernel_is_one_folder() {
        for name in ["6.12.57", "6.1.0-42-amd64", "6.99-fake", "6.13.0-rc1+", "6.1~bpo_2"] {
            assert!(is_name(name), "{name}");
        }
        for wrong in ["", ".", "..", "/etc", "a/b", "a b", "6.1\n", &"6".repeat(65)] {
            assert!(!is_name(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_kernel_has_the_decisions_of_its_release_or_else_those_of_the_newest() {
        assert_eq!(variants_for("6.1.192"), "linux-6.1");
        for kernel in ["6.12.1", "6.99-mine", "7.30", "6.13.0-rc1+"] {
            assert_eq!(variants_for(kernel), "linux-6.12", "{kernel}");
        }
        assert_eq!(variants_for("7.3.4"), "linux-7.3");
        let has =
            ["6.1.192", "6.12.1", "7.3.4", "6.13.0-rc1+"].map(|kernel| modelled(kernel).unwrap().is_some());
        assert_eq!(has, [true, true, true, false]);
        for kernel in ["6.1.192", "6.12.1", "7.3.4"] {
            let each = [Subsystem::Devlink, Subsystem::Mdev, Subsystem::Ib]
                .map(|of| usual(kernel).unwrap().of(of) != 0);
            assert_eq!(each, [true; 3], "each subsystem has decisions");
        }
    }

    #[test]
    fn unnamed_are_the_newest_decisions_and_trees_of_ones_own() {
        let asked = |kernel| [true, false].map(|is_of_a_package| is_asked_unnamed(kernel, is_of_a_package));
        assert_eq!(asked("6.12.117"), [true, true]);
        assert_eq!(asked("7.3.4"), [false, true]);
        assert_eq!(asked("6.99-mine"), [false, true]);
        assert_eq!(asked("6.1.192"), [false, false]);
    }
}
