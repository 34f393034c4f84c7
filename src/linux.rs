//! A real kernel as the judge: what is asked of it, what it answers, and how that compares with the model.
//!
//! Nothing here boots or talks to a kernel; the command line does. A program becomes [`wire::Request`]s, a
//! guest's [`wire::Report`]s become a trace, and two traces are compared.

pub mod attribute;
pub mod compare;
pub mod complaint;
pub mod delay;
pub mod devlink;
pub mod fault;
pub mod link;
pub mod mdev;
pub mod observe;
pub mod other;
pub mod perform;
pub mod predict;
pub mod rdma;
mod route;
pub mod sense;
pub mod shown;
pub mod steer;
pub mod wire;
