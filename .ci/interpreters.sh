# shellcheck shell=bash
# The Python interpreters of this machine for .ci/run: `find_interpreters` fills `interpreters`, minor version to path.

declare -A interpreters=()

find_interpreters() {
    local folder minor path
    local -a folders=()
    # pyenv's shims fail unless its configuration names their version; its real folders do not.
    while IFS= read -r folder; do
        case $folder in */shims | '') ;; *) folders+=("$folder") ;; esac
    done < <(tr : '\n' <<<"$PATH")
    while IFS= read -r folder; do
        folders+=("$folder")
    done < <(printf '%s\n' "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin ~/.local/share/uv/python/*/bin | sort -rV)
    folders+=(/usr/local/bin /usr/bin)
    for minor in 11 12 13 14 15; do
        for folder in "${folders[@]}"; do
            path=$folder/python3.$minor
            if [ -x "$path" ] && is_interpreter "$path" "$minor"; then
                interpreters[$minor]=$path
                break
            fi
        done
    done
}

# A CPython of that version, with the modules that the tests need, that is neither free-threaded nor a virtual environment.
is_interpreter() { # is_interpreter PATH MINOR
    "$1" -I - "$2" >/dev/null 2>&1 <<'PYTHON'
import sqlite3
import ssl
import sys
import sysconfig

assert sys.version_info[:2] == (3, int(sys.argv[1]))
assert sys.implementation.name == "cpython"
assert sys.prefix == sys.base_prefix
assert not sysconfig.get_config_var("Py_GIL_DISABLED")
PYTHON
}

# The first Python that the README's set-up works with: `python3` where it is new enough, else one of those found.
base_python() {
    local candidate
    for candidate in python3 "${interpreters[11]:-}" "${interpreters[12]:-}" "${interpreters[13]:-}" \
        "${interpreters[14]:-}" "${interpreters[15]:-}"; do
        if [ -n "$candidate" ] &&
            "$candidate" -c 'import ensurepip, sqlite3, ssl, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}
