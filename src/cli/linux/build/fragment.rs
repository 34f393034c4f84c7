//! What a kernel must be configured with: fragments over the smallest configuration there is.

use super::Flavour;
use super::make::Make;
use anyhow::Context;
use std::collections::{HashMap, HashSet};
use std::path::Path;

const BASE: &str = include_str!("config/base.config");
const FAST: &str = include_str!("config/fast.config");
const DEBUG: &str = include_str!("config/debug.config");
const DELAYED_RELEASE: &str = include_str!("config/delayed-release.config");

/// What a kernel is better with, and what not every source can give: user-mode Linux 6.1 is not preemptible as that of
/// 6.12 is, and only a preemptible kernel counts atomic sections.
const OPTIONAL: &[&str] = &["CONFIG_PREEMPT", "CONFIG_DEBUG_ATOMIC_SLEEP"];

/// What makes a kernel's text or its log better to read. A source that no longer knows one of these will do without;
/// every other symbol of the fragments is needed.
const TUNING: &[&str] = &[
    "CONFIG_PRINTK_TIME",
    "CONFIG_MAGIC_SYSRQ",
    "CONFIG_READABLE_ASM",
    "CONFIG_DEBUG_SECTION_MISMATCH",
    "CONFIG_KASAN_OUTLINE",
    "CONFIG_KASAN_VMALLOC",
    "CONFIG_SLUB",
    "CONFIG_CRYPTO_CRC32",
    "CONFIG_CRYPTO_CRC32C",
];

/// Every wanted symbol, later lines winning.
pub(super) fn text(config: Flavour) -> String {
    match config {
        Flavour::Fast => [BASE, FAST].concat(),
        Flavour::Debug => [BASE, DEBUG].concat(),
        Flavour::DelayedRelease => [BASE, DEBUG, DELAYED_RELEASE].concat(),
    }
}

/// What keeps the lines of the source. It changes no instruction, and so no kernel's key.
const LINES: &str =
    "CONFIG_DEBUG_KERNEL=y\nCONFIG_DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT=y\nCONFIG_DEBUG_INFO_REDUCED=y\n";

/// Lays the fragment over the configuration of the tree.
pub(super) fn merge(make: &Make, config: Flavour, with_lines: bool, fragment: &Path) -> anyhow::Result<()> {
    let wanted = text(config) + if with_lines { LINES } else { "" };
    std::fs::write(fragment, wanted).with_context(|| format!("cannot write {}", fragment.display()))?;
    make.script(
        "scripts/kconfig/merge_config.sh",
        &["-m", "-O", &make.objects(), &make.object_name(".config")],
        fragment,
    )
}

/// Checks that every wanted symbol is in a `.config` unless it is optional, and names those that are not. Returns those
/// that the source no longer knows and that it can do without.
pub(super) fn verify(fragment: &str, config: &Path, source: &Path) -> anyhow::Result<Vec<&'static str>> {
    let text =
        std::fs::read_to_string(config).with_context(|| format!("cannot read {}", config.display()))?;
    let lost = lost(fragment, &text);
    if lost.is_empty() {
        return Ok(Vec::new());
    }
    let known = defined(source)?;
    let is_gone = |lost: &Lost| !known.contains(lost.name.trim_start_matches("CONFIG_"));
    let (spared, missed): (Vec<_>, Vec<_>) =
        lost.iter().partition(|lost| TUNING.contains(&lost.name) && is_gone(lost));
    let lines: Vec<String> = missed
        .iter()
        .map(|lost| {
            format!("  {lost}{}", if is_gone(lost) { ", as no Kconfig there defines it" } else { "" })
        })
        .collect();
    anyhow::ensure!(
        lines.is_empty(),
        "this source cannot be configured as wanted; lost on the way:\n{}\na symbol that has another name there, or \
         depends on something new, must be said in the fragments (src/cli/linux/build/config)",
        lines.join("\n")
    );
    Ok(TUNING.iter().copied().filter(|name| spared.iter().any(|lost| lost.name == *name)).collect())
}

/// A symbol that is not as wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lost<'f> {
    name: &'f str,
    wish: &'f str,
    fact: &'f str,
}

impl std::fmt::Display for Lost<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={} became {}", self.name, self.wish, self.fact)
    }
}

/// Every symbol that is not as wanted: what was wanted, and what became of it.
fn lost<'f>(fragment: &'f str, config: &'f str) -> Vec<Lost<'f>> {
    let wanted: Vec<(&str, &str)> = fragment.lines().filter_map(symbol).collect();
    let found: HashMap<&str, &str> = config.lines().filter_map(symbol).collect();
    let mut lost = Vec::new();
    for (at, (name, wish)) in wanted.iter().copied().enumerate() {
        let is_last = wanted[at + 1..].iter().all(|(later, _)| *later != name);
        let fact = found.get(name).copied().unwrap_or("n");
        if is_last && wish != fact && !OPTIONAL.contains(&name) {
            lost.push(Lost { name, wish, fact });
        }
    }
    lost
}

