//! `fuzz/fuzz_targets/text.rs` under AFL++.
fn main() {
    unreg_afl::fuzz(unreg_fuzz::text());
}
