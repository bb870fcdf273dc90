#!/bin/sh
# Builds the fuzz target with the stable compiler and runs it for a number of runs (default 20000). A crash fails the
# script and leaves the input under fuzz/artifacts/.
#
#   crates/journal/fuzz/smoke.sh [RUNS]
set -eu

cd "$(dirname "$0")"
runs=${1:-20000}

# With --target the flags stay away from build scripts, which do not link libFuzzer.
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table --cfg fuzzing" \
    cargo build --release --target "$host" --target-dir target

mkdir -p artifacts target/corpus
echo "fuzz target segment: $runs runs"
"target/$host/release/segment" -runs="$runs" -seed=1 -max_len=4096 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
    -artifact_prefix=artifacts/segment- target/corpus
