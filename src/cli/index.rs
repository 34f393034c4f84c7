//! `unreg report --findings DIR`: the index page of a campaign.

use super::load;
use anyhow::Context;
use serde_json::Value;
use std::path::{Path, PathBuf};
use unreg::report::campaign::{Campaign, Entry, Sample, html};

/// The page of what is in these folders and in the log of a hunt, with whether there is no finding.
pub(super) fn page(
    findings: &Path,
    corpus: Option<&Path>,
    log: Option<&Path>,
) -> anyhow::Result<(String, bool)> {
    let campaign = Campaign {
        findings: programs(findings)?,
        corpus: corpus.map(programs).transpose()?.unwrap_or_default(),
        samples: log.map(samples).transpose()?.unwrap_or_default(),
    };
    Ok((html(&campaign, &findings.display().to_string()), campaign.findings.is_empty()))
}

/// The programs of a folder: texts and records.
fn programs(folder: &Path) -> anyhow::Result<Vec<Entry>> {
    let files: Vec<PathBuf> = super::store::files(folder)?;
    let named = |path: &PathBuf| {
        let program = load::bytes(path).and_then(|bytes| load::input(&bytes, path))?;
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Entry { file, program })
    };
    files.iter().map(named).collect()
}

/// The figures of a hunt over time, from what `unreg hunt --json` printed.
fn samples(log: &Path) -> anyhow::Result<Vec<Sample>> {
    let text = std::fs::read_to_string(log).with_context(|| format!("cannot read {}", log.display()))?;
    let mut samples = Vec::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let place = || format!("{}, line {number}", log.display());
        let object: Value = serde_json::from_str(line).with_context(|| format!("{}: no JSON", place()))?;
        if !matches!(object["kind"].as_str(), Some("progress" | "end")) {
            continue;
        }
        let count = |key: &str| {
            object[key].as_u64().with_context(|| format!("{}: it has no count called {key}", place()))
        };
        samples.push(Sample {
            seconds: object["seconds"].as_f64().with_context(|| format!("{}: it has no time", place()))?,
            runs: count("runs")?,
            states: count("states")?,
            corpus: count("corpus")?,
            findings: count("findings")?,
        });
    }
    anyhow::ensure!(!samples.is_empty(), "{} has no figures of a hunt", log.display());
    Ok(samples)
}
