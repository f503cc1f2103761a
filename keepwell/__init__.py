"""Keepwell in a notebook: ``keepwell.open("keepwell.toml")``; and the command line behind it.

What is named here is all that is public; it is imported when it is first asked for, so that
``keepwell --help`` stays quick.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from features.errors import InputError
    from keepwell.api import Company, init, open, simulated  # noqa: A004 - keepwell.open
    from keepwell.results import Assessment, Checked, Retraining, Training, Watch
    from keepwell.retraining import BusyError
    from models.errors import ModelError
    from serving.errors import StoreError

# LightGBM's threads sleep instead of spinning while they wait for each other: on a busy machine
# a fit takes a fraction of the time. It must stand before LightGBM is loaded; the user's own wins.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_HOMES = {
    "Assessment": "keepwell.results",
    "BusyError": "keepwell.retraining",
    "Checked": "keepwell.results",
    "Company": "keepwell.api",
    "InputError": "features.errors",
    "ModelError": "models.errors",
    "Retraining": "keepwell.results",
    "StoreError": "serving.errors",
    "Training": "keepwell.results",
    "Watch": "keepwell.results",
    "init": "keepwell.api",
    "open": "keepwell.api",
    "simulated": "keepwell.api",
}

__all__ = [
    "Assessment",
    "BusyError",
    "Checked",
    "Company",
    "InputError",
    "ModelError",
    "Retraining",
    "StoreError",
    "Training",
    "Watch",
    "init",
    "open",
    "simulated",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
