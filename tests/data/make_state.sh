#!/usr/bin/env bash
# Makes a state folder as a version of Seedbed leaves it: one run that has finished, one that was interrupted, and what
# the same version makes of both. CHECKOUT is one of the version that is to be kept, after `make trainer`:
#
#     bash tests/data/make_state.sh CHECKOUT state_1.tar.xz
#
# `state_1.tar.xz` was made of the commit cfbface, which wrote no numbers of formats yet.
set -euo pipefail
checkout=$(realpath "$1")
target=$(realpath "$2")
python="$checkout/.venv/bin/python"
work=$(mktemp -d)
cd "$work"
for leaf in knowledge/science/biology/seed_germination compositional_skills/linguistics/writing/thank_you_notes; do
    mkdir -p "taxonomy/$leaf"
    cp -r "$checkout/taxonomy/$leaf/." "taxonomy/$leaf/"
done

generate=("$python" -m seedbed.cli generate taxonomy --state state --json)
"${generate[@]}" --teacher rehearsal --target 6 --out dataset | tail -n 1 >finished.json

# The same teacher, but slow, so that there is time to interrupt it.
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$python" -m seedbed.rehearsal --listen "127.0.0.1:$port" --delay-ms 1500 &
trap "kill $!" EXIT
generate+=(--teacher "http://127.0.0.1:$port/v1" --model rehearsal --target 20 --concurrency 4)
"${generate[@]}" --out none 2>progress &
until grep -q ' [1-9][0-9]* calls · ' progress; do kill -0 $! && sleep 0.2; done
kill -TERM $!
wait $! || true

# What the same version makes of the rest, in a copy: the manifest holds the digest of every file.
cp -r state kept
"${generate[@]}" --out more | tail -n 1 >gone_on.json
mv more/manifest.json gone_on_manifest.json
rm -rf state
mv kept state

# Not what is written anew at every start, nor what says nothing to anybody later.
rm -rf state/{logs,cache,telemetry,nats.conf,api_token,lock}
files=(taxonomy state dataset finished.json gone_on.json gone_on_manifest.json)
tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 "${files[@]}" | xz -9e >"$target"
rm -rf "$work"
