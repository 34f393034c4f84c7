//! Every claim of the mails has a program of the corpus, which breaks exactly what the claim's row says, under the variants
//! that it names.

mod walk;

use std::collections::{BTreeMap, BTreeSet};
use unreg::invariant::judge;
use unreg::mail;
use unreg::mail::claims::{CLAIMS, Claim};
use unreg::program::{Program, Variants};
use unreg::run::Machine;

/// Whom each mail quotes or is written by: each of them has claims.
const VOICES: [(&str, &[&str]); 5] = [
    ("register", &["Leon Romanovsky", "Jakub Kicinski"]),
    ("reload-lock", &["Jason Gunthorpe", "Jakub Kicinski"]),
    ("traps", &["Leon Romanovsky", "Ido Schimmel"]),
    ("uevents", &["Kirti Wankhede", "Alex Williamson", "Parav Pandit"]),
    ("kref", &["Matan Barak", "Jason Gunthorpe"]),
];

/// The programs of the corpus, by their paths below it.
fn programs() -> BTreeMap<String, Program> {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let named = walk::corpus().into_iter().map(|(path, text)| {
        let program = Program::parse(&text, &path.to_string_lossy()).unwrap_or_else(|e| panic!("{e}"));
        let name = path.strip_prefix(&corpus).expect("below the corpus").with_extension("");
        (name.to_string_lossy().into_owned(), program)
    });
    named.collect()
}

/// The variants that a row names, of which the program must be one.
fn variants(claim: &Claim, program: &Program) -> Variants {
    if claim.under == "settled" {
        return program.variants.settled();
    }
    // A row names all of them, also those that a command line would add by itself.
    let lines = claim.under.split(' ').map(|named| format!("variant {}\n", named.replace(['=', '+'], " ")));
    let text = lines.collect::<String>() + "\ntask user\n  devlink.dump\n";
    let variants = Program::parse(&text, claim.says).unwrap_or_else(|errors| panic!("{errors}")).variants;
    assert_eq!(variants, program.variants, "{}: {} has other variants", claim.says, claim.program);
    variants
}

#[test]
fn every_program_shows_its_verdict() {
    let (programs, mut machine) = (programs(), Machine::default());
    for claim in CLAIMS.iter().copied().flatten() {
        let program = programs.get(claim.program);
        let program = program.unwrap_or_else(|| panic!("{}: no program {}", claim.says, claim.program));
        let program = Program { variants: variants(claim, program), ..program.clone() };
        let broken = judge(machine.run(&program));
        let broken: Vec<_> = broken.iter().map(|violation| violation.invariant.name).collect();
        let wanted: BTreeSet<_> = claim.breaks.iter().copied().collect();
        let shown: BTreeSet<_> = broken.into_iter().collect();
        assert_eq!(shown, wanted, "{}: {} under {}", claim.says, claim.program, claim.under);
    }
}

#[test]
fn every_voice_of_every_mail_is_there() {
    assert_eq!(CLAIMS.len(), mail::ALL.len());
    for ((claims, mail), (key, voices)) in CLAIMS.iter().zip(mail::ALL).zip(VOICES) {
        assert_eq!(mail.key, key);
        assert!(claims.iter().all(|claim| claim.mail.key == key), "{key} has a claim of another mail");
        let who: BTreeSet<_> = claims.iter().map(|claim| claim.who).collect();
        assert_eq!(who, voices.iter().copied().collect(), "{key}");
        let says: BTreeSet<_> = claims.iter().map(|claim| claim.says).collect();
        assert_eq!(says.len(), claims.len(), "{key} claims something twice");
    }
    let all: usize = CLAIMS.iter().map(|claims| claims.len()).sum();
    assert!(all >= 75, "{all} claims");
}
