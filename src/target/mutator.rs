//! The mutator that both engines share: bytes in, the bytes of a program near by out.
//!
//! It does to an engine's inputs what a hunt does to its programs: edits of tasks, commands, operands and segments,
//! pieces of another input, and now and then a random walk that writes the schedule. A share of the calls is left to the
//! engine, whose own mutator knows what the code compares its input with. Asked for less room than an input takes, it
//! drops commands and segments, so that a stock minimiser minimises programs.
//!
//! An engine's corpus holds far more programs of what has many states than of what has few, and chooses among all alike.
//! So the mutator keeps a few of those that it walks, those of each family of states by themselves, and now and then
//! changes one of these, or takes pieces of it, instead.
//!
//! An engine spends far more on an input than its run takes. Where the mutator is not instrumented it can look ahead: it
//! goes on with a hunt of its own, which takes the engine's inputs in, until that has something for the engine.

use super::Scope;
use crate::program::{Program, SEGMENTS_MAX, Variants, record};
use crate::run::Machine;
use crate::search::hunt::{Hunt, Options};
use crate::search::{Alphabet, Corpus, Novelty, cross, generate::generate, mutate, trim};
use fastrand::Rng;

/// One call in so many is left to the engine.
const ENGINE_ONE_IN: u8 = 8;
/// One call in so many makes a program up; a search that starts from nothing gets its first ones so.
const FRESH_ONE_IN: u8 = 16;
/// Of eight programs that are changed, so many get a schedule by a random walk.
const WALKS_OF_EIGHT: u8 = 3;
/// Of eight programs that are changed, so many are the mutator's own instead of the engine's.
const OWN_OF_EIGHT: u8 = 3;
/// Of the calls with two inputs, one in so many does nothing but put pieces of one into the other.
const PIECES_ONE_IN: u8 = 4;
/// The most programs that the mutator keeps of each family of states.
const OWN_MAX: usize = 64;
/// Of eight calls of a mutator that looks ahead, so many hunt.
const HUNTS_OF_EIGHT: u8 = 7;
/// The most programs that one of these runs. If it finds nothing for the engine, the call is answered as any other.
const AHEAD_MAX: u32 = 256;
/// The most commands of a program that is made, as in a hunt.
const COMMANDS_LEFT_MAX: usize = 16;

/// How a call was answered, to measure the mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Not at all: the engine is to use its own mutator.
    Engine,
    /// By a generated program, with a schedule that was walked.
    Fresh,
    /// By an edited program.
    Edited,
    /// By an edited program with a schedule that was walked.
    Walked,
    /// By a smaller program, as asked for.
    Shrunk,
    /// By what a hunt found: a new lasting state or a broken invariant.
    Ahead,
}

/// Changes inputs. What it does is a function of the input, the seed and the calls before it.
#[derive(Debug)]
pub struct Mutator {
    scope: Scope,
    variants: Variants,
    /// The hunt that looks ahead.
    ahead: Option<Hunt>,
    alphabet: Alphabet,
    machine: Machine,
    novelty: Novelty,
    corpus: Corpus,
}

impl Mutator {
    /// A mutator for a target of this scope, which runs under these decisions.
    pub fn new(scope: Scope, variants: Variants) -> Self {
        Mutator {
            scope,
            variants,
            ahead: None,
            alphabet: Alphabet::new(scope.subsystems()),
            machine: Machine::default(),
            novelty: Novelty::default(),
            corpus: Corpus::new(OWN_MAX),
        }
    }

    /// The same, but most calls go on with a hunt of this seed and hand over what reached a new lasting state, and ever
    /// fewer of ever more of these, or what broke one of these invariants; all count if none is named.
    ///
    /// Worth it where a run costs far less here than in the engine: where the mutator is not instrumented.
    pub fn looking_ahead(mut self, only: Vec<&'static str>, seed: u64) -> Self {
        let Mutator { variants, alphabet, .. } = &self;
        let (variants, alphabet) = (*variants, alphabet.clone());
        let vary_kconfig = variants == Variants::default();
        let options = Options { variants, alphabet, only, seed, vary_kconfig, stores: true };
        self.ahead = Some(Hunt::new(options));
        self
    }

