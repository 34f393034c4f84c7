//! The smallest part of a corpus covers as much as all of it, and a minimal program breaks what it broke.
#![cfg_attr(fuzzing, no_main)]
unreg_fuzz::target!(unreg_fuzz::minimize());
