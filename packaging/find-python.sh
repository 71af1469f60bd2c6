#!/bin/sh
# Prints the first Python that Vialdesk runs on (3.11 or newer), or nothing.
for candidate in python3 python3.13 python3.12 python3.11; do
    path=$(command -v "$candidate") || continue
    if "$path" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "$path"
        exit 0
    fi
done
echo python3
