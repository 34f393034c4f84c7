//! A kernel that answers: boots guests, replaces those that die, and makes traces of what they report.

use super::boot::Which;
use super::guest::start::LONGER;
use super::guest::{Ended, Guest, Sabotage, Setup};
use super::steer::{Order, Symbols};
use std::sync::Arc;
use std::time::Duration;
use unreg::event::{Point, Trace};
use unreg::linux::steer::{Explore, Log};
use unreg::linux::wire::{Report, Request};
use unreg::linux::{compare, complaint, fault, observe, perform};
use unreg::program::{Command, Program, Task};

/// A guest that is steered may be silent for so many times the patience.
const STEERED: u32 = 3;

/// A kernel to ask, with the guest that runs it now.
#[derive(Debug)]
pub(super) struct RealKernel {
    setup: Setup,
    patience: Duration,
    guest: Option<Guest>,
    /// Whether it releases kobjects late: what a module has in its own memory then outlives it.
    releases_late: bool,
    /// Whether a program whose guest is too slow is run once more, with more patience.
    is_patient: bool,
    /// What to do to the guest during the next program.
    sabotage: Option<Sabotage>,
    /// How many guests were started.
    pub(super) boots: u32,
    /// How many of them died or hung.
    pub(super) deaths: u32,
}

/// What came of a program.
#[derive(Debug)]
pub(super) struct Answer {
    /// What the guest reported, as it came.
    pub(super) reports: Vec<Report>,
    /// Of what the guest died, if it did.
    pub(super) died: Option<String>,
    /// What the tracer saw, if the program has a schedule.
    pub(super) log: Option<Log>,
}

impl Answer {
    /// The same as it is compared with the model.
    pub(super) fn lines(&self, program: &Program) -> Vec<String> {
        let ends = self.log.as_ref().map_or(&[][..], |log| &log.segments);
        [compare::observed(program, &self.trace(program)), compare::segments(program, ends)].concat()
    }

    /// Whether the guest ended because the host lost its patience, and its kernel showed nothing.
    pub(super) fn is_slow(&self) -> bool {
        let only_waits = |report: &Report| match report {
            Report::Complaint { text } => fault::only_waits(text),
            report => !matches!(report, Report::Stuck { .. }),
        };
        self.died.as_deref().is_some_and(fault::is_slow) && self.reports.iter().all(only_waits)
    }

    /// The same as events.
    pub(super) fn trace(&self, program: &Program) -> Trace {
        let names: Vec<_> = program.tasks.iter().map(|task| task.name).collect();
        match &self.log {
            Some(log) => observe::steered(&names, &self.reports, log, self.died.as_deref()),
            None => observe::trace(&names, &self.reports, self.died.as_deref()),
        }
    }
}

impl RealKernel {
    /// A kernel that is asked as the command line says.
    pub(super) fn new(setup: Setup, which: &Which) -> RealKernel {
        let (patience, releases_late) = (which.patience(), which.releases_late());
        RealKernel {
            setup,
            patience,
            guest: None,
            releases_late,
            is_patient: false,
            sabotage: None,
            boots: 0,
            deaths: 0,
        }
    }

    /// The same, but a program whose guest is too slow is run once more, with more patience.
    pub(super) fn patient(self) -> RealKernel {
        RealKernel { is_patient: true, ..self }
    }

    /// How its guests start.
    pub(super) fn setup(&self) -> &Setup {
        &self.setup
    }

    /// How long a guest may be silent.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Has something bad happen to the guest during the next program.
    pub(super) fn sabotage(&mut self, how: Option<Sabotage>) {
        self.sabotage = how;
    }

    /// Runs a program, with its schedule if it has one. A guest that died, or whose kernel has complained and may not be
    /// what it was, is replaced for the next program. In the error case no guest could be started.
    pub(super) fn ask(&mut self, program: &Program) -> anyhow::Result<Answer> {
        self.look(program, &[])
    }

    /// The same, and notes at each of these points which task comes there and what locks it holds. A program without a
    /// schedule is then followed too, its tasks one after the other.
    pub(super) fn look(&mut self, program: &Program, watched: &[Point]) -> anyhow::Result<Answer> {
        let mut request = perform::request(program).map_err(Unperformable)?;
        request.is_steered = !program.schedule.is_empty() || !watched.is_empty();
        if self.sabotage == Some(Sabotage::Panic) {
            request.at_rest.insert(0, perform::panic());
        }
        // A vendor driver's parent is a part of its module, which therefore cannot be taken away again.
        let is_for_one = self.releases_late && perform::makes_parents(&request);
        if is_for_one {
            request.clean_up.clear();
            // At rest is when all has been released, as in the model.
            request.at_rest.insert(0, perform::releases());
        }
        let answer = self.perform(&request, program, watched, None)?;
        if is_for_one {
            self.guest = None;
        }
        Ok(answer)
    }

