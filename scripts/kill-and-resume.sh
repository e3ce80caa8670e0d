#!/usr/bin/env bash
# Shows exact resume: trains a small recipe undisturbed, then again with SIGKILL at random moments, restarted each time, and compares what
# both runs wrote byte by byte. Needs nothing but a build (dotnet build -c Release); ends with 1 on any difference.
#
#   scripts/kill-and-resume.sh [--kills N] [--seed N] [--recipe NAME] [--output FOLDER] [-- MORE OPTIONS OF vlpeft train]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

kills=20 seed=$RANDOM recipe=demo/multiply output=
while [ $# -gt 0 ]; do
    case $1 in
        --kills) kills=$2; shift 2 ;;
        --seed) seed=$2; shift 2 ;;
        --recipe) recipe=$2; shift 2 ;;
        --output) output=$2; shift 2 ;;
        --) shift; break ;;
        *) sed -n '2,6p' "${BASH_SOURCE[0]}" | cut -c3-; exit 2 ;;
    esac
done
vlpeft=$root/src/VLPeft.Cli/bin/Release/net10.0/VLPeft.Cli
[ -x "$vlpeft" ] || { echo "there is no $vlpeft: build first, dotnet build -c Release" >&2; exit 2; }
if [ -z "$output" ]; then
    output=$(mktemp -d)
    trap 'rm -rf "$output"' EXIT
fi

# Small pictures and dropout, checkpoints close together: the moments that matter come often.
train() {
    "$vlpeft" train "$recipe" --output "$output/$1" --set data.folder="$output/scenes" --set vision.cache="$output/cache" \
        --set data.scenes.train-images=300 --set data.scenes.validation-images=60 --set data.scenes.test-images=60 \
        --set text.backbone-dropout=0.1 --set training.steps=600 --set training.validate-every=30 --set training.checkpoint-every=7 \
        "${@:2}"
}
now() { date +%s%N; }

echo "recipe $recipe, $kills kills, random seed $seed (--seed $seed repeats the moments)"
train undisturbed "$@" > "$output/undisturbed.log" 2>&1 || { tail -3 "$output/undisturbed.log"; exit 1; }
start=$(now)
rm -rf "$output/undisturbed"
train undisturbed "$@" > "$output/undisturbed.log" 2>&1      # again, for its time: pictures and features are there now
length=$(( ($(now) - start) / 1000000 ))
echo "undisturbed: $length ms"

RANDOM=$seed
killed=0 finished=0
while [ "$killed" -lt "$kills" ]; do
    # Anywhere between the start of the process and what it needs for some steps, so that 20 kills are spread over the run.
    wait_ms=$(( (RANDOM * 32768 + RANDOM) % (length * 2 / 3) ))
    train killed "$@" > "$output/killed.log" 2>&1 &
    process=$!
    sleep "$(printf '%d.%03d' $((wait_ms / 1000)) $((wait_ms % 1000)))"
    if child=$(pgrep -P "$process") && kill -KILL "$child" 2>/dev/null; then
        killed=$((killed + 1))
        wait "$process" 2>/dev/null || true
        steps=$(wc -l < "$output/killed/metrics.jsonl" 2>/dev/null || echo 0)
        echo "kill $killed after $wait_ms ms: $steps lines in the log"
    else
        wait "$process"                                      # it had ended: begin a new run, there are kills left
        finished=$((finished + 1))
        compare_now=1
    fi
done
