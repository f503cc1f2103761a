"""What can be wrong with a model, a bundle or a registry; each message names the remedy."""

from __future__ import annotations


class ModelError(Exception):
    """A model cannot be used as asked; the message says why and what to do."""


class BundleError(ModelError):
    """A bundle is incomplete, damaged, or was made for another feature set."""


class StoreError(ModelError):
    """The tracking store cannot be opened, read or written."""


class NoChampionError(ModelError):
    """Nothing has been promoted yet."""
