//! Releases of the kernel that are asked for by number: the source of each is in a package of Debian.

use std::str::FromStr;

/// Releases that are asked only when they are named: whoever does not say means the rules of the newest model.
const OLD: &[&str] = &["6.1"];
/// The release whose rules the model has, if it has no others for the kernel that is asked.
const MODELLED: &str = "6.12";

/// A release as people say it: `6.1` is every `6.1.y`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli::linux) struct Release(String);

impl FromStr for Release {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('.').collect();
        let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        match (2..=3).contains(&parts.len()) && parts.iter().all(is_number) {
            true => Ok(Release(text.to_string())),
            false => Err("a release is two or three numbers with dots between them, as 6.1".to_string()),
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

/// Whether a kernel is asked though nobody named its release.
pub(super) fn is_asked_unnamed(kernel: &str) -> bool {
    OLD.iter().all(|old| !is_of(kernel, old))
}

/// The name of the variants that are rules of the release that a kernel is of.
pub(in crate::cli::linux) fn variants_for(kernel: &str) -> String {
    let old = OLD.iter().find(|old| is_of(kernel, old));
    format!("linux-{}", old.unwrap_or(&MODELLED))
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn an_old_kernel_has_its_own_rules_and_is_asked_when_it_is_named() {
        assert_eq!((variants_for("6.1.192").as_str(), is_asked_unnamed("6.1.192")), ("linux-6.1", false));
        assert_eq!((variants_for("6.12.1").as_str(), is_asked_unnamed("6.12.1")), ("linux-6.12", true));
        assert_eq!((variants_for("6.99-mine").as_str(), is_asked_unnamed("6.99-mine")), ("linux-6.12", true));
    }
}