/// Every symbol that a Kconfig file of a source defines.
fn defined(source: &Path) -> anyhow::Result<HashSet<String>> {
    let mut known = HashSet::new();
    let mut folders = vec![source.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if entry.file_name().as_encoded_bytes().starts_with(b"Kconfig") {
                let text = std::fs::read(entry.path())?;
                known.extend(
                    String::from_utf8_lossy(&text).lines().filter_map(definition).map(str::to_string),
                );
            }
        }
    }
    Ok(known)
}

/// The symbol that a line of a Kconfig file begins to define.
fn definition(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let keyword = words.next()?;
    words.next().filter(|_| matches!(keyword, "config" | "menuconfig"))
}

/// A symbol and its value in a line of a configuration, `n` for `# CONFIG_X is not set`.
fn symbol(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if let Some(unset) = line.strip_prefix("# ").and_then(|line| line.strip_suffix(" is not set")) {
        return Some((unset, "n"));
    }
    line.split_once('=').filter(|(name, _)| name.starts_with("CONFIG_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(lost: &[Lost]) -> Vec<String> {
        lost.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_survives_is_not_lost_and_what_does_not_is_named() {
        let fragment =
            "CONFIG_NET=y\nCONFIG_NETDEVSIM=m\n# CONFIG_SLUB_TINY is not set\n# a comment\nCONFIG_VFIO=m\n";
        assert_eq!(lost(fragment, "CONFIG_NET=y\nCONFIG_NETDEVSIM=m\nCONFIG_VFIO=m\n"), []);
        let config = "CONFIG_NET=y\nCONFIG_NETDEVSIM=y\nCONFIG_SLUB_TINY=y\n# CONFIG_VFIO is not set\n";
        assert_eq!(
            names(&lost(fragment, config)),
            ["CONFIG_NETDEVSIM=m became y", "CONFIG_SLUB_TINY=n became y", "CONFIG_VFIO=m became n"]
        );
    }

    #[test]
    fn what_is_optional_may_be_missing() {
        assert_eq!(lost("CONFIG_PREEMPT=y\nCONFIG_NET=y\n", "CONFIG_NET=y\n"), []);
    }

    #[test]
    fn the_last_wish_counts() {
        assert_eq!(lost("CONFIG_KASAN=n\nCONFIG_KASAN=y\n", "CONFIG_KASAN=y\n"), []);
        assert_eq!(names(&lost("CONFIG_KASAN=y\n# CONFIG_KASAN is not set\n", "CONFIG_KASAN=y\n")).len(), 1);
    }

    #[test]
    fn only_what_is_gone_and_merely_tunes_may_be_lost() {
        let source = tempfile::tempdir().unwrap();
        let config = source.path().join(".config");
        std::fs::create_dir(source.path().join("lib")).unwrap();
        std::fs::write(
            source.path().join("lib/Kconfig.debug"),
            "config KASAN_OUTLINE\n\tbool \"x\"\nmenuconfig NET\n",
        )
        .unwrap();
        std::fs::write(&config, "CONFIG_NET=y\n").unwrap();
        let verify =
            |fragment: &str| verify(fragment, &config, source.path()).map_err(|error| error.to_string());
        assert_eq!(verify("CONFIG_NET=y\nCONFIG_READABLE_ASM=y\n").unwrap(), ["CONFIG_READABLE_ASM"]);
        let refused =
            verify("CONFIG_READABLE_ASM=y\nCONFIG_KASAN_OUTLINE=y\nCONFIG_NETDEVSIM=m\n").unwrap_err();
        assert!(refused.contains("CONFIG_KASAN_OUTLINE=y became n\n"), "it is defined: {refused}");
        assert!(refused.contains("CONFIG_NETDEVSIM=m became n, as no Kconfig there defines it"), "{refused}");
        assert!(!refused.contains("READABLE_ASM"), "{refused}");
    }

    #[test]
    fn all_that_merely_tunes_is_asked_for() {
        let all = text(Flavour::DelayedRelease);
        for name in TUNING {
            assert!(all.lines().filter_map(symbol).any(|(wanted, _)| wanted == *name), "{name}");
        }
    }

    #[test]
    fn every_configuration_asks_for_the_devices_and_the_debug_ones_for_their_checkers() {
        for config in [Flavour::Fast, Flavour::Debug, Flavour::DelayedRelease] {
            let text = text(config);
            let wants = |line: &str| text.lines().any(|known| known == line);
            assert!(wants("CONFIG_NETDEVSIM=m") && wants("CONFIG_UML_TIME_TRAVEL_SUPPORT=y"));
            assert_eq!(wants("CONFIG_PROVE_LOCKING=y"), config != Flavour::Fast);
            assert_eq!(wants("CONFIG_DEBUG_KOBJECT_RELEASE=y"), config == Flavour::DelayedRelease);
        }
    }
}
