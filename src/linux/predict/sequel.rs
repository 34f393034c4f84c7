//! Sequels: a program goes on, or takes longer, so that a kernel shows what its inside alone knew.

use crate::devlink;
use crate::driver;
use crate::event::{Errno, Event, Point, Region, Subject, Trace, What};
use crate::linux::compare;
use crate::program::{Command, Program, Segment};

/// Returns the program with one command more, which is refused if a reference is left as the model says. The id of a
/// snapshot is free again when its last reference is gone, and only then can be wanted.
pub fn sequel(program: &Program, model: &Trace) -> Option<Program> {
    let left = |event: &Event| match event.what {
        What::Leak(Subject::Snapshot(handle, id), _) => Some((handle, id)),
        _ => None,
    };
    let (handle, id) = model.events.iter().find_map(left)?;
    let is_end = |event: &&Event| matches!(event.what, What::End(..));
    let last = model.events.iter().rev().find(is_end)?.task;
    let mut longer = program.clone();
    let command = devlink::Command::RegionNew { handle, region: Region::Dummy, id };
    longer.tasks.get_mut(usize::from(last))?.commands.push(Command::Devlink(command));
    let is_refused = |event: &Event| matches!(event.what, What::End(_, Some(Errno::EEXIST)));
    let trace = crate::run::Machine::default().run(&longer).events.clone();
    trace.iter().rev().find(is_end).is_some_and(is_refused).then_some(longer)
}

/// Returns the program with time that passes before the command that uses what an earlier one freed: the kernel frees
/// memory only after a grace period. None if the same command frees and uses, or if a schedule counts the commands.
pub fn later(program: &Program, model: &Trace) -> Option<Program> {
    let used = model.events.iter().position(|event| matches!(event.what, What::UseAfterFree(..)))?;
    let What::UseAfterFree(of, ..) = model.events[used].what else { return None };
    let task = model.events[used].task;
    let begins = |event: &Event| match event.what {
        What::Begin(command) if event.task == task => Some(command),
        _ => None,
    };
    let at = model.events[..used].iter().rposition(|event| begins(event).is_some())?;
    let is_freed = model.events[..at].iter().any(|event| event.what == What::Free(of));
    let counts = |segment: &Segment| segment.until.is_some_and(|(point, _)| point == Point::CommandStart);
    if !is_freed || program.schedule.iter().any(counts) {
        return None;
    }
    let mut longer = program.clone();
    let commands = &mut longer.tasks.get_mut(usize::from(task))?.commands;
    let command = usize::from(begins(&model.events[at])?);
    commands.insert(command.min(commands.len()), Command::Driver(driver::Command::TimePass {}));
    Some(longer)
}

/// Returns what shows that the kernel refuses the last command, as the model does.
pub fn refused(longer: &Program, model: &Trace, real: &Trace) -> Option<String> {
    let lines = (compare::observed(longer, model), compare::observed(longer, real));
    let end = model.events.iter().rev().find_map(|event| match event.what {
        What::End(command, Some(Errno::EEXIST)) => Some(longer.command_text(event.task, command)),
        _ => None,
    })?;
    let is_equal = compare::difference(&lines.0, &lines.1).is_none();
    is_equal.then(|| format!("`{end}` after it is refused: {}", Errno::EEXIST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Machine;

    fn longer(text: &str) -> Option<Program> {
        let program = Program::parse(text, "test").unwrap_or_else(|_| panic!("it is one"));
        let mut machine = Machine::default();
        sequel(&program, machine.run(&program))
    }

    #[test]
    fn an_id_that_is_never_free_again_is_asked_for_once_more() {
        let text = "variant devlink linux-6.12\ntask user\n  driver.probe netdevsim/0\n  \
                    devlink.region-new netdevsim/0 dummy\n  devlink.region-del netdevsim/0 dummy 0\n";
        let longer = longer(text).expect("a reference is left");
        assert_eq!(longer.tasks[0].commands.len(), 4);
        let mut machine = Machine::default();
        let trace = machine.run(&longer).clone();
        assert!(refused(&longer, &trace, &trace).is_some());
        assert_eq!(refused(&longer, &trace, &Trace::default()), None);
    }

    #[test]
    fn time_passes_before_what_is_freed_is_used() {
        let text = "variant devlink linux-6.12\ntask user\n  driver.probe netdevsim/0\n  \
                    driver.knob netdevsim/0 fail-reload on\n  devlink.reload netdevsim/0\n  \
                    driver.port-add netdevsim/0 0\n  driver.unbind netdevsim/0\n  netdev.move netdevsim/0 0 a\n";
        let program = Program::parse(text, "test").unwrap_or_else(|_| panic!("it is one"));
        let mut machine = Machine::default();
        let longer = later(&program, machine.run(&program)).expect("one command frees and another uses");
        assert_eq!(longer.tasks[0].commands[5], Command::Driver(driver::Command::TimePass {}));
        assert_eq!(longer.tasks[0].commands.len(), 7);
    }

    #[test]
    fn nothing_is_asked_where_nothing_is_left() {
        assert_eq!(longer("task user\n  driver.probe netdevsim/0\n"), None);
    }
}
