//! The flawed variants, as `unreg list variants --as json` has them.

use anyhow::{Context, ensure};
use serde::Deserialize;
use std::path::Path;
use std::process::Command;

/// A variant that breaks something.
#[derive(Debug)]
pub(crate) struct Flaw {
    /// `SUBSYSTEM=NAME`.
    pub(crate) variant: String,
    /// The invariants that it breaks by itself.
    pub(crate) breaks: Vec<String>,
}

impl Flaw {
    /// The target that finds it: that of its subsystem.
    pub(crate) fn target(&self) -> &str {
        self.variant.split_once('=').map_or("mixed", |(subsystem, _)| subsystem)
    }
}

#[derive(Deserialize)]
struct Row {
    name: String,
    breaks_at_least: String,
}

/// Every variant that breaks something, in the order of the list.
pub(crate) fn flaws(unreg: &Path) -> anyhow::Result<Vec<Flaw>> {
    let output = Command::new(unreg).args(["list", "variants", "--as", "json"]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    parse(&output.stdout)
}

fn parse(json: &[u8]) -> anyhow::Result<Vec<Flaw>> {
    let rows: Vec<Row> = serde_json::from_slice(json).context("the list of variants")?;
    let flaws = rows.into_iter().filter(|row| row.name.contains('=')).map(|row| Flaw {
        variant: row.name,
        // What it breaks together with another variant is that one's row.
        breaks: (row.breaks_at_least.split(',').map(str::trim))
            .filter(|name| !name.is_empty() && *name != "nothing" && !name.starts_with("with "))
            .map(str::to_owned)
            .collect(),
    });
    Ok(flaws.filter(|flaw| !flaw.breaks.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_breaks_nothing_and_what_others_break_is_left_out() {
        let json =
            br#"[{"name": "ib=a", "breaks_at_least": "lock-order, no-deadlock, with ib=b", "number": 1},
            {"name": "mdev=b", "breaks_at_least": "nothing"}, {"name": "kasan", "breaks_at_least": ""}]"#;
        let flaws = super::parse(json).unwrap();
        assert_eq!(flaws.len(), 1);
        assert_eq!(
            (flaws[0].target(), &flaws[0].breaks[..]),
            ("ib", &["lock-order".into(), "no-deadlock".into()][..])
        );
        assert!(super::parse(b"| a | table |").is_err());
    }
}