    /// Runs a program to judge the kernel, not the model: it may choose its schedule itself, and after the clean-up is
    /// reported what is left.
    pub(super) fn judge(&mut self, program: &Program, explore: Option<Explore>) -> anyhow::Result<Answer> {
        let mut request = perform::request(program).map_err(Unperformable)?;
        request.is_steered = !program.schedule.is_empty() || explore.is_some();
        request.clean_up.extend(perform::left());
        self.perform(&request, program, &[], explore)
    }

    /// Has the next program run in a new guest.
    pub(super) fn restart(&mut self) {
        self.guest = None;
    }

    /// Has the guest power off that runs, if one does. Returns what its kernel complains of meanwhile.
    pub(super) fn power_off(&mut self) -> Option<String> {
        self.guest.take()?.power_off()
    }

    fn perform(
        &mut self,
        request: &Request,
        program: &Program,
        watched: &[Point],
        explore: Option<Explore>,
    ) -> anyhow::Result<Answer> {
        let sabotage = self.sabotage.take();
        let mut answer = self.follow(request, program, watched, explore.clone(), 1, sabotage)?;
        if self.is_patient && answer.is_slow() {
            self.guest = None;
            let again = sabotage.filter(|how| *how == Sabotage::Hangs);
            answer = self.follow(request, program, watched, explore, LONGER, again)?;
        }
        let is_harmed = |report: &Report| match report {
            Report::Complaint { text } => !complaint::only_waits(text),
            report => matches!(report, Report::Stuck { .. }),
        };
        if answer.died.is_some() || answer.reports.iter().any(is_harmed) {
            self.guest = None;
        }
        Ok(answer)
    }

    /// Runs a program whose guest may be silent for so many times the patience.
    fn follow(
        &mut self,
        request: &Request,
        program: &Program,
        watched: &[Point],
        explore: Option<Explore>,
        times: u32,
        sabotage: Option<Sabotage>,
    ) -> anyhow::Result<Answer> {
        if request.is_steered && self.setup.symbols.is_none() {
            self.setup.symbols = Some(Arc::new(Symbols::of(&self.setup.kernel)?));
            self.guest = None;
        }
        // Tasks that wait for each other say nothing for some virtual minutes, in which the clock still ticks.
        let times = if request.is_steered { times * STEERED } else { times };
        let patience = self.patience.saturating_mul(times);
        self.setup.hangs_at_boot = match sabotage {
            Some(Sabotage::Boot) => 1,
            Some(Sabotage::Boots) => 2,
            Some(Sabotage::Kill | Sabotage::Hang | Sabotage::Hangs | Sabotage::Panic) | None => 0,
        };
        let guest = self.guest()?;
        sabotage.into_iter().for_each(|how| guest.sabotage(how));
        if request.is_steered {
            let tasks = program.tasks.iter().map(|task| task.name).collect();
            let names = |task: &Task| task.commands.iter().map(|command| command.spec().name).collect();
            let commands = program.tasks.iter().map(names).collect();
            let (schedule, queues) = (program.schedule.clone(), perform::queues(program));
            let watched = watched.to_vec();
            guest.order(Order { tasks, commands, schedule, queues, watched, explore });
        }
        let mut reports = Vec::new();
        let ended = guest.perform(request, patience, |report| reports.push(report))?;
        let mut log = request.is_steered.then(|| guest.take_log().unwrap_or_default());
        let died = match ended {
            Ended::Done => None,
            Ended::Died(why) => {
                self.deaths += 1;
                Some(why)
            }
        };
        let is_stuck = reports.iter().any(|report| matches!(report, Report::Stuck { .. }));
        if died.is_some() || is_stuck {
            log.iter_mut().for_each(Log::ends_here);
        }
        Ok(Answer { reports, died, log })
    }

    /// The guest that runs, or a new one.
    pub(super) fn guest(&mut self) -> anyhow::Result<&mut Guest> {
        match &mut self.guest {
            Some(guest) => Ok(guest),
            none => {
                let guest = Guest::boot(&self.setup)?;
                self.boots += guest.starts;
                Ok(none.insert(guest))
            }
        }
    }
}

/// A command that only the model knows how to run.
#[derive(Debug)]
pub(super) struct Unperformable(pub(super) Command);

impl std::fmt::Display for Unperformable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` is for the model alone: a real kernel cannot be asked for it", self.0)
    }
}

impl std::error::Error for Unperformable {}
