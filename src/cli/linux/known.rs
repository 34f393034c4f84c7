//! Known findings: programs that show what a kernel does wrong, with what is known of it in the comments of each.
//!
//! A line `#: WORD TEXT` is a field: `key` (by which a hunt knows it again, several times if releases differ), `config`
//! (which kernels show it), `seen` and `gone` (releases), `verdict`, `since`, `fixed`, `reported`, `needs`, `rate`.

use crate::cli::load;
use anyhow::Context;
use std::path::{Path, PathBuf};
use unreg::program::Program;

/// Where they are in this repository.
pub(super) const FOLDER: &str = "findings/known";
/// What a line begins with that is a field.
const FIELD: &str = "#:";
/// Every field. Those that begin the list must be there.
const FIELDS: &[&str] =
    &["key", "config", "seen", "verdict", "gone", "since", "fixed", "reported", "needs", "rate"];
const NEEDED: usize = 4;

/// A finding that is known.
#[derive(Debug)]
pub(super) struct Known {
    /// Its file's name without the ending.
    pub(super) name: String,
    pub(super) program: Program,
    /// What it is, in a sentence.
    pub(super) title: String,
    fields: Vec<(String, String)>,
}

impl Known {
    fn read(path: &Path) -> anyhow::Result<Known> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let (title, fields) = fields(&text).map_err(|why| anyhow::anyhow!("{}:{why}", path.display()))?;
        Ok(Known { name, program: load::program(path)?, title, fields })
    }

    /// The texts of a field, in the order of the file.
    pub(super) fn all<'k>(&'k self, field: &'k str) -> impl Iterator<Item = &'k str> {
        self.fields.iter().filter(move |(name, _)| name == field).map(|(_, text)| text.as_str())
    }

    /// The text of a field that is there once; empty if it is not.
    pub(super) fn one(&self, field: &str) -> &str {
        self.fields.iter().find(|(name, _)| name == field).map_or("", |(_, text)| text.as_str())
    }

    /// Whether a fault with this key is this finding.
    pub(super) fn is(&self, key: &str) -> bool {
        self.all("key").any(|known| known == key)
    }

    /// Whether a field names a release, of which a kernel has this one.
    pub(super) fn names(&self, field: &str, release: &str) -> bool {
        let has = |known: &str| {
            let rest = release.strip_prefix(known);
            rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
        };
        self.all(field).flat_map(str::split_whitespace).any(has)
    }
}

/// The sentence and the fields of a text, or the line that is wrong and why.
fn fields(text: &str) -> Result<(String, Vec<(String, String)>), String> {
    let mut fields = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let Some(rest) = line.strip_prefix(FIELD) else { continue };
        let (name, text) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
        if !FIELDS.contains(&name) {
            let column = line.len() - line[FIELD.len()..].trim_start().len() + 1;
            let accepted = FIELDS.join(", ");
            return Err(format!("{}:{column}: `{name}` is no field; there are {accepted}", number + 1));
        }
        fields.push((name.to_string(), text.trim().to_string()));
    }
    let missing = FIELDS[..NEEDED].iter().find(|needed| fields.iter().all(|(name, _)| name != *needed));
    if let Some(missing) = missing {
        return Err(format!("1:1: a known finding says its `{missing}`: `#: {missing} …`"));
    }
    let title = text.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default();
    Ok((title.to_string(), fields))
}

/// All known findings of a folder, by name; none if there is no such folder.
pub(super) fn all(folder: &Path) -> anyhow::Result<Vec<Known>> {
    let mut paths: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", folder.display())),
    };
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "prog"));
    paths.sort();
    paths.iter().map(|path| Known::read(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# A task waits.\n#: key deadlock in a and b\n#: key hang: x\n#: config debug\n#: seen 6.12 7.3.4\n\
        #: verdict kernel bug\ntask user\n  devlink.get netdevsim/0\n";

    #[test]
    fn a_known_finding_says_what_it_is_known_by() {
        let (title, fields) = fields(TEXT).expect("it is one");
        assert_eq!(title, "A task waits.");
        let program = Program::parse(TEXT, "test").unwrap_or_else(|_| panic!("it is one"));
        let known = Known { name: "x".to_string(), program, title, fields };
        assert!(known.is("hang: x") && known.is("deadlock in a and b") && !known.is("hang"));
        assert!(
            known.names("seen", "6.12.117") && known.names("seen", "7.3.4") && !known.names("seen", "7.3.40")
        );
        assert!(!known.names("seen", "6.1.192") && !known.names("gone", "6.12.117"));
        assert_eq!((known.one("verdict"), known.one("since")), ("kernel bug", ""));
    }

    #[test]
    fn what_is_misspelt_or_missing_is_an_error_with_its_place() {
        let misspelt = fields(&TEXT.replace("#: config", "#:  confg")).unwrap_err();
        assert!(misspelt.starts_with("4:5: `confg` is no field"), "{misspelt}");
        let missing = fields(&TEXT.replace("#: seen 6.12 7.3.4\n", "")).unwrap_err();
        assert!(missing.contains("says its `seen`"), "{missing}");
    }
}
