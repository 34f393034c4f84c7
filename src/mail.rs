//! The mails that argued for the invariants. Everything that unreg checks or breaks on purpose cites one of them.
//!
//! Claims are given in our own words; the subject, author and date find the mail in any list archive.

pub mod claims;

/// A mail on a kernel list.
#[derive(Debug, PartialEq, Eq)]
pub struct Mail {
    /// One word for it, as corpus files cite it: `#= kref: Jason Gunthorpe`.
    pub key: &'static str,
    /// Its author.
    pub author: &'static str,
    /// When, as year-month-day.
    pub date: &'static str,
    /// The subject line.
    pub subject: &'static str,
}

/// A claim of a person in a mail.
#[derive(Debug, Clone, Copy)]
pub struct Cite {
    /// Where it is written (the author of the mail, or of a mail that it answers).
    pub mail: &'static Mail,
    /// Whose claim it is.
    pub who: &'static str,
    /// The claim, in our words.
    pub claim: &'static str,
}

impl std::fmt::Display for Cite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} ({}, {})", self.who, self.claim, self.mail.subject, self.mail.date)
    }
}

/// When may an instance become visible, and when may its notifications go out?
pub const REGISTER: Mail = Mail {
    key: "register",
    author: "Leon Romanovsky",
    date: "2021-08-11",
    subject: "Re: [PATCH net-next 0/5] Move devlink_register to be near devlink_reload_enable",
};

/// Which lock may be held across a driver's callback?
pub const RELOAD_LOCK: Mail = Mail {
    key: "reload-lock",
    author: "Jason Gunthorpe",
    date: "2021-11-09",
    subject: "Re: [PATCH net-next] devlink: Require devlink lock during device reload",
};

/// What must a reload create again?
pub const TRAPS: Mail = Mail {
    key: "traps",
    author: "Leon Romanovsky",
    date: "2021-10-26",
    subject: "Re: [PATCH net-next] netdevsim: Register and unregister devlink traps on probe/remove device",
};

/// When does a uevent say that a parent is registered or gone, and who keeps the device alive for it?
pub const UEVENTS: Mail = Mail {
    key: "uevents",
    author: "Kirti Wankhede",
    date: "2019-07-02",
    subject: "Re: [PATCH v2] mdev: Send uevents around parent device registration",
};

/// May a reference count mean more than memory, and what has ended when `remove()` returns?
pub const KREF: Mail = Mail {
    key: "kref",
    author: "Matan Barak",
    date: "2015-05-01",
    subject: "Re: [PATCH v3 for-next 02/33] IB/core: Add kref to IB devices",
};

/// Every mail.
pub const ALL: &[&Mail] = &[&REGISTER, &RELOAD_LOCK, &TRAPS, &UEVENTS, &KREF];
