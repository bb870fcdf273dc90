#!/bin/sh
# Builds the fuzz targets with the stable compiler and runs each for a number of runs (default 20000). A crash fails the
# script and leaves the input under fuzz/artifacts/.
#
#   crates/intake/fuzz/smoke.sh [RUNS]
set -eu

cd "$(dirname "$0")"
runs=${1:-20000}

# With --target the flags stay away from build scripts, which do not link libFuzzer.
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table --cfg fuzzing" \
    cargo build --release --target "$host" --target-dir target

for name in packets panels; do
    mkdir -p artifacts "target/corpus-$name"
    echo "fuzz target $name: $runs runs"
    "target/$host/release/$name" -runs="$runs" -seed=1 -max_len=4096 -rss_limit_mb=2048 -verbosity=0 \
        -print_final_stats=1 -artifact_prefix="artifacts/$name-" "target/corpus-$name"
done
