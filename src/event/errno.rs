//! Errnos: why the kernel refuses a command.

/// Declares the errnos: number and name.
macro_rules! errnos {
    ($($number:literal $name:ident,)+) => {
        /// Why the kernel refused a command, with the number that Linux gives it on most machines.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "the names of errno(3)")]
        pub enum Errno { $($name = $number,)+ }

        impl Errno {
            /// The errno with this number, if it has a name here.
            pub const fn from_number(number: i32) -> Option<Errno> {
                match number { $($number => Some(Errno::$name),)+ _ => None }
            }
            /// How errno(3) spells it.
            pub const fn name(self) -> &'static str {
                match self { $(Errno::$name => stringify!($name),)+ }
            }
        }
    };
}

errnos! {
    1 EPERM, 2 ENOENT, 3 ESRCH, 4 EINTR, 5 EIO, 6 ENXIO, 9 EBADF, 11 EAGAIN, 12 ENOMEM, 13 EACCES, 14 EFAULT,
    16 EBUSY, 17 EEXIST, 19 ENODEV, 20 ENOTDIR, 22 EINVAL, 23 ENFILE, 24 EMFILE, 27 EFBIG, 28 ENOSPC, 30 EROFS,
    32 EPIPE, 34 ERANGE, 35 EDEADLK, 39 ENOTEMPTY, 61 ENODATA, 71 EPROTO, 75 EOVERFLOW, 87 EUSERS, 90 EMSGSIZE, 95 EOPNOTSUPP,
    98 EADDRINUSE, 99 EADDRNOTAVAIL, 105 ENOBUFS, 107 ENOTCONN, 110 ETIMEDOUT, 114 EALREADY, 125 ECANCELED,
}

impl std::fmt::Display for Errno {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
