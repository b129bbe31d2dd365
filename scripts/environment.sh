# Sourced by demo, test, check and .ci/run: makes the project's own virtual environment in .venv, once.

# make_environment EXTRAS: installs smartcart with these extras unless that was done since pyproject.toml changed.
make_environment() {
    local stamp=".venv/.installed-${1//,/-}"
    if [ ! -x .venv/bin/python ]; then
        local python="${PYTHON:-python3}"
        if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "smartcart needs Python 3.11 or newer; name one with PYTHON=/path/to/python3" >&2
            exit 2
        fi
        echo "making a virtual environment in .venv" >&2
        "$python" -m venv .venv || { echo "python's venv is missing; on Debian: apt install python3-venv" >&2; exit 2; }
    fi
    if [ ! -e "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
        echo "installing smartcart${1:+ with $1} (once, a minute or two)" >&2
        .venv/bin/python -m pip install --quiet --disable-pip-version-check -e ".${1:+[$1]}"
        touch "$stamp"
    fi
    link_rooms
}

# link_rooms: shows smartcart.* to tools that follow no import hook: mypy, pyright, Pylance, PyCharm.
#
# They read the path in the .pth file. Python itself takes it off again and goes by the hook that pip installed, so
# that tracebacks and breakpoints name the files where they are.
link_rooms() {
    local room packages
    mkdir -p .venv/rooms/smartcart
    for room in edge server models datasets scripts; do
        ln -sfn "../../../$room" ".venv/rooms/smartcart/$room"
    done
    for packages in .venv/lib/python3*/site-packages; do
        [ -d "$packages" ] || continue
        cat >"$packages/smartcart_rooms.pth" <<PTH
$PWD/.venv/rooms
import sys; sys.path[:] = [path for path in sys.path if path != "$PWD/.venv/rooms"]
PTH
    done
}
