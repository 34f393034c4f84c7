# What every script that builds and runs targets under libFuzzer agrees on; to be sourced in the project's folder.

# Without callbacks for comparisons, which cost half of the speed: the mutator knows the words that they would find.
build=(-O --debug-assertions --no-trace-compares)

# Sets `options` to those of a target and ASAN_OPTIONS to its, as services read them from `fuzz/engine/`, which a build
# fills.
read_options() {
    mapfile -t options < <(sed -n '/^\[asan\]/,$d; s/^\([a-z_]*\) = /-\1=/p' "fuzz/engine/$1.options")
    ASAN_OPTIONS=$(sed -n '/^\[asan\]/,$s/^\([a-z_]*\) = /\1=/p' "fuzz/engine/$1.options" | paste -sd:)
    export ASAN_OPTIONS
}
