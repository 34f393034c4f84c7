//! Reports: a violation for a reader at a terminal, from the invariant that broke to the command that shows it again.

pub mod campaign;
pub mod cycle;
pub mod held;
pub mod picture;
pub mod review;
pub mod timeline;

use crate::event::{Trace, What};
use crate::invariant::Violation;
use crate::program::Program;
use anstyle::{AnsiColor, Style};
use std::fmt::{self, Write};

/// The widest line that a report tries to keep to.
pub const WIDTH: usize = 110;

const BROKEN: Style = AnsiColor::Red.on_default().bold();
const HEADING: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();

/// A violation to be printed. Colours are always written: the printer drops them where the output is no terminal.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// What ran.
    pub program: &'a Program,
    /// What happened.
    pub trace: &'a Trace,
    /// What was wrong with it.
    pub violation: &'a Violation,
    /// The file to replay, if the program is in one.
    pub file: Option<&'a str>,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { program, trace, violation, file } = *self;
        let invariant = violation.invariant;
        writeln!(f, "{BROKEN}broken: {}{BROKEN:#}", invariant.name)?;
        writeln!(f, "  {}", invariant.says)?;
        for cite in invariant.cites {
            writeln!(f, "  {QUIET}{cite}{QUIET:#}")?;
        }
        section(f, &format!("timeline, under {}", program.variants))?;
        f.write_str(&timeline::timeline(program, trace, violation))?;
        if let what @ (What::Deadlock(_) | What::LockOrder(_)) = trace.events[violation.at].what {
            let is_order = matches!(what, What::LockOrder(_));
            section(f, if is_order { "the two orders" } else { "the cycle" })?;
            for line in cycle::lines(program, trace, violation.at) {
                writeln!(f, "  {line}")?;
            }
        }
        let held = held::held(trace, violation.at);
        if !held.is_empty() {
            section(f, "held at that moment")?;
            for held in held {
                writeln!(f, "  {}", held.describe(program, trace))?;
            }
        }
        section(f, "program")?;
        for line in program.to_string().lines() {
            writeln!(f, "{}{line}", if line.is_empty() { "" } else { "  " })?;
        }
        if let Some(file) = file {
            section(f, "to see it again")?;
            writeln!(f, "  unreg run {file}")?;
        }
        Ok(())
    }
}

fn section(f: &mut fmt::Formatter<'_>, title: &str) -> fmt::Result {
    f.write_char('\n')?;
    writeln!(f, "{HEADING}{title}{HEADING:#}")
}
