# What every script that runs AFL++ agrees on; to be sourced in the project's folder.

. fuzz/mutator.sh

# On a busy machine a target takes long to start.
export AFL_FORKSRV_INIT_TMOUT=60000
# What needs root or a person's eyes is left to whoever owns the machine.
export AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_UI=1 AFL_NO_AFFINITY=1
# Frame shift looks for length fields, which records have none of, and in 4.40 writes behind the end of inputs.
export AFL_FRAMESHIFT_DISABLE=1
# 4.40 ends a search that is alone by making a file of any name (check_sync_fuzzers opens a path that it has not set).
export AFL_NO_SYNC=1

# Sets `folder` to where targets and mutator are, and builds them.
build_afl() {
    (cd fuzz/afl && cargo afl build --release "$@") >/dev/null
    build_mutator
    folder=$(target_directory fuzz/afl/Cargo.toml)/release
}

# How many programs were run by a search that put its output and its log there, the mutator's among them.
count_afl_runs() {
    local own
    own=$(sed -n 's/^execs_done *: //p' "$1/default/fuzzer_stats") || return
    echo $((own + $(count_ahead "$2")))
}

# Gives a target our mutator, if it takes programs. The mutator looks ahead; what AFL's own stages make is mostly no
# program that does anything.
give_mutator() {
    unset AFL_CUSTOM_MUTATOR_LIBRARY AFL_CUSTOM_MUTATOR_ONLY
    takes_programs "$1" || return 0
    export UNREG_TARGET=$1 AFL_CUSTOM_MUTATOR_LIBRARY=$mutator AFL_CUSTOM_MUTATOR_ONLY=1
}
