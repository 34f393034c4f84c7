//! Which variants a program runs under, for every subsystem.

use crate::operand::Operand;
use crate::variant::{ThemeSpec, VariantSpec, specs};
use crate::{devlink, ib, mdev, operands};

operands! {
    /// What has decisions: a subsystem, or the kernel's configuration.
    "a subsystem" (4 bits) enum Subsystem { Devlink = "devlink", Mdev = "mdev", Ib = "ib", Kconfig = "config", }
}

/// An option of the kernel that no invariant may break under.
const CONFIG: &[VariantSpec] = &[VariantSpec {
    id: 0x00,
    name: "delayed-release",
    says: "kobjects are released later, from a workqueue (CONFIG_DEBUG_KOBJECT_RELEASE)",
    cites: &[crate::mail::Cite {
        mail: &crate::mail::UEVENTS,
        who: "Kirti Wankhede",
        claim: "with this option the memory goes away some time after the last put",
    }],
    breaks: &[],
    with: &[],
}];

impl Subsystem {
    /// The variants of this subsystem by theme, as data.
    pub fn themes(self) -> Vec<ThemeSpec> {
        match self {
            Subsystem::Devlink => specs(devlink::variant::THEMES),
            Subsystem::Mdev => specs(mdev::variant::THEMES),
            Subsystem::Ib => specs(ib::variant::THEMES),
            Subsystem::Kconfig => vec![ThemeSpec {
                title: "kernel configuration",
                about: "Options of the kernel under which every invariant must be kept.",
                variants: CONFIG.to_vec(),
            }],
        }
    }

    /// The variants of this subsystem, as data.
    pub fn variants(self) -> Vec<VariantSpec> {
        self.themes().into_iter().flat_map(|theme| theme.variants).collect()
    }

    /// The variant with this name.
    pub fn variant(self, name: &str) -> Option<VariantSpec> {
        self.variants().into_iter().find(|variant| variant.name == name)
    }
}

/// A word that should name variants and does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown<'t> {
    /// No subsystem has this name.
    Subsystem(&'t str),
    /// The subsystem, or none of all if the text says no subsystem, has no variant of this name.
    Variant(Option<Subsystem>, &'t str),
}

/// A set of variants: a bit for each variant's number, by subsystem. The empty set is what was settled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Variants([u128; Subsystem::COUNT]);

impl Variants {
    /// The bits of one subsystem.
    pub fn of(self, subsystem: Subsystem) -> u128 {
        self.0[subsystem.index()]
    }

    /// Adds a variant by its number, which is below 128.
    pub fn insert(&mut self, subsystem: Subsystem, id: u8) {
        self.0[subsystem.index()] |= 1 << id;
    }

    /// A variant with those that it needs to break anything ([`VariantSpec::with`]).
    pub fn to_break(subsystem: Subsystem, variant: &VariantSpec) -> Variants {
        let mut set = Variants::default();
        set.insert(subsystem, variant.id);
        for needed in variant.with {
            let (other, name) = needed.split_once('=').unwrap_or((subsystem.word(), needed));
            let other = Subsystem::named(other);
            let found = other.and_then(|other| Some((other, other.variant(name)?)));
            let (other, needed) = found.unwrap_or_else(|| panic!("{needed} is no variant"));
            set.insert(other, needed.id);
        }
        set
    }

    /// Returns the set that a text names: `SUBSYSTEM=NAME` with more names after a `+` each; `NAME` for that variant of
    /// every subsystem that has one, as a kernel's release has one for each that it differs in; `settled` for the empty set.
    ///
    /// # Errors
    ///
    /// The first word that names nothing.
    pub fn parse(text: &str) -> Result<Variants, Unknown<'_>> {
        let mut set = Variants::default();
        if text == "settled" {
            return Ok(set);
        }
        let Some((of, names)) = text.split_once('=') else {
            for of in Subsystem::ALL {
                if let Some(variant) = of.variant(text) {
                    set.insert(*of, variant.id);
                }
            }
            return if set == Variants::default() { Err(Unknown::Variant(None, text)) } else { Ok(set) };
        };
        let of = Subsystem::named(of).ok_or(Unknown::Subsystem(of))?;
        for name in names.split('+') {
            set.insert(of, of.variant(name).ok_or(Unknown::Variant(Some(of), name))?.id);
        }
        Ok(set)
    }

    /// This set with what its variants need beside them to break anything ([`VariantSpec::with`]).
    pub fn with_companions(self) -> Variants {
        self.iter().fold(self, |all, (subsystem, variant)| all.union(Variants::to_break(subsystem, &variant)))
    }

    /// This set and another.
    pub fn union(mut self, other: Variants) -> Variants {
        self.0.iter_mut().zip(other.0).for_each(|(bits, more)| *bits |= more);
        self
    }

    /// This set without those of another.
    pub fn without(mut self, other: Variants) -> Variants {
        self.0.iter_mut().zip(other.0).for_each(|(bits, gone)| *bits &= !gone);
        self
    }

    /// This set without the decisions of the subsystems: only options of the kernel, which break nothing.
    pub fn settled(self) -> Variants {
        let mut settled = Variants::default();
        settled.0[Subsystem::Kconfig.index()] = self.of(Subsystem::Kconfig);
        settled
    }

    /// The variants in the set, in the order of subsystems and numbers.
    pub fn iter(self) -> impl Iterator<Item = (Subsystem, VariantSpec)> {
        Subsystem::ALL.iter().flat_map(move |subsystem| {
            let chosen = move |variant: &VariantSpec| self.of(*subsystem) & (1 << variant.id) != 0;
            subsystem.variants().into_iter().filter(chosen).map(|variant| (*subsystem, variant))
        })
    }
}

