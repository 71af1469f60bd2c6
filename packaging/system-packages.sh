#!/bin/sh
# Installs the system packages that a task needs: `system-packages.sh run|test|package`.
# As root or with sudo on Debian 12, Ubuntu 24.04 and their kin; elsewhere it says what is missing.
set -eu

run="python3 python3-venv libgl1 libegl1 libxkbcommon0 libfontconfig1 libglib2.0-0|libglib2.0-0t64 libdbus-1-3
     libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0"
test="xvfb xauth mosquitto poppler-utils"
package="libpython3-dev binutils"

case "${1:-}" in
    run) wanted="$run" ;;
    test) wanted="$run $test" ;;
    package) wanted="$run $test $package" ;;
    *) echo "usage: $0 run|test|package" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    if "$(dirname "$0")/find-python.sh" | xargs -I{} {} -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        exit 0  # not a Debian system: Qt's own messages name a missing library
    fi
    echo "Vialdesk needs Python 3.11 or newer. Install it, then run make again." >&2
    exit 1
fi

is_installed() {
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

missing=""
for names in $wanted; do
    found=""
    for name in $(echo "$names" | tr '|' ' '); do
        if is_installed "$name"; then found=yes; fi
    done
    [ -n "$found" ] || missing="$missing $names"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=""
elif command -v sudo >/dev/null; then
    as_root="sudo"
else
    echo "Vialdesk needs these packages, and only root can install them:$(echo "$missing" | sed 's/|[^ ]*//g')" >&2
    echo "Ask your administrator to run: apt-get install$(echo "$missing" | sed 's/|[^ ]*//g')" >&2
    exit 1
fi

echo "Installing system packages:$missing"
$as_root apt-get update -q >/dev/null
chosen=""
for names in $missing; do
    for name in $(echo "$names" | tr '|' ' '); do
        if apt-cache show "$name" 2>/dev/null | grep -q '^Package:'; then
            chosen="$chosen $name"
            break
        fi
    done
done
# shellcheck disable=SC2086 # a list of package names
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $chosen >/dev/null