    /// How many programs it has run to look ahead.
    pub fn runs(&self) -> u64 {
        self.ahead.as_ref().map_or(0, |hunt| hunt.stats().runs)
    }

    /// Changes an input into `out`, which then has at most `size_max` bytes; leaves `out` alone for [`Way::Engine`].
    pub fn mutate(&mut self, input: &[u8], size_max: usize, seed: u64, out: &mut Vec<u8>) -> Way {
        let mut random = Rng::with_seed(seed);
        let before = Program::from_bytes(input);
        if size_max < input.len() {
            let mut program = before;
            self.shrink(&mut program, &mut random);
            fit(&program, size_max, &mut random, out);
            return Way::Shrunk;
        }
        if let Some(found) = self.look_ahead(&before, &mut random) {
            fit(&found, size_max, &mut random, out);
            return Way::Ahead;
        }
        let fresh = before.commands() == 0 || random.u8(0..FRESH_ONE_IN) == 0;
        if !fresh && random.u8(0..ENGINE_ONE_IN) == 0 {
            return Way::Engine;
        }
        let (mut program, way) = if fresh {
            (generate(&mut random, &self.alphabet), Way::Fresh)
        } else {
            self.edit(&before, None, &mut random)
        };
        self.finish(&mut program, way, &mut random);
        fit(&program, size_max, &mut random, out);
        way
    }

    /// Changes an input with another one at hand, into `out`, which then has at most `size_max` bytes: mostly by edits,
    /// of which some take pieces of the other, else by nothing but pieces.
    pub fn crossover(&mut self, input: &[u8], other: &[u8], size_max: usize, seed: u64, out: &mut Vec<u8>) {
        let mut random = Rng::with_seed(seed);
        let before = Program::from_bytes(input);
        if let Some(found) = self.look_ahead(&before, &mut random) {
            fit(&found, size_max, &mut random, out);
            return;
        }
        let other = Program::from_bytes(other);
        let (mut program, way) = if random.u8(0..PIECES_ONE_IN) == 0 {
            let mut program = before;
            cross(&mut program, &mut random, &self.alphabet, &other);
            (program, Way::Edited)
        } else {
            self.edit(&before, Some(&other), &mut random)
        };
        self.finish(&mut program, way, &mut random);
        fit(&program, size_max, &mut random, out);
    }

    /// Mostly goes on with the hunt, if there is one, until it has something for the engine. The engine's input takes part.
    fn look_ahead(&mut self, input: &Program, random: &mut Rng) -> Option<Program> {
        let hunt = self.ahead.as_mut().filter(|_| random.u8(0..8) < HUNTS_OF_EIGHT)?;
        let mut input = input.clone();
        self.scope.narrow(&mut input, self.variants);
        hunt.resume_from(input);
        (0..AHEAD_MAX).find_map(|_| {
            let finding = hunt.step().map(|finding| finding.program);
            finding.or_else(|| hunt.take_fresh().pop())
        })
    }

    /// Edits a program, or one of the mutator's own in its place, with pieces of a partner if there is one, and says
    /// whether its schedule is to be walked.
    fn edit(&self, input: &Program, partner: Option<&Program>, random: &mut Rng) -> (Program, Way) {
        let own = if random.u8(0..8) < OWN_OF_EIGHT { self.corpus.any(random) } else { None };
        let mut program = own.unwrap_or(input).clone();
        let partner = partner.or_else(|| self.corpus.any(random)).unwrap_or(input);
        mutate(&mut program, random, &self.alphabet, partner);
        (program, if random.u8(0..8) < WALKS_OF_EIGHT { Way::Walked } else { Way::Edited })
    }

