//! One program on a real kernel that is named in a word, for verbs that are not about kernels.

use super::boot::Which;
use super::kernel::RealKernel;
use unreg::event::Trace;
use unreg::program::Program;

/// What a kernel shows of a program. The kernel is a release, `6.12` or `6.12+debug`, or a folder.
pub(in crate::cli) fn ask(kernel: &str, program: &Program) -> anyhow::Result<Trace> {
    let which = Which::parse(kernel)?;
    let mut kernel = RealKernel::new(which.setup()?, &which);
    let answer = kernel.ask(program)?;
    if let Some(why) = &answer.died {
        anstream::eprintln!("unreg: {why}");
    }
    Ok(answer.trace(program))
}
