//! What a kernel must be configured with: fragments over the smallest configuration there is.

use super::Config;
use super::make::Make;
use anyhow::Context;
use std::path::Path;

const BASE: &str = include_str!("config/base.config");
const FAST: &str = include_str!("config/fast.config");
const DEBUG: &str = include_str!("config/debug.config");
const DELAYED_RELEASE: &str = include_str!("config/delayed-release.config");

/// What a kernel is better with, and what not every source can give: user-mode Linux 6.1 is not preemptible as that of
/// 6.12 is, and only where it is somebody counts what is atomic.
const OPTIONAL: &[&str] = &["CONFIG_PREEMPT", "CONFIG_DEBUG_ATOMIC_SLEEP"];

/// Every wanted symbol, later lines winning.
pub(super) fn text(config: Config) -> String {
    match config {
        Config::Fast => [BASE, FAST].concat(),
        Config::Debug => [BASE, DEBUG].concat(),
        Config::DelayedRelease => [BASE, DEBUG, DELAYED_RELEASE].concat(),
    }
}

/// Lays the fragment over the configuration of the tree.
pub(super) fn merge(make: &Make, config: Config, fragment: &Path) -> anyhow::Result<()> {
    std::fs::write(fragment, text(config)).with_context(|| format!("cannot write {}", fragment.display()))?;
    make.script(
        "scripts/kconfig/merge_config.sh",
        &["-m", "-O", &make.objects(), &make.object_name(".config")],
        fragment,
    )
}

/// Checks that every wanted symbol is in a `.config` unless it is optional, and names those that are not.
pub(super) fn verify(fragment: &str, config: &Path) -> anyhow::Result<()> {
    let text =
        std::fs::read_to_string(config).with_context(|| format!("cannot read {}", config.display()))?;
    let lost = lost(fragment, &text);
    anyhow::ensure!(
        lost.is_empty(),
        "this source cannot be configured as wanted; lost on the way:\n{}\na symbol that has another name there, or \
         depends on something new, must be said in the fragments (src/cli/linux/build/config)",
        lost.join("\n")
    );
    Ok(())
}

/// A line for every symbol that is not as wanted: what was wanted, and what became of it.
fn lost(fragment: &str, config: &str) -> Vec<String> {
    let wanted: Vec<(&str, &str)> = fragment.lines().filter_map(symbol).collect();
    let found: Vec<(&str, &str)> = config.lines().filter_map(symbol).collect();
    let last = |symbols: &[(&'_ str, &'_ str)], name: &str| {
        symbols
            .iter()
            .rev()
            .find(|(known, _)| *known == name)
            .map_or("n".to_string(), |(_, value)| (*value).to_string())
    };
    let mut lost = Vec::new();
    for (at, (name, _)) in wanted.iter().enumerate() {
        let is_last = wanted[at + 1..].iter().all(|(later, _)| later != name);
        let (wish, fact) = (last(&wanted, name), last(&found, name));
        if is_last && wish != fact && !OPTIONAL.contains(name) {
            lost.push(format!("  {name}={wish} became {fact}"));
        }
    }
    lost
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

    #[test]
    fn what_survives_is_not_lost_and_what_does_not_is_named() {
        let fragment =
            "CONFIG_NET=y\nCONFIG_NETDEVSIM=m\n# CONFIG_SLUB_TINY is not set\n# a comment\nCONFIG_VFIO=m\n";
        assert_eq!(lost(fragment, "CONFIG_NET=y\nCONFIG_NETDEVSIM=m\nCONFIG_VFIO=m\n"), Vec::<String>::new());
        let config = "CONFIG_NET=y\nCONFIG_NETDEVSIM=y\nCONFIG_SLUB_TINY=y\n# CONFIG_VFIO is not set\n";
        assert_eq!(
            lost(fragment, config),
            ["  CONFIG_NETDEVSIM=m became y", "  CONFIG_SLUB_TINY=n became y", "  CONFIG_VFIO=m became n"]
        );
    }

    #[test]
    fn what_is_optional_may_be_missing() {
        assert_eq!(lost("CONFIG_PREEMPT=y\nCONFIG_NET=y\n", "CONFIG_NET=y\n"), Vec::<String>::new());
    }

    #[test]
    fn the_last_wish_counts() {
        assert_eq!(lost("CONFIG_KASAN=n\nCONFIG_KASAN=y\n", "CONFIG_KASAN=y\n"), Vec::<String>::new());
    }

    #[test]
    fn every_configuration_asks_for_the_devices_and_the_debug_ones_for_their_checkers() {
        for config in [Config::Fast, Config::Debug, Config::DelayedRelease] {
            let text = text(config);
            let wants = |line: &str| text.lines().any(|known| known == line);
            assert!(wants("CONFIG_NETDEVSIM=m") && wants("CONFIG_UML_TIME_TRAVEL_SUPPORT=y"));
            assert_eq!(wants("CONFIG_PROVE_LOCKING=y"), config != Config::Fast);
            assert_eq!(wants("CONFIG_DEBUG_KOBJECT_RELEASE=y"), config == Config::DelayedRelease);
        }
    }
}
