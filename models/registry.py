"""Versions and their champion, in MLflow's model registry."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from models import bundle
from models.bundle import Bundle
from models.errors import ModelError, NoChampionError, StoreError
from models.versions import Promotion, Version

for _noisy in ("mlflow", "alembic"):
    logging.getLogger(_noisy).setLevel(logging.WARNING)
# Its retries are no news: what they come to is told once.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)

__all__ = ["CHAMPION", "Promotion", "Registry", "Version", "store"]

CHAMPION = "champion"
_PROMOTION = "promotion_"
_ABSENT = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}


@contextmanager
def store(uri: str) -> Iterator[None]:
    """Turn the complaints of a tracking store into `StoreError`.

    Parameters
    ----------
    uri : str
        MLflow's tracking URI.
    """
    try:
        yield
    except (MlflowException, SQLAlchemyError) as error:
        said = str(error).strip().splitlines()[0]
        msg = (
            f"the tracking store {uri} cannot be used: {said} Check [tracking] uri (the variable "
            "MLFLOW_TRACKING_URI wins over it), and that the store can be written to and is not "
            "locked by another program"
        )
        raise StoreError(msg) from error


class Registry:
    """The versions of one registered model.

    Parameters
    ----------
    uri : str
        MLflow's tracking URI.
    name : str
        The registered model's name.
    """

    watched = True

    def __init__(self, uri: str, name: str) -> None:
        self._uri = uri
        self._client = MlflowClient(tracking_uri=uri)
        self.name = name

    def champion(self) -> Version | None:
        """Give the version that the ``champion`` alias names; None before the first promotion."""
        try:
            found = self._client.get_model_version_by_alias(self.name, CHAMPION)
        except MlflowException as error:
            if error.error_code in _ABSENT:
                return None
            raise
        return Version(int(found.version), str(found.source), str(found.run_id))

    def version(self, number: int) -> Version:
        """Give a version by its number.

        Raises
        ------
        ModelError
            When there is none.
        """
        try:
            found = self._client.get_model_version(self.name, str(number))
        except MlflowException as error:
            msg = f"{self.name!r} has no version {number} in the registry"
            raise ModelError(msg) from error
        return Version(int(found.version), str(found.source), str(found.run_id))

    def load(self, version: Version) -> Bundle:
        """Fetch and check a version's bundle.

        Raises
        ------
        BundleError
            When it is incomplete or damaged.
        """
        try:
            folder = download_artifacts(artifact_uri=version.source, tracking_uri=self._uri)
        except (MlflowException, OSError) as error:
            msg = (
                f"the files of {self.name!r} version {version.number} are gone "
                f"({version.source}); restore them or run `keepwell train`"
            )
            raise ModelError(msg) from error
        return bundle.load(Path(folder))

    def load_champion(self) -> tuple[Version, Bundle]:
        """Fetch the champion.

        Raises
        ------
        NoChampionError
            Before the first promotion.
        """
        version = self.champion()
        if version is None:
            msg = f"no model of {self.name!r} has been promoted yet; run `keepwell train` first"
            raise NoChampionError(msg)
        return version, self.load(version)

    def register(self, run_id: str, source: str) -> Version:
        """Add a version; it becomes champion by :meth:`promote` alone."""
        try:
            self._client.create_registered_model(self.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        made = self._client.create_model_version(self.name, source, run_id=run_id)
        return Version(int(made.version), source, run_id)

    def promote(self, version: Version, reason: str) -> Promotion:
        """Make a version champion and record when and why.

        The record is written first: if the process ends between the two steps, the old champion
        serves on, and the alias tells what is true.
        """
        promotion = Promotion(version.number, datetime.now(UTC).isoformat(), reason)
        key = f"{_PROMOTION}{len(self.history()):06d}"
        text = json.dumps(asdict(promotion))
        self._client.set_registered_model_tag(self.name, key, text)
        self._client.set_model_version_tag(self.name, str(version.number), "promoted", reason)
        self._client.set_registered_model_alias(self.name, CHAMPION, str(version.number))
        return promotion

    def decline(self, version: Version, reason: str) -> None:
        """Record why a version was not promoted."""
        number = str(version.number)
        self._client.set_model_version_tag(self.name, number, "not_promoted", reason)

    def history(self) -> list[Promotion]:
        """List all promotions, oldest first."""
        try:
            tags = self._client.get_registered_model(self.name).tags
        except MlflowException as error:
            if error.error_code in _ABSENT:
                return []
            raise
        keys = sorted(k for k in tags if k.startswith(_PROMOTION))
        return [Promotion(**json.loads(tags[k])) for k in keys]
