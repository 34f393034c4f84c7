//! The mirrors of Debian that the machine's apt knows, and the suites of them that may have another kernel's source.

/// Releases of Debian, oldest first. A mirror without a suite of the later ones is asked in vain, which costs little.
const DEBIAN: &[&str] = &["buster", "bullseye", "bookworm", "trixie", "forky", "duke"];
/// Names of suites that stay while releases come and go.
const MOVING: &[&str] = &["oldoldstable", "oldstable", "stable", "testing", "unstable", "sid"];
/// The suite that gets a new kernel first.
const NEWEST: &str = "sid";

/// One entry of apt's list of sources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entry {
    uris: Vec<String>,
    suites: Vec<String>,
    components: Vec<String>,
    /// The field `Signed-By` as it is written: files, fingerprints, or lines of a key.
    signed_by: Option<String>,
}

impl Entry {
    /// Whether it is Debian's own archive, as far as an entry tells: another archive has other suites or components.
    fn is_debian(&self) -> bool {
        self.components.iter().any(|component| component == "main")
            && self.suites.iter().any(|suite| is_debian(suite))
    }

    /// Whether it has security updates alone, and none of the other suites.
    fn is_security(&self) -> bool {
        self.suites.iter().all(|suite| suite.ends_with("-security") || suite.ends_with("/updates"))
    }

    /// The suites to look for a kernel's source in: its own, and those with newer kernels.
    fn wanted(&self) -> Vec<String> {
        let mut wanted = self.suites.clone();
        if !self.is_security() {
            let own =
                self.suites.iter().filter_map(|suite| DEBIAN.iter().position(|name| *name == base(suite)));
            let oldest = own.min().unwrap_or(0);
            let backports = DEBIAN[oldest..].iter().map(|name| format!("{name}-backports"));
            let newer = backports.chain([NEWEST.to_string()]);
            wanted.extend(newer.filter(|suite| !self.suites.contains(suite)));
        }
        wanted
    }
}

/// A suite without what is appended to a release's name.
fn base(suite: &str) -> &str {
    suite.split(['-', '/']).next().unwrap_or_default()
}

fn is_debian(suite: &str) -> bool {
    DEBIAN.contains(&base(suite)) || MOVING.contains(&base(suite))
}

/// A list of sources for apt, in stanzas, that has the packages of every mirror of Debian among these entries; none if
/// there is no such mirror. What else an entry says is left out, above all that its packages need no signature.
pub(super) fn list(entries: &[Entry]) -> Option<String> {
    let mirrors: Vec<&Entry> = entries.iter().filter(|entry| entry.is_debian()).collect();
    let stanzas = mirrors.iter().map(|mirror| {
        let signed_by = mirror.signed_by.iter().map(|keys| format!("Signed-By: {keys}\n"));
        format!(
            "Types: deb\nURIs: {}\nSuites: {}\nComponents: main\nTargets: Packages\n{}",
            mirror.uris.join(" "),
            mirror.wanted().join(" "),
            signed_by.collect::<String>()
        )
    });
    (!mirrors.is_empty()).then(|| stanzas.collect::<Vec<_>>().join("\n"))
}

/// The entries of a file of one line each: `deb [signed-by=FILE] URI SUITE COMPONENT…`.
pub(super) fn lines(text: &str) -> Vec<Entry> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<Entry> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let rest = line.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t', '[']))?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace().map(str::to_string);
    let (uri, suite) = (words.next()?, words.next()?);
    let keys = options.split_whitespace().find_map(|option| option.strip_prefix("signed-by="));
    let signed_by = keys.map(|keys| keys.replace(',', " "));
    Some(Entry { uris: vec![uri], suites: vec![suite], components: words.collect(), signed_by })
}

/// The entries of a file of stanzas: `Types`, `URIs`, `Suites`, `Components`, `Signed-By`.
pub(super) fn stanzas(text: &str) -> Vec<Entry> {
    let text: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    text.split(|line| line.trim().is_empty()).filter_map(stanza).collect()
}

