//! `fuzz/fuzz_targets/minimize.rs` under AFL++.
fn main() {
    unreg_afl::fuzz(unreg_fuzz::minimize());
}
