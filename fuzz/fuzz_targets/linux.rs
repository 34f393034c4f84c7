//! Whatever a real kernel says is read, judged and printed, and what is sent to one survives the wire.
#![cfg_attr(fuzzing, no_main)]
unreg_fuzz::target!(unreg_fuzz::linux());