impl std::fmt::Display for Variants {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut any = false;
        for (subsystem, variant) in self.iter() {
            write!(f, "{}{subsystem}={}", if any { " " } else { "" }, variant.name)?;
            any = true;
        }
        if any { Ok(()) } else { f.write_str("settled") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_names_variants_of_one_subsystem_or_of_each_that_has_one() {
        let named = |text| Variants::parse(text).expect("it names variants");
        assert_eq!(named("settled"), Variants::default());
        assert_eq!(named("ib=device-mutex").to_string(), "ib=device-mutex");
        assert_eq!(named("ib=device-mutex+linux-6.12").iter().count(), 2);
        assert_eq!(named("linux-6.12").to_string(), "devlink=linux-6.12 mdev=linux-6.12 ib=linux-6.12");
        assert_eq!(named("delayed-release").to_string(), "config=delayed-release");
    }

    #[test]
    fn a_word_that_names_nothing_is_given_back() {
        assert_eq!(Variants::parse("bananas"), Err(Unknown::Variant(None, "bananas")));
        assert_eq!(Variants::parse("usb=x"), Err(Unknown::Subsystem("usb")));
        let unknown = Err(Unknown::Variant(Some(Subsystem::Ib), "x"));
        assert_eq!(Variants::parse("ib=device-mutex+x"), unknown);
    }

    #[test]
    fn without_decisions_the_options_of_the_kernel_are_left() {
        let both =
            ["ib=device-mutex", "delayed-release"].map(|text| Variants::parse(text).expect("it is one"));
        assert_eq!(both[0].union(both[1]).settled(), both[1]);
        assert_eq!(both[0].union(both[1]).without(both[1]), both[0]);
    }

    #[test]
    fn each_number_is_a_bit_of_its_own() {
        let one = |id| {
            let mut set = Variants::default();
            set.insert(Subsystem::Devlink, id);
            set
        };
        let all: std::collections::BTreeSet<_> = (0..128).map(one).collect();
        assert_eq!(all.len(), 128);
        let (first, high) = (one(0), one(64));
        assert_eq!(first.union(high).without(first), high);
        assert_eq!(high.of(Subsystem::Devlink).trailing_zeros(), 64);
        assert_eq!(high.of(Subsystem::Mdev), 0);
    }
}
