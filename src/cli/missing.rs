//! The error for what this machine lacks: a tool or a kernel. It has an exit code of its own.

/// Something that unreg needs and this machine does not have.
#[derive(Debug)]
pub(super) struct Missing(pub(super) String);

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}
