//! `fuzz/fuzz_targets/care.rs` under AFL++.
fn main() {
    unreg_afl::fuzz(unreg_fuzz::care());
}
