"""The command line, its settings and example data: thin."""

import os

# LightGBM's threads sleep instead of spinning while they wait for each other: on a busy machine
# a fit takes a fraction of the time. It must stand before LightGBM is loaded; the user's own wins.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
