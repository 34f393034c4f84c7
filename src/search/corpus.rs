//! The in-memory corpus: programs that reached something new, one list per family of states.

use super::novelty::{FAMILIES, New};
use crate::program::Program;
use fastrand::Rng;

/// Programs that reached something new, and how they are chosen from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corpus {
    /// What reached a new lasting state, a family each, and what reached or did anything else that is new.
    lasting: [List; FAMILIES],
    passing: List,
    /// The most programs in each corpus. Beyond it a new one takes the place of any other: a search that runs for a week
    /// must not grow for a week.
    corpus_max: usize,
}

impl Corpus {
    /// Nothing, and room for so many programs of each family.
    pub fn new(corpus_max: usize) -> Self {
        Corpus { lasting: std::array::from_fn(|_| List::default()), passing: List::default(), corpus_max }
    }

    /// Any program, if there is one. Each family has the same chance, however many states it has: of a few objects there
    /// are few, and they would be lost among those of many.
    pub fn any(&self, random: &mut Rng) -> Option<&Program> {
        let families = self.lasting.iter().filter(|corpus| !corpus.0.is_empty()).count();
        if families > 0 && (self.passing.0.is_empty() || random.bool()) {
            let chosen = random.usize(0..families);
            return self.lasting.iter().filter(|corpus| !corpus.0.is_empty()).nth(chosen)?.any(random);
        }
        self.passing.any(random)
    }

    /// Keeps a program if it reached something new, and says whether there is one more now.
    pub fn keep(&mut self, program: Program, new: New, random: &mut Rng) -> bool {
        let corpus = match new {
            New { lasting: Some(family), .. } => &mut self.lasting[family],
            New { passing: true, .. } => &mut self.passing,
            _ => return false,
        };
        corpus.keep(program, self.corpus_max, random)
    }
}

/// Programs in the order in which they were kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct List(Vec<Program>);

impl List {
    /// Any of them, a later one more likely: it stands on the shoulders of those before it.
    fn any(&self, random: &mut Rng) -> Option<&Program> {
        let count = self.0.len();
        if count == 0 { None } else { self.0.get(random.usize(0..count).max(random.usize(0..count))) }
    }

    /// Adds a program, and says whether there is one more now.
    fn keep(&mut self, program: Program, corpus_max: usize, random: &mut Rng) -> bool {
        let full = self.0.len() == corpus_max;
        if full {
            // Of the older half one goes: the newest are what the search stands on.
            self.0.remove(random.usize(0..corpus_max / 2));
        }
        self.0.push(program);
        !full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(text: &str) -> Program {
        Program::parse(text, "test").unwrap_or_else(|errors| panic!("{errors}"))
    }

    #[test]
    fn a_family_of_one_is_chosen_as_often_as_one_of_many() {
        let mut random = Rng::with_seed(1);
        let mut corpus = Corpus::new(64);
        assert_eq!(corpus.any(&mut random), None);
        let (one, many) = (program("task user\n  devlink.dump\n"), program("task user\n  netns.add a\n"));
        assert!(corpus.keep(one.clone(), New { lasting: Some(3), passing: true }, &mut random));
        for _ in 0..50 {
            assert!(corpus.keep(many.clone(), New { lasting: Some(5), passing: true }, &mut random));
        }
        assert!(!corpus.keep(many, New::default(), &mut random));
        let chosen = (0..1_000).filter(|_| corpus.any(&mut random) == Some(&one)).count();
        assert!((400..600).contains(&chosen), "{chosen} of 1000");
    }

    #[test]
    fn a_full_corpus_does_not_grow() {
        let (mut random, mut corpus) = (Rng::with_seed(2), Corpus::new(4));
        let any = program("task user\n  devlink.dump\n");
        let more =
            (0..9).filter(|_| corpus.keep(any.clone(), New { lasting: None, passing: true }, &mut random));
        assert_eq!(more.count(), 4);
        assert_eq!(corpus.passing.0.len(), 4);
    }
}
