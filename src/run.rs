//! Running a program: one kernel, all subsystems, the program's tasks and the kernel's workers.

use crate::devlink::{self, Devlink};
use crate::driver::{self, Drivers};
use crate::event::{Errno, Point, QueueName, TaskName, Trace, What, WorkFn};
use crate::ib::decisions::WorkEnds;
use crate::ib::{self, Ib};
use crate::mdev::{self, Mdev};
use crate::program::{Command, Program, Segment, Subsystem, Variants};
use crate::sim::footprint::{self, Seen};
use crate::sim::{Chooser, Kconfig, Kernel};
use crate::variant::decisions;
use std::any::Any;

/// Runs programs one after the other, keeping the memory of one run for the next.
#[derive(Debug, Default)]
pub struct Machine {
    kernel: Kernel,
    tasks: Vec<TaskName>,
}

/// The subsystems of one run.
struct World<'k> {
    kernel: &'k Kernel,
    devlink: Devlink,
    mdev: Mdev,
    ib: Ib,
    drivers: Drivers,
}

impl Machine {
    /// Runs a program under its own schedule.
    pub fn run(&mut self, program: &Program) -> &Trace {
        self.execute(program, &program.schedule, None);
        self.kernel.trace()
    }

    /// Runs a program under its own schedule, and records raw events too, of which a second opinion is made.
    pub fn run_raw(&mut self, program: &Program) -> &Trace {
        self.kernel.record_raw(true);
        self.execute(program, &program.schedule, None);
        self.kernel.record_raw(false);
        self.kernel.trace()
    }

    /// Runs a program as a chooser decides and says what it chose, as a schedule that replays it.
    pub fn drive<C: Chooser>(&mut self, program: &Program, chooser: C) -> (&Trace, Vec<Segment>, C) {
        self.kernel.drive(Box::new(chooser));
        self.execute(program, &[], None);
        let schedule = self.kernel.schedule();
        let chooser: Box<dyn Any> = self.kernel.driver().expect("it was given to the kernel");
        let chooser = chooser.downcast().expect("it is the one that was given");
        (self.kernel.trace(), schedule, *chooser)
    }

    /// The same while footprints are noted, which the chooser takes step by step. What is known of the program says which
    /// orders matter; returns also what was seen of it.
    pub fn explore<C: Chooser>(
        &mut self,
        program: &Program,
        chooser: C,
        known: Seen,
    ) -> (&Trace, Vec<Segment>, C, Seen) {
        footprint::begin(known);
        let (trace, schedule, chooser) = self.drive(program, chooser);
        let seen = footprint::end();
        (trace, schedule, chooser, seen)
    }

    /// The trace of the last run.
    pub fn trace(&mut self) -> &Trace {
        self.kernel.trace()
    }

    /// Has all walks from here on stop tasks at these points only.
    pub fn stop_only_at(&mut self, points: &[Point]) {
        self.kernel.stop_only_at(points);
    }

    /// Runs a program under a random walk and says what the walk chose, as a schedule that replays it.
    pub fn walk(&mut self, program: &Program, seed: u64) -> (&Trace, Vec<Segment>) {
        self.execute(program, &[], Some(seed));
        let schedule = self.kernel.schedule();
        (self.kernel.trace(), schedule)
    }

    fn execute(&mut self, program: &Program, schedule: &[Segment], seed: Option<u64>) {
        self.tasks.clear();
        self.tasks.extend(program.tasks.iter().map(|task| task.name));
        for queue in QueueName::ALL {
            self.tasks.extend(queue.workers());
        }
        let kconfig = Kconfig { delayed_release: program.variants.of(Subsystem::Kconfig) & 1 != 0 };
        self.kernel.reset(kconfig, &self.tasks, schedule, seed);
        let world = World::new(&self.kernel, program.variants);
        let mut commands = program.tasks.iter().flat_map(|task| &task.commands);
        if commands.any(|command| matches!(command, Command::Rdma(_))) {
            driver::rdma::module::boot(&world.cores());
        }
        self.kernel.run(|name| match QueueName::of_worker(name) {
            Some(queue) => Box::pin(self.kernel.worker(queue, async |work| world.work(work).await)),
            None => {
                let task = program.tasks.iter().find(|task| task.name == name);
                Box::pin(world.task(task.map_or(&[], |task| &task.commands)))
            }
        });
        if self.kernel.is_at_rest() {
            world.devlink.at_rest(&self.kernel);
            world.mdev.at_rest(&self.kernel, &world.cores());
            world.ib.at_rest(&self.kernel);
            self.kernel.find_leaks();
        }
    }
}

