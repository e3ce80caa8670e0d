# Sourced by the scripts beside it: a small training run of a shipped recipe, as a process that can be watched and killed.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
vlpeft=${VLPEFT:-$root/src/VLPeft.Cli/bin/Release/net10.0/VLPeft.Cli} # another build of the program can be named
recipe=demo/multiply output= settings=() more=() process=

prepare() {
    [ -x "$vlpeft" ] || { echo "there is no $vlpeft: build first, dotnet build -c Release" >&2; exit 2; }
    if [ -z "$output" ]; then
        output=$(mktemp -d)
        trap 'rm -rf "$output"' EXIT
    fi
    mkdir -p "$output"
    output=$(cd "$output" && pwd)
    # Dropout in the backbone, so that the random generator's state matters too.
    settings=(--set data.folder="$output/scenes" --set vision.cache="$output/cache" --set data.scenes.train-images=300
        --set data.scenes.validation-images=60 --set data.scenes.test-images=60 --set text.backbone-dropout=0.1)
}

# Starts (or resumes) the run of that name; $process is its process.
start_run() {
    "$vlpeft" train "$recipe" --output "$output/$1" "${settings[@]}" ${more[@]+"${more[@]}"} > "$output/$1.log" 2>&1 &
    process=$!
}

await_end() {
    wait "$process" || { tail -3 "$output/$1.log" >&2; exit 1; }
}