fn stanza(lines: &[&str]) -> Option<Entry> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in lines {
        if line.starts_with([' ', '\t']) {
            let (_, value) = fields.last_mut()?;
            value.push('\n');
            value.push_str(line);
        } else {
            let (name, value) = line.split_once(':')?;
            fields.push((name.trim().to_ascii_lowercase(), value.trim().to_string()));
        }
    }
    let field =
        |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let words = |wanted: &str| -> Vec<String> {
        field(wanted).unwrap_or_default().split_whitespace().map(str::to_string).collect()
    };
    let is_off =
        matches!(field("enabled").unwrap_or_default(), "no" | "false" | "0" | "off" | "without" | "disable");
    if is_off || !words("types").iter().any(|kind| kind == "deb") {
        return None;
    }
    let signed_by = field("signed-by").map(str::to_string);
    Some(Entry { uris: words("uris"), suites: words("suites"), components: words("components"), signed_by })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

    fn entry(uri: &str, suites: &[&str], components: &[&str], signed_by: Option<&str>) -> Entry {
        let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        let signed_by = signed_by.map(str::to_string);
        Entry { uris: vec![uri.into()], suites: owned(suites), components: owned(components), signed_by }
    }

    #[test]
    fn entries_of_one_line_are_read() {
        let text = "# deb http://no.example/debian bookworm main\n\
            deb http://a.example/debian bookworm main contrib # ours\n\
            deb-src http://a.example/debian bookworm main\n\
            \t deb [ arch=amd64 signed-by=/a.gpg,/b.gpg ] https://b.example/debian/ bookworm-updates main\n\
            deb http://flat.example/ ./\n\
            deb http://half.example\ndebris\n";
        assert_eq!(
            lines(text),
            [
                entry("http://a.example/debian", &["bookworm"], &["main", "contrib"], None),
                entry("https://b.example/debian/", &["bookworm-updates"], &["main"], Some("/a.gpg /b.gpg")),
                entry("http://flat.example/", &["./"], &[], None),
            ]
        );
    }

    #[test]
    fn entries_in_stanzas_are_read() {
        let text = format!(
            "Types: deb deb-src\n# a comment\nURIs: http://a.example/debian\nsuites: bookworm bookworm-updates\n\
             Components: main\nSigned-By: {KEYRING}\n\n\n\
             Enabled: no\nTypes: deb\nURIs: http://off.example/debian\nSuites: bookworm\nComponents: main\n\n\
             Types: deb-src\nURIs: http://source.example/debian\nSuites: bookworm\nComponents: main\n\n\
             Types: deb\nURIs: http://b.example/debian\nSuites:\n trixie\n sid\nComponents: main\nSigned-By:\n -----BEGIN-----\n .\n abc\n"
        );
        let key = "\n -----BEGIN-----\n .\n abc";
        assert_eq!(
            stanzas(&text),
            [
                entry("http://a.example/debian", &["bookworm", "bookworm-updates"], &["main"], Some(KEYRING)),
                entry("http://b.example/debian", &["trixie", "sid"], &["main"], Some(key)),
            ]
        );
    }

    #[test]
    fn a_mirror_of_debian_is_asked_for_its_suites_and_for_newer_ones() {
        let mirror =
            entry("http://a.example/debian", &["bookworm", "bookworm-updates"], &["main"], Some(KEYRING));
        let suites = "bookworm bookworm-updates bookworm-backports trixie-backports forky-backports duke-backports sid";
        assert_eq!(
            list(&[mirror]).unwrap(),
            format!(
                "Types: deb\nURIs: http://a.example/debian\nSuites: {suites}\nComponents: main\nTargets: Packages\n\
                 Signed-By: {KEYRING}\n"
            )
        );
        let newest = entry("http://a.example/debian", &["sid"], &["main"], None);
        assert!(list(&[newest]).unwrap().contains("Suites: sid buster-backports "));
        let updates = entry("http://a.example/debian-security", &["bookworm-security"], &["main"], None);
        assert!(list(&[updates]).unwrap().contains("Suites: bookworm-security\n"));
    }

    #[test]
    fn another_archive_is_left_alone() {
        let others = [
            entry("https://cloud.example/apt", &["cloud-sdk-bookworm"], &["main"], None),
            entry("https://containers.example/linux/debian", &["bookworm"], &["stable"], None),
            entry("https://flat.example", &["./"], &[], None),
        ];
        assert_eq!(list(&others), None);
    }

    #[test]
    fn what_an_entry_trusts_without_a_signature_is_checked_here() {
        let trusted = lines("deb [trusted=yes allow-insecure=yes] http://a.example/debian sid main\n");
        assert!(!list(&trusted).unwrap().to_lowercase().contains("trusted"));
        let trusted = stanzas(
            "Types: deb\nTrusted: yes\nURIs: http://a.example/debian\nSuites: sid\nComponents: main\n",
        );
        assert!(!list(&trusted).unwrap().contains("Trusted"));
    }
}
