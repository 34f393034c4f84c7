//! What goes over the line between the host and the guest: a JSON object a line, requests in, reports out.
//!
//! The guest knows nothing of programs. It performs [`Operation`]s and reports bytes; the host makes the one from
//! commands and the other into events. So a new command changes the host alone.

use serde::{Deserialize, Serialize};

/// The longest piece of a request in bytes. A terminal that holds 4 KiB of unread text stops its driver, and
/// that of user-mode Linux 6.12 never reads again; so a piece waits until the guest has taken the one before.
pub const PIECE: usize = 2048;
/// What a line begins with that is a piece of a request but not its last.
pub const MORE: &[u8] = b"+";

/// One program to perform.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The commands, one after the other; if they are steered, those of a task one after the other.
    pub steps: Vec<Step>,
    /// Whether each task is a thread of its own, which a tracer stops and continues.
    #[serde(default)]
    pub is_steered: bool,
    /// What is asked once all is quiet: the dumps that show the state at rest.
    pub at_rest: Vec<Operation>,
    /// What brings the guest back to how it was before, unless it does not matter.
    pub clean_up: Vec<Operation>,
}

/// One command: its operations, of which the first that fails gives the command's errno.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The number of the command's task.
    pub task: u8,
    /// The number of the command in its task.
    pub command: u8,
    /// What to do.
    pub operations: Vec<Operation>,
}

/// What a guest can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// A netlink request; answers are reported.
    Netlink {
        /// To whom.
        family: Family,
        /// The message's type for RDMA and routing, the generic netlink command for devlink.
        command: u16,
        /// Flags besides those of every request: `NLM_F_DUMP`, `NLM_F_CREATE`, …
        flags: u16,
        /// What follows the netlink header (and the generic one): attributes, or a family's own header.
        #[serde(with = "hex")]
        body: Vec<u8>,
        /// Numbers in the body that only the guest knows.
        patches: Vec<Patch>,
    },
    /// A devlink request on the socket of the task's own that listens. The first one opens it, in the namespace where
    /// the task is then.
    Filter {
        /// The generic netlink command.
        command: u16,
        /// Its attributes.
        #[serde(with = "hex")]
        body: Vec<u8>,
    },
    /// Something that must be so before, and may be so already: its errno does not count.
    Prepare(Box<Operation>),
    /// Writes a text to a file of sysfs or debugfs that is there.
    Write {
        /// The absolute path.
        path: String,
        /// What to write, in one `write(2)`.
        text: String,
    },
    /// Writes every name in a folder that begins like this to a file, behind nothing: `del_device` and its like.
    WriteEach {
        /// The folder whose entries are meant.
        folder: String,
        /// How the entries' names begin; what follows is written.
        prefix: String,
        /// The file that is written to; `{}` stands for the entry's name.
        path: String,
        /// What to write instead of the rest of the name, if it is not that.
        text: Option<String>,
    },
    /// Loads a module and what it needs.
    Load {
        /// The module's name, without folder and ending.
        module: String,
    },
    /// Makes a network namespace, and listens there.
    NetnsAdd {
        /// Its name.
        name: String,
    },
    /// Stops listening there, drops the reference, and waits until the namespace has ended.
    NetnsDel {
        /// Its name.
        name: String,
    },
    /// The task that this is done for is in this namespace from here on.
    NetnsEnter {
        /// Its name.
        name: String,
    },
    /// Lets time pass, in which a worker does what the kernel has put off. It is virtual time, and costs nothing.
    Wait {
        /// How long.
        milliseconds: u32,
    },
    /// All tasks leave their namespaces, and the namespaces end.
    NetnsReset,
    /// Reads a file of sysfs, and reports what it says.
    Read {
        /// The absolute path.
        path: String,
    },
    /// Reports where the links lead that have this name in each folder of a folder, or those in the folder itself.
    Links {
        /// The folder.
        folder: String,
        /// The name of the links; empty for the entries themselves.
        link: String,
    },
    /// Unloads a module.
    Unload {
        /// The module's name.
        module: String,
    },
}

/// A number of 32 bits that the guest puts into a request: an index that the kernel chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// Where in the body, in bytes.
    pub at: usize,
    /// What it is the index of.
    pub of: Indexed,
}

/// What has an index that the kernel chooses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Indexed {
    /// A netdev, by its name.
    Netdev(String),
    /// The netdev of a devlink port, among those of the namespace where the task is.
    PortNetdev {
        /// The bus of the port's device.
        bus: String,
        /// The device's name.
        device: String,
        /// The port's index.
        port: u32,
    },
    /// An RDMA device, by its name.
    Rdma(String),
    /// A network namespace, by its name: a file descriptor, or an invalid one if there is no such namespace.
    Netns(String),
}

/// The family of a netlink message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Family {
    /// Generic netlink's family `devlink`; its group `config`.
    Devlink,
    /// `NETLINK_RDMA`; its group of notifications.
    Rdma,
    /// `NETLINK_ROUTE`; its group of links.
    Route,
    /// `NETLINK_KOBJECT_UEVENT`: the kernel's own group.
    Uevent,
}

/// What a guest says, in the order it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// The guest is up and has loaded what it could.
    Hello {
        /// The kernel's release, as `uname -r` prints it.
        release: String,
        /// What works: a subsystem and, if it does not, why.
        works: Vec<(String, Option<String>)>,
    },
    /// The guest has taken a piece of a request and waits for the next.
    Received,
    /// A command begins.
    Begin {
        /// [`Step::task`]
        task: u8,
        /// [`Step::command`]
        command: u8,
    },
    /// A command ended, with an errno or 0.
    End {
        /// [`Step::task`]
        task: u8,
        /// [`Step::command`]
        command: u8,
        /// What the kernel said: positive, 0 if it did what was asked.
        errno: i32,
    },
    /// A message to a group, as it came: from its netlink header on, or a uevent's strings.
    Heard {
        /// Which group.
        family: Family,
        /// Whose socket heard it, if it is the task's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<u8>,
        /// In which network namespace, if it is not the initial one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        netns: Option<String>,
        /// The message.
        #[serde(with = "hex")]
        message: Vec<u8>,
    },
    /// A task's own socket has this filter from here on.
    Filtered {
        /// The task.
        task: u8,
        /// In which network namespace the socket is, if it is not the initial one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        netns: Option<String>,
        /// The attributes that the kernel took.
        #[serde(with = "hex")]
        body: Vec<u8>,
    },
    /// An answer to a request of the command that runs.
    Answer {
        /// The family that answers.
        family: Family,
        /// To which task, if several may ask at the same time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<u8>,
        /// In which network namespace, if it is not the initial one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        netns: Option<String>,
        /// The message, from its netlink header on.
        #[serde(with = "hex")]
        message: Vec<u8>,
    },
    /// What a file says, or where a link leads.
    Text {
        /// Which task asked, if several may at the same time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<u8>,
        /// The path that was asked for.
        path: String,
        /// What is there.
        text: String,
    },
    /// Some tasks will never end their commands; nothing more is asked of this guest.
    Stuck {
        /// The locks that are held and wanted, in the kernel's words, if it keeps books of them.
        locks: String,
    },
    /// All commands are done and all is quiet; answers from here on show the state at rest.
    AtRest,
    /// The program is over; what follows brings the guest back to how it was.
    CleanUp,
    /// The kernel complained: a warning, a lockdep or KASAN report, an oops.
    Complaint {
        /// What it printed.
        text: String,
    },
    /// Something went wrong in the guest that is none of the program's business.
    Trouble {
        /// What.
        text: String,
    },
    /// The guest is as it was before.
    Done,
}
