//! No program of commands of all subsystems breaks an invariant under the settled rules.
#![cfg_attr(fuzzing, no_main)]
unreg_fuzz::target!(unreg_fuzz::run(unreg::target::Scope::Mixed));
