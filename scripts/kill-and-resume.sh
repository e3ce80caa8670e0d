#!/usr/bin/env bash
# Shows exact resume: trains a small recipe undisturbed, then again with SIGKILL at random moments, restarted each time, and compares what
# both wrote byte by byte. Needs nothing but a build (dotnet build -c Release); ends with 1 on any difference.
#
#   scripts/kill-and-resume.sh [--kills N] [--seed N] [--recipe NAME] [--output FOLDER] [-- MORE OPTIONS OF vlpeft train]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/small-run.sh"

kills=20 seed=$RANDOM
while [ $# -gt 0 ]; do
    case $1 in
        --kills) kills=$2; shift 2 ;;
        --seed) seed=$2; shift 2 ;;
        --recipe) recipe=$2; shift 2 ;;
        --output) output=$2; shift 2 ;;
        --) shift; more=("$@"); break ;;
        *) sed -n '2,5p' "${BASH_SOURCE[0]}" | cut -c3-; exit 2 ;;
    esac
done
prepare
# Checkpoints and validations close together: the moments that matter come often.
settings+=(--set training.steps=600 --set training.validate-every=30 --set training.checkpoint-every=7 --set training.log-every=1)

milliseconds() { echo $(( $(date +%s%N) / 1000000 )); }
pause() { sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"; }
random() { echo $(( (RANDOM * 32768 + RANDOM) % $1 )); }

compared=(checkpoint.safetensors best-loss.safetensors best-accuracy.safetensors metrics.jsonl)
compare() {
    local wrong=0 name expected got
    for name in "${compared[@]}"; do
        expected=$(sha256sum < "$output/undisturbed/$name" | cut -c-64)
        got=$(sha256sum < "$output/killed/$name" | cut -c-64)
        if [ "$expected" = "$got" ]; then
            echo "same       $name  $got"
        else
            echo "DIFFERENT  $name  $expected undisturbed, $got killed"
            wrong=1
        fi
    done
    return $wrong
}

echo "recipe $recipe, $kills kills, random seed $seed (--seed $seed repeats the choice of moments)"
start_run prepared                                            # makes pictures and features, so that both runs find them
await_end prepared
begin=$(milliseconds)
start_run undisturbed
until [ -s "$output/undisturbed/metrics.jsonl" ] || ! kill -0 "$process" 2>/dev/null; do sleep 0.02; done
startup=$(( $(milliseconds) - begin ))
await_end undisturbed
training=$(( $(milliseconds) - begin - startup ))
echo "undisturbed: $startup ms until the first step, $training ms of training"

RANDOM=$seed
killed=0 begun=0
while true; do
    [ -d "$output/killed" ] || begun=$((begun + 1))
    start_run killed
    if [ "$killed" -lt "$kills" ]; then
        # One kill in five while the program starts and resumes, the others while it trains.
        if [ "$(random 5)" -eq 0 ]; then wait_for=$(random "$startup"); else wait_for=$(( startup + $(random $((2 * training / kills + 1))) )); fi
        pause "$wait_for"
        kill -KILL "$process" 2>/dev/null || true
    fi
    code=0
    { wait "$process" || code=$?; } 2>/dev/null               # without the shell's own word about a killed job
    if [ "$code" -eq 137 ]; then
        killed=$((killed + 1))
        echo "kill $killed after $wait_for ms: $(cat "$output/killed/metrics.jsonl" 2>/dev/null | wc -l) lines in the log"
    elif [ "$code" -ne 0 ]; then
        tail -3 "$output/killed.log"
        exit 1
    else
        echo "run $begun ended after $killed kills in all:"
        compare || exit 1
        [ "$killed" -lt "$kills" ] || break
        rm -rf "$output/killed"                               # it ended before its kills were used up: once more, for the others
    fi
done
echo "$killed kills, $begun run(s): bit-identical to the undisturbed one"
