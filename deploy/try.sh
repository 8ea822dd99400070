#!/usr/bin/env bash
# Builds the image, starts it with nothing writable but /data and /tmp, asks it a question, and prints what it saw.
#
#   deploy/try.sh [options of the build]      for instance: deploy/try.sh --build-arg CUDA=yes
#   ENGINE=docker deploy/try.sh               podman is taken where nothing is said
#   BASE=debootstrap deploy/try.sh            makes the base out of Debian's packages instead of fetching an image
#   BUILT=1 deploy/try.sh                     takes the image of the last time
#   CHROOT=1 deploy/try.sh                    where containers cannot be started, as inside of others: needs buildah
#
# With CHROOT the root is not mounted read-only and nothing is hidden; Echo is an ordinary user there all the same.
set -euo pipefail
cd "$(dirname "$0")/.."
engine=${ENGINE:-podman} image=${IMAGE:-localhost/echo-try} chroot=${CHROOT:-}
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
work=$(mktemp -d)
container=""
trap 'end; rm -rf "$work"' EXIT

say() { printf '%4ds  %s\n' "$SECONDS" "$*"; }

end() {
    if [ -z "$container" ]; then
        return
    elif [ "$chroot" ]; then
        kill "$serving" 2>/dev/null || true
        buildah rm "$container" >/dev/null
    else
        "$engine" rm --force "$container" >/dev/null
    fi
    container=""
}

inside() { # a command inside of the container, beside the server
    if [ "$chroot" ]; then
        buildah run --isolation=chroot "$container" -- "$@"
    else
        "$engine" exec --interactive "$container" "$@"
    fi
}

options=("$@")
if [ "${BASE:-}" = debootstrap ]; then
    say "making a base of Debian's packages"
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$work/base" >"$work/log"
    tar -C "$work/base" -c . | "$engine" import - localhost/echo-base >/dev/null
    rm -rf "$work/base"
    options+=(--build-arg BASE=localhost/echo-base)
elif [ "${BASE:-}" ]; then
    options+=(--build-arg "BASE=$BASE")
fi
if [ "$engine" = podman ]; then
    options+=(--format docker)
fi
if [ "$chroot" ]; then
    options+=(--isolation=chroot --network=host --layers=false)
fi

if [ -z "${BUILT:-}" ]; then
    say "building"
    "$engine" build "${options[@]}" -t "$image" -f deploy/Dockerfile . >"$work/log" 2>&1 || { tail -n 30 "$work/log"; exit 1; }
fi
say "the image has $(("$("$engine" image inspect --format '{{.Size}}' "$image")" / 1000000)) MB"

if [ "$chroot" ]; then
    container=$(buildah from "$image")
    # shellcheck disable=SC2016
    inside sh -c 'echo $$ >/data/pid; exec env HOST=127.0.0.1 PORT="$0" python run.py' "$port" >"$work/log" 2>&1 &
    until serving=$(inside cat /data/pid 2>/dev/null) && [ "$serving" ]; do sleep 0.2; done
else
    container=$("$engine" run --detach --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
        --publish "127.0.0.1:$port:5000" "$image")
fi
address=http://127.0.0.1:$port
for _ in $(seq 1500); do
    curl --silent --fail "$address/readyz" >"$work/ready" && break
    sleep 0.2
done
say "ready: $(cat "$work/ready")"
say "runs as: $(inside id)"
# shellcheck disable=SC2016
say "may write to: $(inside sh -c 'for way in / /*/ /opt/*/ /var/*/ /usr/*/; do [ -w "$way" ] && printf "%s " "$way"; done; true')"
say "browser libraries: $(curl --silent --fail "$address/static/vendor/marked.esm.js" | wc -c) bytes of one of them"

password=$(head -c 18 /dev/urandom | base64)
echo "$password" | inside python run.py create-admin --email try@example.org --username try --password-stdin
key=$(inside python run.py keys create --user try --name try | grep -o 'echo_sk_[A-Za-z0-9]*')
answer=$(curl --silent --fail-with-body "$address/v1/chat/completions" -H "Authorization: Bearer $key" \
    -H 'Content-Type: application/json' -d '{"messages": [{"role": "user", "content": "Hello! Who are you?"}], "seed": 1}') || { echo "$answer"; exit 1; }
say "asked: Hello! Who are you?"
say "answered: $(python3 -c 'import json, sys; a = json.load(sys.stdin); print(a["model"], "says:", a["choices"][0]["message"]["content"])' <<<"$answer")"

began=$SECONDS
if [ "$chroot" ]; then
    kill -TERM "$serving"
    while kill -0 "$serving" 2>/dev/null; do sleep 0.1; done
    grep -o '"event": "stopped".*' "$work/log" || { tail -n 5 "$work/log"; exit 1; }
else
    "$engine" stop --time 15 "$container" >/dev/null
fi
say "ended $((SECONDS - began)) s after SIGTERM"
