#!/bin/bash -eu
# Builds the fuzz targets as ClusterFuzzLite and OSS-Fuzz want them: binaries, seeds, dictionaries and options in $OUT.
# `.ci/clusterfuzzlite` runs this without a container.
cd "$SRC/unreg"
# Coverage builds replace this by a plain build of all binaries in fuzz/, without debug assertions: what the targets
# demand is no debug assertion, and AFL's binaries are in a package of their own.
# Comparisons need no callbacks: words and records are what the targets' own mutator puts in.
cargo fuzz build -O --debug-assertions --no-trace-compares
# Asked, not guessed: a workspace may put it elsewhere.
target=$(cargo metadata --format-version 1 --no-deps --manifest-path fuzz/Cargo.toml |
    sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
for name in $(cargo fuzz list); do
    cp "$target/x86_64-unknown-linux-gnu/release/$name" "$OUT/"
    # A flat archive, and the same bytes from the same seeds. What an engine has added here is not a seed.
    rm -f "$OUT/${name}_seed_corpus.zip"
    find "fuzz/corpus/$name" -type f -name '*[!0-9a-f]*' | LC_ALL=C sort | zip -q -X -j "$OUT/${name}_seed_corpus.zip" -@
    cp "fuzz/engine/$name.dict" "fuzz/engine/$name.options" "$OUT/"
done
