//! Variants: decisions that a mail proposed or a kernel had, each a change to the settled decisions of a subsystem.
//!
//! A subsystem keeps its decisions in one `Decisions` value whose default is what was settled. A variant changes
//! one of them; a program may name several.

use crate::mail::Cite;

/// One decision that differs from the settled ones.
#[derive(Debug)]
pub struct Variant<R: 'static> {
    /// Its frozen number, below 128: a bit in a program's set and a byte in a record.
    pub id: u8,
    /// How programs and the command line spell it.
    pub name: &'static str,
    /// What it does, in a line.
    pub says: &'static str,
    /// The mails that propose it, or argue against it.
    pub cites: &'static [Cite],
    /// The invariants that it breaks at least: those that a search demonstrably finds. It may break more, because the
    /// list claims nothing of the others. Empty for an option that must not break any.
    pub breaks: &'static [&'static str],
    /// Other variants that must be on for it to break anything: a bare name is one of the same subsystem,
    /// `subsystem=name` (`config=delayed-release`) one of another.
    pub with: &'static [&'static str],
    /// The change.
    pub apply: fn(&mut R),
}

/// A variant without its decisions: what lists, parsers and searches need.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the fields of `Variant`")]
pub struct VariantSpec {
    pub id: u8,
    pub name: &'static str,
    pub says: &'static str,
    pub cites: &'static [Cite],
    pub breaks: &'static [&'static str],
    pub with: &'static [&'static str],
}

impl<R> Variant<R> {
    /// This variant as data.
    pub const fn spec(&self) -> VariantSpec {
        VariantSpec {
            id: self.id,
            name: self.name,
            says: self.says,
            cites: self.cites,
            breaks: self.breaks,
            with: self.with,
        }
    }
}

/// Variants of a subsystem that change decisions about one thing.
#[derive(Debug)]
pub struct Theme<R: 'static> {
    /// What the decisions are about, as a heading.
    pub title: &'static str,
    /// The same in a sentence.
    pub about: &'static str,
    /// The variants, in the order in which they are listed.
    pub variants: &'static [Variant<R>],
}

/// A theme without its decisions: what lists and docs need.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the fields of `Theme`")]
pub struct ThemeSpec {
    pub title: &'static str,
    pub about: &'static str,
    pub variants: Vec<VariantSpec>,
}

/// The themes of a subsystem as data, in their order.
pub fn specs<R>(themes: &[Theme<R>]) -> Vec<ThemeSpec> {
    let spec = |theme: &Theme<R>| ThemeSpec {
        title: theme.title,
        about: theme.about,
        variants: theme.variants.iter().map(Variant::spec).collect(),
    };
    themes.iter().map(spec).collect()
}

/// The settled decisions with the variants of a set (a bit each) applied.
pub fn decisions<R: Default>(themes: &[Theme<R>], set: u128) -> R {
    let mut decisions = R::default();
    let variants = themes.iter().flat_map(|theme| theme.variants);
    for variant in variants.filter(|variant| set & (1 << variant.id) != 0) {
        (variant.apply)(&mut decisions);
    }
    decisions
}
