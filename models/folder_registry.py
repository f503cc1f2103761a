"""A champion in a folder: the registry's twin for a built Bento, which has no MLflow."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models import bundle
from models.bundle import Bundle
from models.errors import BundleError, ModelError
from models.versions import Promotion, Version

_JSON = "release.json"
_BUNDLE = "bundle"


class FolderRegistry:
    """The one version that a folder holds; it is the champion for good.

    Parameters
    ----------
    folder : Path
        Written by :func:`export`.

    Raises
    ------
    BundleError
        When it was not.
    """

    watched = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        content = _read(folder / _JSON)
        try:
            self.name = str(content["name"])
            self._version = Version(**content["version"])
            self._history = [Promotion(**p) for p in content["history"]]
        except (KeyError, TypeError):
            msg = f"{folder / _JSON} is not what an export writes; export the release again"
            raise BundleError(msg) from None

    def champion(self) -> Version | None:
        """Give the version."""
        return self._version

    def version(self, number: int) -> Version:
        """Give a version by its number.

        Raises
        ------
        ModelError
            When it is another one.
        """
        if number != self._version.number:
            msg = f"{self._folder.name} holds version {self._version.number} only, not {number}"
            raise ModelError(msg)
        return self._version

    def load(self, version: Version) -> Bundle:
        """Read and check the bundle.

        Raises
        ------
        BundleError
            When it is incomplete or damaged.
        """
        self.version(version.number)
        return bundle.load(self._folder / _BUNDLE)

    def load_champion(self) -> tuple[Version, Bundle]:
        """Read the champion."""
        return self._version, self.load(self._version)

    def history(self) -> list[Promotion]:
        """List all promotions up to the export, oldest first."""
        return list(self._history)


def export(found: Bundle, version: Version, history: Sequence[Promotion], folder: Path) -> None:
    """Write a release for :class:`FolderRegistry`, in place of any that is there.

    Parameters
    ----------
    found : Bundle
    version : Version
    history : sequence of Promotion
    folder : Path
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / _JSON).exists():
        msg = f"{folder} holds something else than an exported release; name another folder"
        raise ModelError(msg)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / _BUNDLE).mkdir(parents=True)
    bundle.save(found, folder / _BUNDLE)
    content = {
        "name": found.name,
        # Where it came from is of no use elsewhere, and may tell of a machine.
        "version": asdict(Version(version.number, _BUNDLE, version.run_id)),
        "history": [asdict(p) for p in history],
    }
    (folder / _JSON).write_text(json.dumps(content, indent=1), encoding="utf-8")


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        msg = f"there is no {path}; export the champion with `keepwell export`"
        raise BundleError(msg) from None
    except ValueError as error:
        msg = f"{path} is damaged: {error}"
        raise BundleError(msg) from None
    if not isinstance(content, dict):
        msg = f"{path} is damaged: it is no object"
        raise BundleError(msg)
    return content
