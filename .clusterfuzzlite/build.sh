#!/bin/bash -eu
# Copyright the unreg developers
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
#
################################################################################
# Builds the fuzz targets as ClusterFuzzLite and OSS-Fuzz want them: binaries, seeds, dictionaries and options in $OUT.
# `.ci/clusterfuzzlite` runs this without a container.
set -euo pipefail # however this was started
cd "$SRC/unreg"
# Coverage builds replace this by a plain build of all binaries in fuzz/, without debug assertions: what the targets
# demand is no debug assertion, and AFL's binaries are in a package of their own.
# Comparisons need no callbacks: words and records are what the targets' own mutator puts in.
# The build script places the seeds. It runs again, because an engine may have removed or renamed them since.
touch fuzz/build.rs
cargo fuzz build -O --debug-assertions --no-trace-compares
# Asked, not guessed: a workspace may put it elsewhere.
target=$(cargo metadata --format-version 1 --no-deps --manifest-path fuzz/Cargo.toml |
    sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for name in $(cargo fuzz list); do
    cp "$target/x86_64-unknown-linux-gnu/release/$name" "$OUT/"
    # A flat archive, and the same bytes from the same seeds. What an engine has added here is not a seed: it is named
    # after a hash.
    find "fuzz/corpus/$name" -type f -name '*[!0-9a-f]*' | LC_ALL=C sort >"$scratch/seeds"
    [ -s "$scratch/seeds" ] || { echo "$0: $name has no seed" >&2; exit 1; }
    rm -f "$OUT/${name}_seed_corpus.zip"
    zip -q -X -j "$OUT/${name}_seed_corpus.zip" -@ <"$scratch/seeds"
    cp "fuzz/engine/$name.dict" "fuzz/engine/$name.options" "$OUT/"
done
