#!/bin/sh
# Starts Vialdesk from the checkout: `run.sh PYTHON [arguments]`. Without a display it says so and runs the same
# service without a window on a simulated board, printing its address and live readings.
set -eu
python=$1
shift
cd "$(dirname "$0")/.."
case "$(uname -s)" in
    Linux)
        if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
            echo "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can open."
            echo "Running the service without a window instead, on a simulated board. Press Ctrl+C to stop."
            exec "$python" -m gui.main serve --simulate --port 0 --start stirring --start od_reading --readings
        fi
        ;;
esac
exec "$python" -m gui.main "$@"
