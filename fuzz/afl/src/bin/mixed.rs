//! `fuzz/fuzz_targets/mixed.rs` under AFL++.
fn main() {
    unreg_afl::programs(unreg::target::Scope::Mixed);
}
