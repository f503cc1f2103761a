"""Versions and their champion, in MLflow's model registry."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from models import bundle
from models.bundle import Bundle
from models.errors import ModelError, NoChampionError, StoreError
from models.versions import Promotion, Registered, Version

for _noisy in ("mlflow", "alembic"):
    logging.getLogger(_noisy).setLevel(logging.WARNING)
# Its retries are no news: what they come to is told once.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)

__all__ = ["CHAMPION", "Promotion", "Registered", "Registry", "Version", "store"]

CHAMPION = "champion"
_PROMOTION = "promotion_"
_PENDING = "promoting"
_DECLINED = "not_promoted"
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

    def made_by(self, run: str) -> Version:
        """Give a version by its number, or by the run that made it.

        Raises
        ------
        ModelError
            When there is none.
        """
        if run.isdecimal():
            return self.version(int(run))
        found = self._client.search_model_versions(f"name = '{self.name}' and run_id = '{run}'")
        if not found:
            msg = f"no version of {self.name!r} was made by a run {run!r}; `keepwell models list`"
            raise ModelError(msg)
        return Version(int(found[0].version), str(found[0].source), run)

    def load(self, version: Version) -> Bundle:
        """Fetch and check a version's bundle.

        Raises
        ------
        BundleError
            When it is incomplete or damaged.
        """
        return bundle.load(self.fetch(version))

    def fetch(self, version: Version) -> Path:
        """Fetch the folder of a version's bundle, unchecked.

        Raises
        ------
        ModelError
            When it is gone.
        """
        try:
            folder = download_artifacts(artifact_uri=version.source, tracking_uri=self._uri)
        except (MlflowException, OSError) as error:
            msg = (
                f"the files of {self.name!r} version {version.number} are gone "
                f"({version.source}); restore them or run `keepwell train`"
            )
            raise ModelError(msg) from error
        return Path(folder)

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

    def promote(self, version: Version, reason: str, *, back: bool = False) -> Promotion:
        """Make a version champion and record when and why.

        What is intended is written first, then the alias is moved, then the record is made. If the
        process ends in between, the alias tells what is true, and the next promotion writes the
        record or forgets the intention.

        Parameters
        ----------
        version : Version
        reason : str
        back : bool
            It was champion before, and the one after it is taken back.
        """
        self._settle()
        promotion = Promotion(version.number, datetime.now(UTC).isoformat(), reason, back)
        key = f"{_PROMOTION}{len(self.history()):06d}"
        intended = json.dumps({key: asdict(promotion)})
        self._client.set_registered_model_tag(self.name, _PENDING, intended)
        self._client.set_registered_model_alias(self.name, CHAMPION, str(version.number))
        self._settle()
        return promotion

    def decline(self, version: Version, reason: str) -> None:
        """Record why a version was not promoted."""
        number = str(version.number)
        self._client.set_model_version_tag(self.name, number, _DECLINED, reason)

    def history(self) -> list[Promotion]:
        """List all promotions, oldest first."""
        tags = self._tags()
        records = {k: json.loads(v) for k, v in tags.items() if k.startswith(_PROMOTION)}
        records |= self._pending(tags)
        return [Promotion(**records[key]) for key in sorted(records)]

    def versions(self) -> list[Registered]:
        """List all versions, oldest first."""
        found = self._client.search_model_versions(f"name = '{self.name}'")
        return [self._registered(v) for v in sorted(found, key=lambda v: int(v.version))]

    def _registered(self, found: ModelVersion) -> Registered:
        run = self._client.get_run(str(found.run_id)).data
        at = datetime.fromtimestamp(found.creation_timestamp / 1000, UTC)
        return Registered(
            Version(int(found.version), str(found.source), str(found.run_id)),
            at.isoformat(),
            run.params.get("as_of"),
            run.tags.get("grade"),
            found.tags.get(_DECLINED),
        )

    def _settle(self) -> None:
        """Finish the record of a promotion whose alias has moved, or forget the promotion."""
        tags = self._tags()
        for key, record in self._pending(tags).items():
            self._client.set_registered_model_tag(self.name, key, json.dumps(record))
            number = str(record["version"])
            self._client.set_model_version_tag(self.name, number, "promoted", record["reason"])
        if _PENDING in tags:
            self._client.delete_registered_model_tag(self.name, _PENDING)

    def _pending(self, tags: Mapping[str, str]) -> dict[str, Any]:
        """Give the intended record by its key, where the alias has moved already."""
        intended: dict[str, Any] = json.loads(tags.get(_PENDING, "{}"))
        champion = self.champion() if intended else None
        return {
            key: record
            for key, record in intended.items()
            if champion and champion.number == record["version"]
        }

    def _tags(self) -> Mapping[str, str]:
        try:
            return dict(self._client.get_registered_model(self.name).tags)
        except MlflowException as error:
            if error.error_code in _ABSENT:
                return {}
            raise
