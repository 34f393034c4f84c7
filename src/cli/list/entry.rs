//! What can be listed: a name, what it is, and facts about it, in sections.

use unreg::event::{Point, TaskName};
use unreg::invariant;
use unreg::mail::claims::{CLAIMS, Claim};
use unreg::mail::{self, Cite};
use unreg::operand::{CommandSpec, Operand, OperandSpec};
use unreg::program::{Command, Subsystem};
use unreg::search::generate::Alphabet;
use unreg::variant::VariantSpec;

/// Entries that belong together.
pub(super) struct Section {
    pub(super) title: String,
    /// A sentence, or nothing.
    pub(super) about: String,
    pub(super) entries: Vec<Entry>,
}

/// Something that programs or options can name.
pub(super) struct Entry {
    /// What it is: the heading of its column.
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// What it is or does, in a sentence.
    pub(super) says: String,
    /// The number by which records know it.
    pub(super) number: Option<u16>,
    /// Further columns.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) subsystems: Vec<Subsystem>,
}

impl Entry {
    /// Whether a word is in the name or in anything that is said of the entry, in any case.
    pub(super) fn has(&self, word: &str) -> bool {
        let word = word.to_lowercase();
        let facts = self.facts.iter().map(|(_, fact)| fact);
        [&self.name, &self.says].into_iter().chain(facts).any(|text| text.to_lowercase().contains(&word))
    }
}

pub(super) fn variants() -> Vec<Section> {
    let themes = Subsystem::ALL.iter().flat_map(|subsystem| {
        subsystem.themes().into_iter().map(move |theme| Section {
            title: theme.title.into(),
            about: theme.about.into(),
            entries: theme.variants.iter().map(|spec| variant(*subsystem, spec)).collect(),
        })
    });
    themes.collect()
}

fn variant(subsystem: Subsystem, variant: &VariantSpec) -> Entry {
    let breaks = match variant.breaks {
        [] => "nothing".to_string(),
        breaks => breaks.join(", "),
    };
    let with = variant.with.iter().map(|with| format!(", with {with}"));
    Entry {
        kind: "variant",
        name: format!("{subsystem}={}", variant.name),
        says: variant.says.into(),
        number: Some(variant.id.into()),
        facts: vec![("breaks at least", breaks + &with.collect::<String>()), ("mail", cited(variant.cites))],
        subsystems: vec![subsystem],
    }
}

pub(super) fn invariants() -> Vec<Section> {
    let themes = invariant::THEMES.iter().map(|(title, about, invariants)| Section {
        title: (*title).into(),
        about: (*about).into(),
        entries: invariants.iter().copied().map(invariant).collect(),
    });
    themes.collect()
}

fn invariant(invariant: &invariant::Invariant) -> Entry {
    let breaks = |subsystem: &&Subsystem| {
        subsystem.variants().iter().any(|variant| variant.breaks.contains(&invariant.name))
    };
    Entry {
        kind: "invariant",
        name: invariant.name.into(),
        says: invariant.says.into(),
        number: Some(invariant.id.into()),
        facts: vec![("mail", cited(invariant.cites))],
        subsystems: Subsystem::ALL.iter().filter(breaks).copied().collect(),
    }
}

pub(super) fn commands() -> Vec<Section> {
    let alphabets: Vec<_> =
        Subsystem::ALL.iter().map(|subsystem| (*subsystem, Alphabet::new(&[*subsystem]))).collect();
    let tables = Command::TABLES.iter().map(|(about, specs)| Section {
        title: specs.first().map_or(String::new(), |spec| format!("commands like {}", spec.name)),
        about: about.trim().into(),
        entries: specs.iter().map(|spec| command(spec, &alphabets)).collect(),
    });
    tables.collect()
}

fn command(spec: &'static CommandSpec, alphabets: &[(Subsystem, Alphabet)]) -> Entry {
    let operand = |spec: &OperandSpec| {
        let words = spec.words.join("|");
        if spec.optional { format!("[{words}]") } else { words }
    };
    let operands: Vec<String> = spec.operands.iter().map(operand).collect();
    let uses = |(_, alphabet): &&(Subsystem, Alphabet)| {
        alphabet.all().iter().any(|known| known.opcode == spec.opcode)
    };
    Entry {
        kind: "command",
        name: spec.name.into(),
        says: spec.doc.trim().into(),
        number: Some(spec.opcode.into()),
        facts: vec![("operands", operands.join(" "))],
        subsystems: alphabets.iter().filter(uses).map(|(subsystem, _)| *subsystem).collect(),
    }
}

pub(super) fn points() -> Vec<Section> {
    let entry = |point: &Point| Entry {
        kind: "point",
        name: point.name().into(),
        says: String::new(),
        number: Some(*point as u16),
        facts: Vec::new(),
        subsystems: Vec::new(),
    };
    vec![Section {
        title: "Points".into(),
        about: "The places where another task may run, by the kernel's function.".into(),
        entries: Point::ALL.iter().map(entry).collect(),
    }]
}

pub(super) fn tasks() -> Vec<Section> {
    let whose = |name: &TaskName| match name {
        TaskName::Kernel => "no task: what is found when every task is at rest",
        name if name.is_worker() => "a worker of the kernel: may be scheduled, has no commands",
        _ => "a program may have it",
    };
    let entry = |name: &TaskName| Entry {
        kind: "task",
        name: name.word().into(),
        says: whose(name).into(),
        number: Some(name.to_byte().into()),
        facts: Vec::new(),
        subsystems: Vec::new(),
    };
    vec![Section {
        title: "Tasks".into(),
        about: "The names of tasks.".into(),
        entries: TaskName::ALL.iter().map(entry).collect(),
    }]
}

pub(super) fn mails() -> Vec<Section> {
    let entry = |mail: &&mail::Mail| Entry {
        kind: "mail",
        name: mail.key.into(),
        says: mail.subject.into(),
        number: None,
        facts: vec![("author", mail.author.into()), ("date", mail.date.into())],
        subsystems: Vec::new(),
    };
    vec![Section {
        title: "Mails".into(),
        about: "The mails that are cited.".into(),
        entries: mail::ALL.iter().map(entry).collect(),
    }]
}

pub(super) fn claims() -> Vec<Section> {
    let entry = |claim: &Claim| {
        let (folder, _) = claim.program.split_once('/').unwrap_or_default();
        let breaks = if claim.breaks.is_empty() { "nothing".into() } else { claim.breaks.join(", ") };
        Entry {
            kind: "program",
            name: claim.program.into(),
            says: claim.says.into(),
            number: None,
            facts: vec![
                ("who", claim.who.into()),
                ("verdict", claim.verdict.word().into()),
                ("under", claim.under.into()),
                ("breaks", breaks),
            ],
            subsystems: Subsystem::named(folder).into_iter().collect(),
        }
    };
    let section = |claims: &&[Claim]| {
        let mail = claims[0].mail;
        Section {
            title: mail.key.into(),
            about: format!("{}, {}: {}", mail.author, mail.date, mail.subject),
            entries: claims.iter().map(entry).collect(),
        }
    };
    CLAIMS.iter().map(section).collect()
}

/// The mails and who of their writers is cited, each once.
fn cited(cites: &[Cite]) -> String {
    let mut cited: Vec<String> =
        cites.iter().map(|cite| format!("{}: {}", cite.mail.key, cite.who)).collect();
    cited.dedup();
    cited.join(", ")
}
