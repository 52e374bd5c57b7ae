#!/usr/bin/env bash
# Sets this checkout up, part by part: `deploy/setup.sh python page browser bench weights sounds`.
# LIGHT=1 leaves out torch and what needs it: a hub and its band, without separation.
# A part is skipped while the files it depends on are what they were when it was last done.
set -euo pipefail
cd "$(dirname "$0")/.."

stop() {
    echo "set-up: $1" >&2
    exit 1
}

install() { # install DEBIAN_PACKAGE, where we may
    if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
        stop "$1 is missing; install it (Debian: apt-get install $1) and run this again"
    fi
    echo "set-up: installing $1"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >/dev/null
}

need() { # need COMMAND DEBIAN_PACKAGE: make sure that a program is there
    command -v "$1" >/dev/null || install "$2"
}

changed() { # changed STAMP FILE...: whether the part behind STAMP is to be done again
    local stamp=$1
    shift
    local now
    now=$(cat "$@" | sha256sum)
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ] && return 1
    pending=$now
}

done_with() { echo "$pending" >"$1"; }

setup_python() {
    local extras=server,client,engine,plot,models,dev
    [ -z "${LIGHT:-}" ] || extras=server,client,engine,plot,dev
    changed .venv/.stamp pyproject.toml deploy/setup.sh <(echo "$extras") || return 0
    local python=${PYTHON:-python3}
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        stop "Python 3.11 or newer is needed; name it by PYTHON=…"
    "$python" -c 'import ensurepip' 2>/dev/null || install python3-venv
    echo "set-up: Python packages into .venv/"
    "$python" -m venv .venv
    .venv/bin/python -m pip install -q --disable-pip-version-check -e ".[$extras]"
    done_with .venv/.stamp
}

setup_page() {
    need node nodejs
    need npm npm
    [ "$(node -p 'process.versions.node.split(".")[0] >= 20')" = true ] ||
        stop "Node 20 or newer is needed to build the page; this is $(node --version)"
    if changed web-demo/node_modules/.stamp web-demo/package.json web-demo/package-lock.json; then
        echo "set-up: the page's packages"
        (cd web-demo && npm ci --silent --no-audit --no-fund)
        done_with web-demo/node_modules/.stamp
    fi
    local sources
    mapfile -t sources < <(find web-demo/src web-demo/public web-demo/*.html web-demo/*.json web-demo/*.ts -type f 2>/dev/null | sort)
    if changed web-demo/dist/.stamp "${sources[@]}"; then
        echo "set-up: building the page"
        (cd web-demo && npm run --silent build >/dev/null)
        done_with web-demo/dist/.stamp
    fi
}

setup_browser() { need chromium chromium; }

setup_weights() { # the tagger's, which are nobody's to pass on but their author's; what wants them does without
    [ -d .weights/MTT_musicnn ] && return 0
    echo "set-up: weights of a tagger"
    local folder=.weights/part
    mkdir -p $folder
    if .venv/bin/python -m pip download -q --disable-pip-version-check --no-deps -d $folder musicnn==0.1.0 &&
        .venv/bin/python -m zipfile -e $folder/musicnn-*.whl $folder; then
        mv $folder/musicnn/MTT_musicnn .weights/
    else
        echo "set-up: musicnn cannot be had; one test is left out for it" >&2
    fi
    rm -rf $folder
}

setup_sounds() { # what the separator learns from and is tried on; unpacked here, installed nowhere
    local packages=(sonic-pi-samples musescore-general-soundfont-small hydrogen-data hydrogen-drumkits lmms-common) package
    if ! .venv/bin/python -c 'import tinysoundfont' 2>/dev/null; then
        # without its sound card library: notes are rendered to memory
        .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps tinysoundfont==0.3.7
    fi
    mkdir -p .sounds
    for package in "${packages[@]}"; do
        [ -d ".sounds/$package" ] && continue
        if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
            echo "set-up: the sounds of $package come as a Debian package; the tests that want them are left out" >&2
            return 0
        fi
        echo "set-up: the sounds of $package"
        fetch_sounds "$package"
    done
}

fetch_sounds() { # fetch_sounds PACKAGE: into .sounds/PACKAGE/, whole or not at all
    local part=.sounds/.part
    rm -rf $part
    mkdir -p $part
    (cd $part && { apt-get download -qq "$1" || { apt-get update -qq && apt-get download -qq "$1"; }; }) 2>/dev/null ||
        stop "the Debian package $1 cannot be had: try again, or fetch it and unpack it into .sounds/$1/"
    dpkg-deb -x $part/*.deb $part/sounds
    mv $part/sounds ".sounds/$1"
    rm -rf $part
}

setup_bench() {
    need node nodejs
    need npm npm
    need make make # a peer's SQLite is compiled where it cannot be fetched
    need g++ g++
    local peers=tests/bench/peers/node
    changed $peers/node_modules/.stamp $peers/package.json $peers/package-lock.json || return 0
    echo "set-up: the peers' packages"
    (cd $peers && npm ci --silent --no-audit --no-fund)
    done_with $peers/node_modules/.stamp
}

for part in "$@"; do
    "setup_$part"
done
