//! No program of devlink commands breaks an invariant under the settled decisions.
#![cfg_attr(fuzzing, no_main)]
unreg_fuzz::programs!(unreg::target::Scope::Devlink);
