//! A kernel on the bench: runs programs and says what it did wrong, makes a program small, and counts how often it fails.

use crate::cli::linux::boot::Which;
use crate::cli::linux::guest::start::NotUp;
use crate::cli::linux::guest::{Sabotage, Setup};
use crate::cli::linux::kernel::{Answer, RealKernel};
use std::time::{Duration, Instant};
use unreg::event::Trace;
use unreg::linux::fault::{self, Evidence, Fault, Key, Sort};
use unreg::linux::perform;
use unreg::linux::steer::Explore;
use unreg::minimize::minimize;
use unreg::program::{Program, SEGMENTS_MAX};

/// A smallest program is tried at least so often.
const TIMES_MIN: u32 = 3;

/// A kernel with what a guest of it has that ran nothing.
#[derive(Debug)]
pub(in crate::cli::linux) struct Bench {
    kernel: RealKernel,
    /// Files and links that are there after nothing was done; none if that is not known yet.
    nothing: Option<Vec<(String, String)>>,
    /// `fast`, `debug`
    pub(in crate::cli::linux) config: String,
    /// As `uname -r` prints it.
    pub(in crate::cli::linux) release: String,
}

/// What a program did to a kernel.
#[derive(Debug)]
pub(in crate::cli::linux) struct Run {
    /// The program, with the schedule that was chosen if none was given.
    pub(in crate::cli::linux) program: Program,
    pub(in crate::cli::linux) answer: Answer,
    pub(in crate::cli::linux) trace: Trace,
    pub(in crate::cli::linux) fault: Option<Fault>,
}

/// How often a program showed a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(in crate::cli::linux) struct Rate {
    pub(in crate::cli::linux) hits: u32,
    pub(in crate::cli::linux) of: u32,
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.hits, self.of)
    }
}

impl Bench {
    pub(in crate::cli::linux) fn new(setup: Setup, which: &Which) -> Bench {
        let about = &setup.kernel.about;
        let (config, release) = (about.config.clone(), about.release.clone());
        Bench { kernel: RealKernel::new(setup, which), nothing: None, config, release }
    }

    /// The same, but a program whose guest is too slow is run once more, with more patience.
    pub(in crate::cli::linux) fn patient(self) -> Bench {
        Bench { kernel: self.kernel.patient(), ..self }
    }

    /// Has something bad happen to the guest during the next program.
    pub(in crate::cli::linux) fn sabotage(&mut self, how: Sabotage) -> anyhow::Result<()> {
        let nothing = self.nothing()?;
        self.nothing = Some(nothing);
        self.kernel.sabotage(Some(how));
        Ok(())
    }

    /// What a guest has that ran nothing.
    fn nothing(&mut self) -> anyhow::Result<Vec<(String, String)>> {
        if let Some(nothing) = self.nothing.take() {
            return Ok(nothing);
        }
        let answer = self.kernel.judge(&Program::default(), None)?;
        match answer.died {
            None => Ok(fault::left(&answer.reports)),
            Some(why) => Err(NotUp::because(&why).into()),
        }
    }

    /// How its guests start.
    pub(in crate::cli::linux) fn setup(&self) -> &Setup {
        self.kernel.setup()
    }

    /// How long a guest may be silent.
    pub(in crate::cli::linux) fn patience(&self) -> Duration {
        self.kernel.patience()
    }

    /// How many guests were started.
    pub(in crate::cli::linux) fn boots(&self) -> u32 {
        self.kernel.boots
    }

    /// Has the next program run in a new guest.
    pub(in crate::cli::linux) fn restart(&mut self) {
        self.kernel.restart();
    }

    /// Ends the guest that runs, if one does. Returns what its kernel does wrong meanwhile.
    pub(in crate::cli::linux) fn power_off(&mut self) -> Option<Fault> {
        let text = self.kernel.power_off()?;
        let (trace, program) = (Trace::default(), Program::default());
        let evidence = Evidence {
            reports: &[],
            died: Some(&text),
            log: None,
            trace: &trace,
            nothing: &[],
            program: &program,
        };
        fault::first(evidence).map(|fault| Fault { at_clean_up: true, ..fault })
    }

    /// Runs a program; what chooses its turns may be given instead of a schedule.
    pub(in crate::cli::linux) fn run(
        &mut self,
        program: &Program,
        explore: Option<Explore>,
    ) -> anyhow::Result<Run> {
        let nothing = self.nothing()?;
        let answer = self.kernel.judge(program, explore)?;
        let explored = answer.log.as_ref().map_or(&[][..], |log| &log.explored);
        let program = if explored.is_empty() {
            program.clone()
        } else {
            let schedule = explored[..explored.len().min(SEGMENTS_MAX)].to_vec();
            Program { schedule, ..program.clone() }
        };
        let trace = answer.trace(&program);
        let evidence = Evidence {
            reports: &answer.reports,
            died: answer.died.as_deref(),
            log: answer.log.as_ref(),
            trace: &trace,
            nothing: &nothing,
            program: &program,
        };
        let fault = fault::first(evidence);
        if fault.as_ref().is_some_and(|fault| fault.key.sort != Sort::Broken) {
            self.kernel.restart();
        }
        self.nothing = Some(nothing);
        Ok(Run { program, answer, trace, fault })
    }

    /// Runs a program as it is in a new guest.
    pub(in crate::cli::linux) fn run_anew(&mut self, program: &Program) -> anyhow::Result<Run> {
        self.restart();
        self.run(program, None)
    }

    /// The smallest program that shows a fault, as far as it is found before that moment.
    pub(in crate::cli::linux) fn shrink(
        &mut self,
        program: &Program,
        key: &Key,
        until: Instant,
    ) -> anyhow::Result<Program> {
        let mut trouble = None;
        let smallest = minimize(program, |candidate| {
            let is_askable = candidate.tasks.iter().flat_map(|task| &task.commands).all(perform::can_perform);
            let is_same_kernel = candidate.variants == program.variants;
            if !is_askable || !is_same_kernel || trouble.is_some() || Instant::now() >= until {
                return false;
            }
            match self.run(candidate, None) {
                Ok(run) => run.fault.is_some_and(|fault| fault.key == *key),
                Err(error) => {
                    trouble = Some(error);
                    false
                }
            }
        });
        // Without a guest it stays as small as it is by then.
        trouble.filter(|error| !error.is::<NotUp>()).map_or(Ok(smallest), Err)
    }

    /// Runs a program again and again, each time in a new guest, until that moment.
    pub(in crate::cli::linux) fn rate(
        &mut self,
        program: &Program,
        key: &Key,
        times: u32,
        until: Instant,
    ) -> anyhow::Result<Rate> {
        let mut rate = Rate { hits: 0, of: 0 };
        while rate.of < times && (rate.of < TIMES_MIN || Instant::now() < until) {
            let Some(run) = unless_not_up(self.run_anew(program))? else { break };
            rate.of += 1;
            rate.hits += u32::from(run.fault.is_some_and(|fault| fault.key == *key));
        }
        Ok(rate)
    }
}

/// What came of a run; none if no guest booted.
pub(super) fn unless_not_up(run: anyhow::Result<Run>) -> anyhow::Result<Option<Run>> {
    match run {
        Ok(run) => Ok(Some(run)),
        Err(error) if error.is::<NotUp>() => {
            anstream::eprintln!("{error}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