    /// Cuts a program to what the target is about and walks its schedule if it was not only edited; keeps it if it
    /// reached a new lasting state then.
    fn finish(&mut self, program: &mut Program, way: Way, random: &mut Rng) {
        trim(program, random, COMMANDS_LEFT_MAX);
        self.scope.narrow(program, self.variants);
        if way == Way::Edited {
            return;
        }
        let (trace, schedule) = self.machine.walk(program, random.u64(..));
        program.schedule = schedule;
        program.schedule.truncate(SEGMENTS_MAX);
        let new = self.novelty.observe(trace);
        if new.lasting.is_some() {
            self.corpus.keep(program.clone(), new, random);
        }
    }

    /// Drops something: a half of all commands and segments, a quarter and so on down to one, or at first only what
    /// means nothing here. An engine starts over at each success, so large steps save most.
    fn shrink(&self, program: &mut Program, random: &mut Rng) {
        let before = program.size();
        self.scope.narrow(program, self.variants);
        let narrower = before != program.size();
        if narrower && random.bool() {
            return;
        }
        if random.u8(0..8) == 0 {
            program.schedule.clear();
            return;
        }
        let count = if random.bool() { 1 } else { program.size() >> random.u8(1..5) };
        (0..count.max(1)).for_each(|_| drop_one(program, random));
    }
}

/// Drops a command or a segment.
fn drop_one(program: &mut Program, random: &mut Rng) {
    let segments = program.schedule.len();
    if segments > 0 && random.usize(0..segments + program.commands()) < segments {
        program.schedule.remove(random.usize(0..segments));
    } else {
        let fewer = program.commands().saturating_sub(1);
        trim(program, random, fewer);
    }
}

