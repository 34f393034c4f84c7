//! `fuzz/fuzz_targets/devlink.rs` under AFL++.
fn main() {
    unreg_afl::programs(unreg::target::Scope::Devlink);
}
