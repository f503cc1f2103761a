#!/usr/bin/env bash
# Copies the plots of the newest training run of the demo into docs/images, for the README.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
newest=$(find mlruns/artifacts -path '*/plots/gains.png' -print0 | xargs -0 ls -t | head -n 1)
mkdir -p docs/images
cp "$(dirname "$newest")"/*.png docs/images/
