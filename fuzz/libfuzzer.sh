# What every script that builds and runs targets under libFuzzer agrees on; to be sourced in the project's folder.

. fuzz/mutator.sh

# Without callbacks for comparisons, which cost half of the speed: the mutator knows the words that they would find.
build=(-O --debug-assertions --no-trace-compares)

# Builds targets and the mutator, and sets `folder` to where targets are; takes the options and targets of `cargo fuzz
# build`.
build_libfuzzer() {
    cargo +nightly fuzz build "${build[@]}" "$@"
    build_mutator
    folder=$(target_directory fuzz/Cargo.toml)/x86_64-unknown-linux-gnu/release
}

# Sets `options` to those of a target, as services read them from `fuzz/engine/`, which a build fills, and `environment`
# to what it is to be run with: ASan's options, and the mutator if the target takes programs.
read_options() {
    local file=fuzz/engine/$1.options
    mapfile -t options < <(sed -n '/^\[asan\]/,$d; s/^\([a-z_]*\) = /-\1=/p' "$file")
    environment=("ASAN_OPTIONS=$(sed -n '/^\[asan\]/,$s/^\([a-z_]*\) = /\1=/p' "$file" | paste -sd:)")
    ! takes_programs "$1" || environment+=("UNREG_TARGET=$1" "UNREG_MUTATOR=$mutator")
}

# How many programs were run by a search that put its log there, the mutator's among them.
count_libfuzzer_runs() {
    local own
    own=$(sed -n 's/^stat::number_of_executed_units: *//p' "$1")
    echo $((${own:-0} + $(count_ahead "$1")))
}
