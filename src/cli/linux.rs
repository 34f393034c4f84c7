//! `unreg linux`: the real kernel.

pub(crate) mod agent;
pub(super) mod ask;
mod boot;
mod build;
mod check;
mod confirm;
mod conform;
mod console;
mod delay;
mod followed;
pub(crate) mod guest;
mod hunt;
mod initramfs;
mod kernel;
mod known;
mod lines;
mod process;
mod regress;
mod run;
mod scratch;
mod script;
mod steer;
mod worktree;

use super::Outcome;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Build a real kernel that runs as a process
    Build(build::Arguments),
    /// Start the real kernel, say what works in it, and leave a shell if asked
    Boot(boot::Arguments),
    /// Run programs on the real kernel and print what it sends
    Run(run::Arguments),
    /// Run programs on the model and on the real kernel, and compare event by event
    Conform(conform::Arguments),
    /// Ask the real kernel whether it does what the model says it does wrong
    Confirm(confirm::Arguments),
    /// Find what the real kernel does wrong
    Hunt(hunt::Arguments),
    /// Say which of the known findings a real kernel has
    Regress(regress::Arguments),
    /// Build two revisions of a kernel, and say in Markdown what changes from one to the other
    Check(check::Arguments),
    /// Make a patch of a program with a schedule: its tasks sleep where they are held, and the race shows without a tracer
    Delay(delay::Arguments),
    /// Print where in a kernel's text the points of the model are
    Places(steer::places::Arguments),
}

pub(super) fn linux(verb: &Verb) -> anyhow::Result<Outcome> {
    match verb {
        Verb::Build(arguments) => build::build(arguments),
        Verb::Boot(arguments) => boot::boot(arguments),
        Verb::Run(arguments) => run::run(arguments),
        Verb::Conform(arguments) => conform::conform(arguments),
        Verb::Confirm(arguments) => confirm::confirm(arguments),
        Verb::Hunt(arguments) => hunt::hunt(arguments),
        Verb::Regress(arguments) => regress::regress(arguments),
        Verb::Check(arguments) => check::check(arguments),
        Verb::Delay(arguments) => delay::delay(arguments),
        Verb::Places(arguments) => steer::places::places(arguments),
    }
}
