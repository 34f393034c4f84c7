//! What is wrong with a text: for people with a caret, for salvage as a list of what was dropped.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::fmt;
use std::ops::Range;

/// The most problems that are kept: a user with more sees these first.
pub const PROBLEMS_MAX: usize = 20;

/// One thing that is wrong: where, as bytes of the text, and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, in a few words.
    pub title: String,
    /// The bytes that are meant.
    pub span: Range<usize>,
    /// What was expected.
    pub help: String,
}

/// Everything that is wrong with a text. Displays as a report with file, line, column and caret.
#[derive(Clone)]
pub struct Diagnostics {
    text: String,
    file: String,
    problems: Vec<Problem>,
}

impl Diagnostics {
    pub(super) fn new(text: &str, file: &str, problems: Vec<Problem>) -> Self {
        // What lies beyond the limit is not shown, so it need not be kept.
        let mut end = text.len().min(super::TEXT_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Diagnostics { text: text[..end].to_owned(), file: file.to_owned(), problems }
    }

    /// The problems, in the order of the text.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The report, with colors if asked.
    pub fn render(&self, styled: bool) -> String {
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        let reports = self.problems.iter().map(|problem| {
            let from = problem.span.start.min(self.text.len());
            let span = from..problem.span.end.clamp(from, self.text.len());
            let snippet = Snippet::source(&self.text).path(&self.file);
            let snippet = snippet.annotation(AnnotationKind::Primary.span(span).label(&problem.help));
            renderer.render(&[Level::ERROR.primary_title(&problem.title).element(snippet)])
        });
        reports.collect::<Vec<_>>().join("\n\n")
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl fmt::Debug for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl std::error::Error for Diagnostics {}

/// A piece of text that a salvage left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The line, from 1.
    pub line: usize,
    /// Why.
    pub why: String,
}

impl Dropped {
    pub(super) fn beyond_the_end(limit: usize) -> Self {
        Dropped { line: 0, why: format!("everything after the first {limit} bytes") }
    }
}

/// The problems of a strict reading as the list of a salvage.
pub(super) fn dropped(text: &str, problems: Vec<Problem>) -> Vec<Dropped> {
    let line =
        |problem: &Problem| 1 + text.as_bytes()[..problem.span.start].iter().filter(|b| **b == b'\n').count();
    problems.iter().map(|problem| Dropped { line: line(problem), why: problem.title.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::TEXT_MAX;
    use crate::program::Program;

    #[test]
    fn a_report_has_colors_only_if_asked() {
        let errors = Program::parse("bananas\n", "a.prog").expect_err("it is no command");
        assert!(errors.render(true).contains('\u{1b}'));
        assert!(!errors.render(false).contains('\u{1b}') && errors.to_string() == errors.render(false));
        assert!(errors.to_string().contains("a.prog:1:1"), "{errors}");
    }

    #[test]
    fn a_long_text_is_cut_between_letters() {
        for before in 0..4 {
            let text = "#".repeat(before) + &"\u{1f600}".repeat(TEXT_MAX / 4 + 1);
            let errors = Program::parse(&text, "a.prog").expect_err("it is too long");
            assert!(errors.to_string().contains("bytes long"));
        }
    }

    #[test]
    fn what_was_dropped_is_named_by_its_line() {
        let (_, dropped) = Program::salvage(b"# why\ntask user\n  bananas\n  devlink.dump\n  devlink.fly\n");
        assert_eq!(dropped.iter().map(|it| it.line).collect::<Vec<_>>(), [3, 5]);
        assert_eq!(dropped[0].why, "`bananas` is no command");
    }
}
