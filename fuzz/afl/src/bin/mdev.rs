//! `fuzz/fuzz_targets/mdev.rs` under AFL++.
fn main() {
    unreg_afl::programs(unreg::target::Scope::Mdev);
}
