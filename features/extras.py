"""Libraries that come with an extra, and may be absent."""

from __future__ import annotations

import importlib
from typing import Any

from features.errors import InputError


def library(name: str, extra: str, key: str) -> Any:  # noqa: ANN401 - a module
    """Import a module of an optional library.

    Parameters
    ----------
    name : str
        The module.
    extra : str
        The extra of Keepwell that brings it.
    key : str
        The setting that asks for it.

    Raises
    ------
    InputError
        When it is not installed; says how to add it.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise InputError(
            f"{key} needs the library {error.name}, which is not installed; "
            f"add it with pip install 'keepwell[{extra}]'"
        ) from error
