# What every script that builds and runs targets under libFuzzer agrees on; to be sourced in the project's folder.

# Without callbacks for comparisons, which cost half of the speed: the mutator knows the words that they would find.
build=(-O --debug-assertions --no-trace-compares)

# Builds targets and the mutator that looks ahead, which is not instrumented, and sets `folder` to where targets are;
# takes the options and targets of `cargo fuzz build`.
build_libfuzzer() {
    cargo +nightly fuzz build "${build[@]}" "$@"
    cargo build --release --manifest-path fuzz/afl/Cargo.toml --package unreg-afl-mutator
    folder=$PWD/fuzz/target/x86_64-unknown-linux-gnu/release
}

# Sets `options` to those of a target, as services read them from `fuzz/engine/`, which a build fills, and `environment`
# to what it is to be run with: ASan's options, and the mutator if the target takes programs.
read_options() {
    local file=fuzz/engine/$1.options
    mapfile -t options < <(sed -n '/^\[asan\]/,$d; s/^\([a-z_]*\) = /-\1=/p' "$file")
    environment=("ASAN_OPTIONS=$(sed -n '/^\[asan\]/,$s/^\([a-z_]*\) = /\1=/p' "$file" | paste -sd:)")
    ! grep -q 'programs!' "fuzz/fuzz_targets/$1.rs" ||
        environment+=("UNREG_TARGET=$1" "UNREG_MUTATOR=$PWD/fuzz/afl/target/release/libunreg_afl_mutator.so")
}

# How many programs were run by a search that put its log there: libFuzzer's own runs, and the mutator's, which hands
# over what does something new.
count_libfuzzer_runs() {
    awk '/^stat::number_of_executed_units: / { own = $2 } /^unreg: the mutator ran / { ahead = $5 } END { print own + ahead }' "$1"
}
