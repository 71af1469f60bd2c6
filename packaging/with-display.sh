#!/bin/sh
# Runs a command on a virtual screen of its own, so that windows are real and nobody's desktop is disturbed.
exec xvfb-run --auto-servernum --server-args="-screen 0 1920x1080x24 -nolisten tcp" "$@"
