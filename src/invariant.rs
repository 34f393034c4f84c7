//! Invariants: what must hold of every trace, one a file, each argued for in a mail it cites.
//!
//! An invariant sees events and nothing else, so it can judge the simulation and a real kernel alike, and it
//! cannot repeat the code it judges.

mod announced;
mod holders;
mod lives;
pub mod opinion;
pub mod site;

pub use site::Site;

use crate::event::{Kinds, Trace};
use crate::mail::Cite;

/// What must hold of every trace.
#[derive(Debug)]
pub struct Invariant {
    /// Its frozen number, below 64.
    pub id: u8,
    /// How programs and reports name it.
    pub name: &'static str,
    /// What must hold, in a sentence.
    pub says: &'static str,
    /// The mails that argue for it.
    pub cites: &'static [Cite],
    /// A trace without any of these kinds of events keeps the invariant without being looked at.
    pub about: Kinds,
    /// Whether it reads only what a real kernel shows, or judges the less the less it is shown: it can judge one.
    pub observable: bool,
    /// Whether it is not known what a kernel does once this is broken: memory or text that is gone was used, or tasks wait
    /// that say nothing any more.
    pub ends_all: bool,
    /// The index of the first event that breaks the invariant.
    pub check: fn(&Trace) -> Option<usize>,
}

/// Where a trace broke an invariant.
#[derive(Debug, Clone, Copy)]
pub struct Violation {
    /// The invariant.
    pub invariant: &'static Invariant,
    /// The index of the event that broke it.
    pub at: usize,
}

impl Violation {
    /// Whether its invariant is one of these; every invariant is if none is named.
    pub fn is_of(&self, only: &[&str]) -> bool {
        only.is_empty() || only.contains(&self.invariant.name)
    }
}

/// Invariants about visibility.
pub mod visibility {
    pub mod gone_is_not_shown;
    pub mod namespaces_are_apart;
    pub mod notified_implies_visible;
    pub mod shown_implies_visible;
    pub mod uuid_taken_until_release;
    pub mod visible_implies_ready;
}

/// Invariants about notifications.
pub mod notification {
    pub mod end_follows_beginning;
    pub mod end_names_all;
    pub mod filter_only_thins;
    pub mod netdev_ends_where_it_began;
    pub mod no_child_before_parent_notification;
    pub mod references_are_known;
    pub mod stream_converges;
}

/// Invariants about reloads.
pub mod reload {
    pub mod failed_reload_leaves_nothing;
    pub mod move_takes_all;
    pub mod netns_exit_empties;
    pub mod no_recursion;
    pub mod refused_reload_is_silent;
    pub mod registration_constant_in_reload;
    pub mod reload_meets_no_probe;
    pub mod reload_reinitialises;
    pub mod resources_fit;
}

/// Invariants about locks.
pub mod lock {
    pub mod instances_in_parallel;
    pub mod lock_order;
    pub mod no_deadlock;
    pub mod no_global_lock_over_driver_callback;
}

/// Invariants about work.
pub mod work {
    pub mod clients_in_order;
    pub mod gid_table_converges;
    pub mod no_work_left;
    pub mod one_remove_per_add;
    pub mod remove_is_synchronous;
    pub mod text_outlives_work;
}

/// Invariants about lifetimes.
pub mod life {
    pub mod active_keeps_memory;
    pub mod caller_holds_reference;
    pub mod core_references_balance;
    pub mod no_use_after_free;
    pub mod no_warning;
    pub mod references_balance;
}

/// Invariants about uevents.
pub mod uevent {
    pub mod completion_is_told;
    pub mod rules_find_what_is_said;
    pub mod uevent_order;
    pub mod uevent_while_alive;
}

/// Invariants about RDMA.
pub mod rdma {
    pub mod attach_within_registration;
    pub mod compat_devices_alternate;
    pub mod move_changes_the_name;
    pub mod rdma_stream_converges;
    pub mod rdma_told_in_order;
}

/// Invariants about atomicity.
pub mod atomicity {
    pub mod error_leaves_state;
    pub mod instances_come_back;
}

/// Lists the invariants: the folder, the module and the constant of each. The modules are declared above, where rustfmt
/// sees them.
macro_rules! invariants {
    ($($theme:ident $title:literal $about:literal { $($module:ident $constant:ident,)+ })+) => {
        /// The invariants by theme: a heading, what they are about, and the invariants.
        pub const THEMES: &[(&str, &str, &[&Invariant])] =
            &[$(($title, $about, &[$(&$theme::$module::$constant,)+]),)+];

        /// Every invariant. The order is the order in which a report names several.
        pub const ALL: &[&Invariant] = &[$($(&$theme::$module::$constant,)+)+];

        /// Panics in a frame that only this invariant has, so that services that group crashes by their stack
        /// (OSS-Fuzz, CASR) group by what was broken.
        pub fn panic_for(invariant: &Invariant, message: &str) -> ! {
            match invariant.name {
                $($(name if name == $theme::$module::$constant.name => $module(message),)+)+
                name => unreachable!("{name} is not in the list"),
            }
        }

        $($(#[inline(never)] fn $module(message: &str) -> ! {
            // The name keeps two frames from being folded into one.
            panic!("{}: {message}", $theme::$module::$constant.name)
        })+)+
    };
}

