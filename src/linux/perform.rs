//! devlink.
