//! Sequels: a program goes on, or takes longer, so that a kernel shows what its inside alone knew.

use crate::devlink;
use crate::driver;
use crate::event::{Errno, Event, Point, Region, Subject, TaskName, Trace, What};
use crate::linux::compare;
use crate::program::{Command, Program, Segment, Task};
use crate::run::Machine;

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
    let trace = Machine::default().run(&longer).events.clone();
    trace.iter().rev().find(is_end).is_some_and(is_refused).then_some(longer)
}

/// Returns the program with time that passes between a command that frees and a use of what it freed: the kernel frees
/// memory only after a grace period. The time passes before the command that uses, or after the command that frees. None
/// if there is no such place, or if the schedule then leads elsewhere.
pub fn later(program: &Program, model: &Trace) -> Option<Program> {
    let used = model.events.iter().position(|event| matches!(event.what, What::UseAfterFree(..)))?;
    let What::UseAfterFree(of, ..) = model.events[used].what else { return None };
    let before = &model.events[..used];
    let freed = before.iter().position(|event| event.what == What::Free(of))?;
    let begun = before[freed..].iter().rev().find_map(|event| match event.what {
        What::Begin(command) if event.task == model.events[used].task => Some((event.task, command)),
        _ => None,
    });
    let ended = before[freed..].iter().find_map(|event| match event.what {
        What::End(command, _) if event.task == before[freed].task => Some((event.task, command + 1)),
        _ => None,
    });
    [begun, ended].into_iter().flatten().find_map(|(task, command)| {
        let mut longer = program.clone();
        let Task { name, commands } = longer.tasks.get_mut(usize::from(task))?;
        let at = usize::from(command).min(commands.len());
        commands.insert(at, Command::Driver(driver::Command::TimePass {}));
        let name = *name;
        counted(&longer, name).find(|candidate| {
            let mut machine = Machine::default();
            let trace = machine.run(candidate);
            let uses = |event: &Event| matches!(event.what, What::UseAfterFree(other, ..) if other == of);
            trace.segments == model.segments && trace.events.iter().any(uses)
        })
    })
}

/// The program as it is, then with one segment at a time that counts one command more of a task: it comes by a new one.
fn counted(program: &Program, task: TaskName) -> impl Iterator<Item = Program> {
    let counts = move |segment: &Segment| {
        segment.task == task && segment.until.is_some_and(|(point, _)| point == Point::CommandStart)
    };
    let counting = (0..program.schedule.len()).filter(move |at| counts(&program.schedule[*at]));
    let more = counting.map(|at| {
        let mut more = program.clone();
        if let Some((_, count)) = &mut more.schedule[at].until {
            *count = count.saturating_add(1);
        }
        more
    });
    std::iter::once(program.clone()).chain(more)
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
        // A schedule that counts commands before it leads to the same use.
        let counted = format!("{text}schedule\n  user until command:start #2\n");
        let program = Program::parse(&counted, "test").unwrap_or_else(|_| panic!("it is one"));
        let longer = later(&program, machine.run(&program)).expect("the schedule is followed as before");
        assert_eq!(longer.tasks[0].commands[5], Command::Driver(driver::Command::TimePass {}));
    }

    #[test]
    fn time_passes_after_what_another_task_frees_while_the_use_is_under_way() {
        let text = "variant devlink linux-6.12\ntask user\n  devlink.rate-new netdevsim/0 n1\ntask probe\n  \
                    driver.probe netdevsim/0\n  driver.knob netdevsim/0 fail-reload on\n  devlink.reload netdevsim/0\n  \
                    driver.port-add netdevsim/0 0\n  netns.add a\n  driver.unbind netdevsim/0\n  \
                    netdev.move netdevsim/0 0 a\nschedule\n  probe until command:start #5\n  \
                    user until devlink_nl_pre_doit:lock\n  probe until dev_change_net_namespace:netns\n";
        let program = Program::parse(text, "test").unwrap_or_else(|_| panic!("it is one"));
        let mut machine = Machine::default();
        let longer = later(&program, machine.run(&program)).expect("the task that frees can take longer");
        assert_eq!(longer.tasks[0].commands[1], Command::Driver(driver::Command::TimePass {}));
    }

    #[test]
    fn nothing_is_asked_where_nothing_is_left() {
        assert_eq!(longer("task user\n  driver.probe netdevsim/0\n"), None);
    }
}
