#!/usr/bin/env bash
# Makes .venv from the pinned requirements and installs the checkout into it.
#
#   scripts/bootstrap.sh core    what Keepwell needs to run
#   scripts/bootstrap.sh test    that and the tools of `make test`
#   scripts/bootstrap.sh bench   that and the peers of `make bench`
#   scripts/bootstrap.sh lock    compiles requirements/*.txt from pyproject.toml
#
# Needs Python 3.11 (3.12 or 3.13) and git; brings uv itself, into .uv, where it is not on PATH.
# Written for bash 3.2, which macOS ships.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly PYTHONS="3.11 3.12 3.13" # in order of preference; the pinned wheels exist for these
readonly VENV=.venv
readonly UV_HOME=.uv
readonly WHEELS="--only-binary :all: --no-binary pyspark" # which is published as source alone

export UV_PYTHON_DOWNLOADS=never # an interpreter is the machine's own, never fetched

say() { printf 'keepwell: %s\n' "$*" >&2; }

fail() {
    say "$@"
    exit 1
}

can_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

# apt_install PACKAGE...: root on a Debian only; the callers ask can_apt first.
apt_install() {
    say "installing $* with apt-get"
    { apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } \
        >/dev/null </dev/null ||
        fail "apt-get could not install $*; do it by hand, then run make again."
}

# Prints the fingerprint of all that an environment is made from.
fingerprint() { # level
    { pwd && cat "requirements/$1.txt" pyproject.toml scripts/bootstrap.sh; } | cksum
}

is_current() { # level
    [ -x "$VENV/bin/python" ] && [ -f "$VENV/keepwell-$1" ] &&
        [ "$(cat "$VENV/keepwell-$1")" = "$(fingerprint "$1")" ]
}

uv_by_venv() {
    python3 -m venv "$UV_HOME" >/dev/null 2>&1 || return 1
    "$UV_HOME/bin/python" -m pip install -q --disable-pip-version-check \
        --require-hashes --only-binary :all: -r requirements/uv.txt >&2
}

uv_by_target() {
    python3 -m pip --version >/dev/null 2>&1 || return 1
    python3 -m pip install -q --disable-pip-version-check --target "$UV_HOME" \
        --require-hashes --only-binary :all: -r requirements/uv.txt >&2
}

# Runs the steps given until one leaves a working uv; each begins with an empty folder.
bring_uv() { # step...
    local step
    for step in "$@"; do
        rm -rf "$UV_HOME"
        if "$step" && "$UV_HOME/bin/uv" --version >/dev/null 2>&1; then return 0; fi
    done
    rm -rf "$UV_HOME"
    return 1
}

find_uv() { # sets UV
    UV=$(command -v uv || true)
    if [ -n "$UV" ] && "$UV" --version >/dev/null 2>&1; then return; fi
    UV=$UV_HOME/bin/uv
    if "$UV" --version >/dev/null 2>&1; then return; fi
    command -v python3 >/dev/null 2>&1 ||
        fail "no python3 on PATH. Install Python 3.11 (Debian: apt-get install python3)."
    say "bringing uv into $UV_HOME"
    if bring_uv uv_by_venv uv_by_target; then return; fi
    if can_apt && ! python3 -c 'import ensurepip' >/dev/null 2>&1; then
        apt_install python3-venv
        if bring_uv uv_by_venv; then return; fi
    fi
    fail "uv could not be installed. Either this python3 ($(command -v python3)) has neither venv" \
        "nor pip (Debian: apt-get install python3-venv), or no package index answers, as pip" \
        "says above. A uv on PATH serves as well."
}

find_python() { # sets PYTHON, unless the caller named one
    local version
    if [ -n "${PYTHON:-}" ]; then return; fi
    for version in $PYTHONS; do
        PYTHON=$("$UV" python find --no-project --system "$version" 2>/dev/null) && return
    done
    fail "Keepwell needs Python 3.11, 3.12 or 3.13; found $(python3 --version 2>&1 || echo none)." \
        "Install Python 3.11 (Debian: apt-get install python3.11) or name one that is not on" \
        "PATH: make demo PYTHON=/path/to/python3.11"
}

import_lightgbm() { "$VENV/bin/python" -c 'import lightgbm'; }

# LightGBM's wheel alone leaves its OpenMP runtime to the machine.
check_openmp() {
    if import_lightgbm 2>/dev/null; then return; fi
    if [ "$(uname -s)" = Linux ] && can_apt; then
        apt_install libgomp1
        import_lightgbm || fail "LightGBM does not load; its own words are above."
        return
    fi
    import_lightgbm || fail "LightGBM does not load; its own words are above. Where it names" \
        "libgomp.so.1 install it with 'apt-get install libgomp1' (Debian), where it names" \
        "libomp.dylib with 'brew install libomp' (macOS); then run make again."
}

# An environment of another folder is made anew: its scripts name that folder's interpreter.
make_venv() {
    if [ "$(cat "$VENV/keepwell-place" 2>/dev/null)" = "$PWD" ] &&
        "$VENV/bin/python" --version >/dev/null 2>&1; then return; fi
    rm -rf "$VENV"
    "$UV" venv -q --no-project --python "$PYTHON" "$VENV"
    pwd >"$VENV/keepwell-place"
}

install() { # level
    find_uv
    find_python
    say "installing requirements/$1.txt into $VENV"
    make_venv
    rm -f "$VENV"/keepwell-core "$VENV"/keepwell-test "$VENV"/keepwell-bench
    # shellcheck disable=SC2086 # several options
    "$UV" pip sync -q --python "$VENV/bin/python" \
        --require-hashes $WHEELS "requirements/$1.txt"
    "$UV" pip install -q --python "$VENV/bin/python" \
        --no-deps --no-build-isolation --editable .
    check_openmp
    fingerprint "$1" >"$VENV/keepwell-$1"
}

compile() { # name option...
    local name=$1
    shift
    # shellcheck disable=SC2086
    "$UV" pip compile -q --universal --python-version 3.11 --generate-hashes $WHEELS \
        --custom-compile-command "make lock" --output-file "requirements/$name.txt" "$@" >/dev/null
    say "requirements/$name.txt is compiled"
}

lock() { # option...
    find_uv
    compile core pyproject.toml --extra demo --group build "$@"
    compile test pyproject.toml --extra demo --group build --group test \
        --constraint requirements/core.txt "$@"
    compile bench pyproject.toml --extra demo --group build --group test --group bench \
        --constraint requirements/test.txt "$@"
    compile serve --group serve --constraint requirements/core.txt "$@"
    compile uv --group uv "$@"
}

case "${1:-}" in
core) is_current core || is_current test || is_current bench || install core ;;
test) is_current test || is_current bench || install test ;;
bench) is_current bench || install bench ;;
lock) shift && lock "$@" ;;
*) fail "usage: scripts/bootstrap.sh core|test|bench|lock" ;;
esac
