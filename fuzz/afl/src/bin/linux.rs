//! `fuzz/fuzz_targets/linux.rs` under AFL++.
fn main() {
    unreg_afl::fuzz(unreg_fuzz::linux());
}
