//! Lines of `devlink monitor`: `[WORD,COMMAND] HANDLE[/NAME]: ATTRIBUTES`, with more attributes below.

use super::Said;
use crate::event::Notice;

/// The first attributes that name a part, of those whose handle does not.
const NAMES: [&str; 6] = ["name", "policer", "lc", "reporter", "sb", "pool"];

/// Reads a message from its first line and those below it.
pub(super) fn read(line: &str, below: &[&str]) -> Option<Said> {
    let (brackets, rest) = line.strip_prefix('[')?.split_once("] ")?;
    let (word, command) = brackets.split_once(',')?;
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    if !is_word(word) || !is_word(command) {
        return None;
    }
    let mut words = rest.split_whitespace();
    let name = words.next()?.trim_end_matches(':');
    let below_words = below.iter().flat_map(|line| line.split_whitespace());
    let attributes: Vec<&str> = words.chain(below_words).collect();
    let text = |key: &str| {
        let at = attributes.iter().position(|word| *word == key)?;
        attributes.get(at + 1).map(|word| word.trim_end_matches(':').to_string())
    };
    let named = NAMES.iter().find_map(|key| text(key));
    let is_reloaded =
        word == "dev" && (text("reload_failed").as_deref() == Some("true") || has_reloaded(below));
    said(word, command, name, named.unwrap_or_default(), is_reloaded)
}

/// Puts a message together from its name, `BUS/DEVICE[/PART]`, and what its attributes name it by.
pub(super) fn said(word: &str, command: &str, name: &str, named: String, is_reloaded: bool) -> Option<Said> {
    let mut parts = name.splitn(3, '/');
    let (bus, device) = (parts.next()?, parts.next()?);
    let notice = match command {
        "new" => Some(Notice::New),
        "del" => Some(Notice::Del),
        _ => None,
    };
    let part = parts.next().map_or(named, ToString::to_string);
    Some(Said::Devlink {
        notice,
        word: word.to_string(),
        handle: format!("{bus}/{device}"),
        part,
        is_reloaded,
    })
}

/// Whether the statistics of an instance count a reload of its own.
fn has_reloaded(below: &[&str]) -> bool {
    let own = below.iter().map(|line| line.trim()).skip_while(|line| *line != "reload:").skip(1);
    let mut own = own.take_while(|line| *line != "remote_reload:");
    own.any(|line| line.split_whitespace().any(|word| word.parse::<u64>().is_ok_and(|count| count > 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_named_by_its_handle_and_a_trap_by_its_attributes() {
        let port = read("[port,new] pci/0000:08:00.0/65537: type eth netdev eth2", &[]).unwrap();
        let Said::Devlink { handle, part, notice, .. } = port else { panic!("{port:?}") };
        assert_eq!(
            (handle.as_str(), part.as_str(), notice),
            ("pci/0000:08:00.0", "65537", Some(Notice::New))
        );
        let trap = read("[trap,del] netdevsim/netdevsim0: name tail_drop type drop", &[]).unwrap();
        assert!(matches!(trap, Said::Devlink { part, .. } if part == "tail_drop"));
        let card = read("[linecard,new] pci/0000:01:00.0:", &["  lc 8 state provisioned"]).unwrap();
        assert!(matches!(card, Said::Devlink { part, .. } if part == "8"));
    }

    #[test]
    fn an_instance_that_was_reloaded_is_not_new() {
        let below = |count| {
            [
                "  stats:".to_string(),
                "      reload:".to_string(),
                "          driver_reinit:".to_string(),
                format!("            unspecified {count}"),
                "      remote_reload:".to_string(),
                "            unspecified 7".to_string(),
            ]
        };
        let is_reloaded = |below: &[String]| {
            let below: Vec<&str> = below.iter().map(String::as_str).collect();
            let said = read("[dev,new] netdevsim/netdevsim0:", &below).unwrap();
            matches!(said, Said::Devlink { is_reloaded: true, .. })
        };
        assert!(!is_reloaded(&below(0)));
        assert!(is_reloaded(&below(1)));
        assert!(is_reloaded(&["  reload_failed true".to_string()]));
    }

    #[test]
    fn unknown_words_are_kept() {
        let said = read("[selftest,new] pci/0000:08:00.0: name flash", &[]).unwrap();
        assert!(matches!(said, Said::Devlink { word, .. } if word == "selftest"));
        assert_eq!(read("[  12.5] devlink: noise", &[]), None);
    }
}
