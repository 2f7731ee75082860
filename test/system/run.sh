#!/usr/bin/env bash
# Tests that need root or Debian packages. There are none yet.
set -euo pipefail
echo "system tests: none yet"
