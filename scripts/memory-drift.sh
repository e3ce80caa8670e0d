#!/usr/bin/env bash
# Shows that memory does not grow: trains a small recipe and samples the process's resident memory. The mean of the last 500 steps may be at
# most 2 % above that of the 500 after the warm-up. Needs nothing but a build (dotnet build -c Release).
#
#   scripts/memory-drift.sh [--steps N] [--warm-up N] [--recipe NAME] [--output FOLDER] [-- MORE OPTIONS OF vlpeft train]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/small-run.sh"

steps=3000 warm_up=500 window=500 percent=2
while [ $# -gt 0 ]; do
    case $1 in
        --steps) steps=$2; shift 2 ;;
        --warm-up) warm_up=$2; shift 2 ;;
        --recipe) recipe=$2; shift 2 ;;
        --output) output=$2; shift 2 ;;
        --) shift; more=("$@"); break ;;
        *) sed -n '2,5p' "${BASH_SOURCE[0]}" | cut -c3-; exit 2 ;;
    esac
done
prepare
settings+=(--set training.steps="$steps" --set training.validate-every=250 --set training.log-every=5)

start_run measured
while kill -0 "$process" 2>/dev/null; do
    line=$(tail -n 1 "$output/measured/metrics.jsonl" 2>/dev/null || true)
    step=${line#*\"step\":}
    resident=$(awk '/^VmRSS/ { print $2 }' "/proc/$process/status" 2>/dev/null || true)
    if [ -n "$line" ] && [ -n "$resident" ]; then echo "${step%%,*} $resident"; fi
    sleep 0.05
done > "$output/samples"
await_end measured

awk -v steps="$steps" -v warm="$warm_up" -v window="$window" -v limit="$percent" -v recipe="$recipe" '
    $1 > warm && $1 <= warm + window { a += $2; m++ }
    $1 > steps - window { b += $2; n++ }
    $2 > peak { peak = $2 }
    END {
        if (m < 5 || n < 5) { print "too few samples (" m + 0 ", " n + 0 "): take more steps"; exit 1 }
        drift = 100 * (b / n / (a / m) - 1)
        printf "%s, %d steps, %d samples: %.1f MB after the warm-up, %.1f MB at the end, peak %.1f MB, drift %+.2f %% (limit %s %%)\n", \
            recipe, steps, NR, a / m / 1024, b / n / 1024, peak / 1024, drift, limit
        exit drift > limit
    }' "$output/samples"
