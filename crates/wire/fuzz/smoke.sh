#!/bin/sh
# Builds every fuzz target with the stable compiler and runs each for a number of runs (default 20000) over the golden
# frames as seeds. A crash fails the script and leaves the input under fuzz/artifacts/.
#
#   crates/wire/fuzz/smoke.sh [RUNS]
set -eu

cd "$(dirname "$0")"
runs=${1:-20000}
seeds=target/seeds
crashes=artifacts

# With --target the flags stay away from build scripts, which do not link libFuzzer.
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table --cfg fuzzing" \
    cargo build --release --target "$host" --target-dir target

mkdir -p "$seeds" "$crashes"
# Two seeds a line: the line itself, and it as the payload of a topic, as the target `decode` takes it.
cat ../tests/data/frames/watchfire.jsonl ../tests/data/frames/topics.jsonl ../tests/data/frames/meaning.jsonl |
    awk -v dir="$seeds" '{
        line = dir "/" NR; print > line; close(line)
        message = line "-message"; print "zigbee2mqtt/k\n" $0 > message; close(message)
    }'

for target in decode properties line panel; do
    echo "fuzz target $target: $runs runs"
    mkdir -p "target/corpus/$target"
    "target/$host/release/$target" -runs="$runs" -seed=1 -max_len=4096 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
        -artifact_prefix="$crashes/$target-" "target/corpus/$target" "$seeds"
done