impl<'k> World<'k> {
    fn new(kernel: &'k Kernel, variants: Variants) -> Self {
        World {
            kernel,
            devlink: Devlink::new(decisions(devlink::variant::THEMES, variants.of(Subsystem::Devlink))),
            mdev: Mdev::new(decisions(mdev::variant::THEMES, variants.of(Subsystem::Mdev))),
            ib: Ib::new(decisions(ib::variant::THEMES, variants.of(Subsystem::Ib))),
            drivers: Drivers::default(),
        }
    }

    /// The body of a program's task.
    async fn task(&self, commands: &[Command]) {
        for (index, command) in commands.iter().enumerate() {
            self.kernel.point(Point::CommandStart).await;
            self.kernel.emit(What::Begin(index as u8));
            let result = self.command(*command).await;
            self.kernel.emit(What::End(index as u8, result.err()));
            if self.ib.decisions.users.work_ends == WorkEnds::BeforeTheNext {
                self.kernel.sleep().await;
            }
        }
    }

    async fn command(&self, command: Command) -> Result<(), Errno> {
        let cores = self.cores();
        match command {
            Command::Devlink(command) => {
                devlink::command::execute(command, self.kernel, &self.devlink, &cores).await
            }
            Command::Driver(command) => driver::command::execute(command, &cores).await,
            Command::Mdev(command) => mdev::command::execute(command, self.kernel, &self.mdev, &cores).await,
            Command::Ib(command) => ib::command::execute(command, self.kernel, &self.ib).await,
            Command::Rdma(command) => driver::rdma::execute(command, &cores).await,
        }
    }

    /// Everything a driver can reach.
    fn cores(&self) -> driver::Cores<'_> {
        driver::Cores {
            kernel: self.kernel,
            devlink: &self.devlink,
            mdev: &self.mdev,
            ib: &self.ib,
            drivers: &self.drivers,
        }
    }

    /// The body of a work item.
    async fn work(&self, work: WorkFn) {
        match work {
            WorkFn::NetdeviceEvent(_) => self.ib.netdevice_event_work(self.kernel).await,
            WorkFn::RescanDevice(device) => self.ib.rescan_work(self.kernel, device).await,
            WorkFn::LinkLocal(_) => self.ib.link_local_work(self.kernel).await,
            WorkFn::NetdeviceGone(_) => self.ib.netdevice_gone_work(self.kernel).await,
            WorkFn::AddressGone(_, address) => self.ib.address_gone_work(self.kernel, address).await,
            WorkFn::UnregisterDevice(device) => self.ib.unregister_work(self.kernel, device).await,
            WorkFn::CmWork(device) => self.ib.cm_work(self.kernel, device).await,
            WorkFn::ReleaseChild(uuid) => self.mdev.release_child(self.kernel, uuid).await,
            WorkFn::LineCardStatus(handle) => driver::linecard::status_work(&self.cores(), handle).await,
            WorkFn::FunctionState(handle) => driver::function::state_work(&self.cores(), handle).await,
            WorkFn::NestedNotify(handle) => self.devlink.nested_notify_work(self.kernel, handle).await,
            WorkFn::ReleaseDevice(_) => self.kernel.release_later(work),
            WorkFn::CleanupNet(_) => driver::netns::cleanup(&self.cores()).await,
            WorkFn::ReleaseParent(parent) => self.mdev.release_parent(self.kernel, parent).await,
            WorkFn::ReleaseType(parent, kind) => self.mdev.release_type(self.kernel, parent, kind).await,
            WorkFn::TrapReport(handle) => driver::trap_report::work(&self.cores(), handle).await,
            WorkFn::TypeWarn(handle, port) => self.devlink.type_warn_work(self.kernel, handle, port),
            WorkFn::ReleaseVfio(uuid) => driver::vfio::release(&self.cores(), uuid),
            WorkFn::UnregisterParent(parent) => driver::mtty::unregister_work(&self.cores(), parent).await,
        }
    }
}