invariants! {
    visibility "Visibility" "Who can find an object, and when." {
        visible_implies_ready VISIBLE_IMPLIES_READY,
        notified_implies_visible NOTIFIED_IMPLIES_VISIBLE,
        shown_implies_visible SHOWN_IMPLIES_VISIBLE,
        gone_is_not_shown GONE_IS_NOT_SHOWN,
        namespaces_are_apart NAMESPACES_ARE_APART,
        uuid_taken_until_release UUID_TAKEN_UNTIL_RELEASE,
    }
    notification "Notifications" "What listeners are notified of, in which order, and what they know afterwards." {
        no_child_before_parent_notification NO_CHILD_BEFORE_PARENT,
        end_follows_beginning END_FOLLOWS_BEGINNING,
        end_names_all END_NAMES_ALL,
        references_are_known REFERENCES_ARE_KNOWN,
        stream_converges STREAM_CONVERGES,
        filter_only_thins FILTER_ONLY_THINS,
        netdev_ends_where_it_began NETDEV_ENDS_WHERE_IT_BEGAN,
    }
    reload "Reload" "What a reload, or a move to another namespace, makes anew and leaves." {
        reload_reinitialises RELOAD_REINITIALISES,
        registration_constant_in_reload REGISTRATION_CONSTANT,
        no_recursion NO_RECURSION,
        refused_reload_is_silent REFUSED_RELOAD_IS_SILENT,
        reload_meets_no_probe RELOAD_MEETS_NO_PROBE,
        failed_reload_leaves_nothing FAILED_RELOAD_LEAVES_NOTHING,
        resources_fit RESOURCES_FIT,
        netns_exit_empties NETNS_EXIT_EMPTIES,
        move_takes_all MOVE_TAKES_ALL,
    }
    lock "Locks" "Which locks are held over callbacks, and that no set of tasks waits for each other." {
        no_global_lock_over_driver_callback NO_GLOBAL_LOCK,
        instances_in_parallel INSTANCES_IN_PARALLEL,
        no_deadlock NO_DEADLOCK,
        lock_order LOCK_ORDER,
    }
    work "Callbacks and work" "What has ended when remove() or an unregistration returns." {
        remove_is_synchronous REMOVE_IS_SYNCHRONOUS,
        text_outlives_work TEXT_OUTLIVES_WORK,
        one_remove_per_add ONE_REMOVE_PER_ADD,
        clients_in_order CLIENTS_IN_ORDER,
        no_work_left NO_WORK_LEFT,
        gid_table_converges GID_TABLE_CONVERGES,
    }
    life "Lifetimes" "What a reference keeps, and for how long." {
        no_use_after_free NO_USE_AFTER_FREE,
        references_balance REFERENCES_BALANCE,
        no_warning NO_WARNING,
        core_references_balance CORE_REFERENCES_BALANCE,
        caller_holds_reference CALLER_HOLDS_REFERENCE,
        active_keeps_memory ACTIVE_KEEPS_MEMORY,
    }
    uevent "Uevents" "When uevents are sent, and what is true then." {
        uevent_while_alive UEVENT_WHILE_ALIVE,
        uevent_order UEVENT_ORDER,
        completion_is_told COMPLETION_IS_TOLD,
        rules_find_what_is_said RULES_FIND_WHAT_IS_SAID,
    }
    rdma "RDMA notifications" "What users are notified of RDMA devices and their links." {
        rdma_told_in_order TOLD_IN_ORDER,
        attach_within_registration ATTACH_WITHIN_REGISTRATION,
        move_changes_the_name MOVE_CHANGES_THE_NAME,
        compat_devices_alternate COMPAT_DEVICES_ALTERNATE,
        rdma_stream_converges RDMA_STREAM_CONVERGES,
    }
    atomicity "Atomicity" "A command does all of what it is for or nothing." {
        error_leaves_state ERROR_LEAVES_STATE,
        instances_come_back INSTANCES_COME_BACK,
    }
}

/// The invariant with this name.
pub fn named(name: &str) -> Option<&'static Invariant> {
    ALL.iter().copied().find(|invariant| invariant.name == name)
}

/// The invariant with this number.
pub fn numbered(id: u8) -> Option<&'static Invariant> {
    ALL.iter().copied().find(|invariant| invariant.id == id)
}

/// Every invariant that the trace of a real kernel breaks, of those that can judge one.
pub fn judge_observed(trace: &Trace) -> Vec<Violation> {
    let mut violations = judge(trace);
    violations.retain(|violation| violation.invariant.observable);
    violations
}

/// Every invariant that a trace breaks, in the order of [`ALL`]; each once, where it is first broken.
pub fn judge(trace: &Trace) -> Vec<Violation> {
    let asked = ALL.iter().filter(|invariant| trace.kinds.meets(invariant.about));
    asked.filter_map(|invariant| (invariant.check)(trace).map(|at| Violation { invariant, at })).collect()
}