/// Encodes a program that fits; drops parts of one that does not.
fn fit(program: &Program, size_max: usize, random: &mut Rng, out: &mut Vec<u8>) {
    *out = record::encode(program);
    if out.len() <= size_max {
        return;
    }
    let mut program = program.clone();
    while out.len() > size_max && (program.commands() > 0 || !program.schedule.is_empty()) {
        drop_one(&mut program, random);
        *out = record::encode(&program);
    }
    out.truncate(size_max);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::judge;
    use std::collections::BTreeMap;

    fn bytes(text: &str) -> Vec<u8> {
        record::encode(&Program::parse(text, "test").unwrap_or_else(|errors| panic!("{errors}")))
    }

    fn has(program: &Program, name: &str) -> bool {
        program.tasks.iter().flat_map(|task| &task.commands).any(|command| command.spec().name == name)
    }

    fn scene() -> Vec<u8> {
        bytes("task probe\n  driver.probe mlx5/0\ntask user\n  devlink.dump\n  devlink.reload mlx5/0\n")
    }

    #[test]
    fn the_mix_is_as_promised_and_every_input_fits_and_belongs_to_the_scope() {
        let mut ways: BTreeMap<String, u32> = BTreeMap::new();
        let mut mutator = Mutator::new(Scope::Devlink, Variants::default());
        let (mut input, mut out) = (scene(), Vec::new());
        for seed in 0..4_000 {
            let way = mutator.mutate(&input, 512, seed, &mut out);
            *ways.entry(format!("{way:?}")).or_default() += 1;
            assert!(out.len() <= 512);
            let program = Program::from_bytes(&out);
            assert!(program.tasks.iter().flat_map(|task| &task.commands).all(|it| Scope::Devlink.has(it)));
            if !program.tasks.is_empty() && seed % 8 == 0 {
                input = out.clone();
            }
        }
        let per_cent = |way: &str| ways[way] * 100 / 4_000;
        assert!((9..=14).contains(&per_cent("Engine")), "{ways:?}");
        assert!((4..=10).contains(&per_cent("Fresh")), "{ways:?}");
        assert!((25..=40).contains(&per_cent("Walked")) && per_cent("Edited") >= 40, "{ways:?}");
    }

    #[test]
    fn a_seed_repeats_and_an_empty_input_becomes_a_program() {
        for scope in [Scope::Devlink, Scope::Mdev, Scope::Ib, Scope::Mixed] {
            let answer = |seed| {
                let (mut mutator, mut out) = (Mutator::new(scope, Variants::default()), Vec::new());
                (mutator.mutate(b"\n", 4096, seed, &mut out), out)
            };
            assert_eq!(answer(3), answer(3));
            assert!((0..20).all(|seed| answer(seed).0 == Way::Fresh));
            assert!((0..20).any(|seed| Program::from_bytes(&answer(seed).1).commands() > 2));
        }
    }

    #[test]
    fn asked_for_less_it_drops_until_two_commands_that_matter_are_left() {
        let mut input = scene();
        let matter = |program: &Program| has(program, "driver.probe") && has(program, "devlink.reload");
        let (mut mutator, mut out) = (Mutator::new(Scope::Mixed, Variants::default()), Vec::new());
        for seed in 0..200 {
            assert_eq!(mutator.mutate(&input, input.len() - 1, seed, &mut out), Way::Shrunk);
            assert!(out.len() < input.len());
            if matter(&Program::from_bytes(&out)) {
                input = out.clone();
            }
        }
        assert_eq!(Program::from_bytes(&input).commands(), 2);
    }

    #[test]
    fn a_crossover_has_commands_of_both() {
        let (mut mutator, mut out) = (Mutator::new(Scope::Mixed, Variants::default()), Vec::new());
        let other = bytes("task user\n  ib.register-device rxe/0\n");
        let both = (0..50).any(|seed| {
            mutator.crossover(&scene(), &other, 4096, seed, &mut out);
            Program::from_bytes(&out).commands() == 4
        });
        assert!(both);
    }

    #[test]
    fn looking_ahead_hands_over_what_is_new_or_breaks_an_invariant() {
        let variants = Variants::parse("devlink=register-unlocked").expect("a variant").with_companions();
        let count = |mut mutator: Mutator| {
            let (mut machine, mut novelty, mut out) = (Machine::default(), Novelty::default(), Vec::new());
            let (mut ahead, mut new, mut broken) = (0, 0, 0);
            for seed in 0..400 {
                let way = mutator.mutate(&scene(), 2048, seed, &mut out);
                if way == Way::Engine {
                    continue;
                }
                let mut program = Program::from_bytes(&out);
                Scope::Devlink.narrow(&mut program, variants);
                let trace = machine.run(&program);
                ahead += u32::from(way == Way::Ahead);
                new += u32::from(novelty.observe(trace).lasting.is_some());
                broken += u32::from(!judge(trace).is_empty());
            }
            (ahead, new, broken, mutator.runs())
        };
        let plain = count(Mutator::new(Scope::Devlink, variants));
        let ahead = count(Mutator::new(Scope::Devlink, variants).looking_ahead(Vec::new(), 1));
        let muted = count(Mutator::new(Scope::Devlink, variants).looking_ahead(vec!["uevent-order"], 1));
        assert!(ahead.0 > 300 && plain.0 == 0, "ways: {plain:?} and {ahead:?}");
        assert!(ahead.1 > plain.1 * 2, "new: {plain:?} and {ahead:?}");
        assert!(ahead.2 > plain.2 * 2, "broken: {plain:?} and {ahead:?}");
        assert!(
            plain.3 == 0 && muted.3 > ahead.3,
            "what is muted is not waited for: {ahead:?} and {muted:?}"
        );
    }

    #[test]
    fn what_its_walks_reached_is_changed_in_place_of_an_input_now_and_then() {
        let (mut mutator, mut out) = (Mutator::new(Scope::Devlink, Variants::default()), Vec::new());
        let input = bytes("task user\n  devlink.dump\n");
        for seed in 0..2_000 {
            mutator.mutate(&input, 2048, seed, &mut out);
        }
        // One edit of the input itself adds a command or a few; whole scenes are the mutator's own.
        let own = (0..400).filter(|seed| {
            let way = mutator.mutate(&input, 2048, 9_000 + seed, &mut out);
            let program = Program::from_bytes(&out);
            matches!(way, Way::Edited | Way::Walked)
                && program.commands() >= 5
                && has(&program, "driver.probe")
        });
        let own = own.count();
        assert!(own > 40, "{own} of 400");
    }
}
