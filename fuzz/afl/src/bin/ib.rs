//! `fuzz/fuzz_targets/ib.rs` under AFL++.
fn main() {
    unreg_afl::programs(unreg::target::Scope::Ib);
}
