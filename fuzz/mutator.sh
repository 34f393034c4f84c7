# What the scripts of both engines agree on about the mutator that looks ahead; to be sourced in the project's folder.

# Where cargo puts what it builds for a manifest.
target_directory() {
    cargo metadata --format-version 1 --no-deps --manifest-path "$1" | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
}

# Sets `unreg` to the command line: that which UNREG names, or a release build.
build_unreg() {
    [ -n "${UNREG:-}" ] || cargo build --release --quiet
    unreg=${UNREG:-$(target_directory Cargo.toml)/release/unreg}
}

# Builds the mutator, which is not instrumented, and sets `mutator` to the library.
build_mutator() {
    cargo build --release --manifest-path fuzz/afl/Cargo.toml --package unreg-afl-mutator
    mutator=$(target_directory fuzz/afl/Cargo.toml)/release/libunreg_afl_mutator.so
}

# Whether a target runs programs, which are what the mutator makes.
takes_programs() { grep -q 'programs!' "fuzz/fuzz_targets/$1.rs"; }

# How many programs the mutator says in a log that it ran. It hands over what does something new, and an engine's own
# count knows nothing of the rest.
count_ahead() { awk '/^unreg: the mutator ran / { ahead = $5 } END { print ahead + 0 }' "$1"; }
