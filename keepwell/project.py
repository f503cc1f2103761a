"""An opened project: its settings, tables, work folder, and the way to its models."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
from filelock import FileLock, Timeout
from ibis import ir
from ibis.backends import BaseBackend

from features.agreement import TABLE_OF_KIND
from features.errors import InputError
from features.families import FAMILIES
from features.family import Family
from features.inputs import Inputs
from features.keeping import materialise
from features.loading import load
from features.own import Own, read
from features.own import load as load_own
from features.remembered import CONTACTS, with_contacts
from features.sources import connect
from features.tables import Loaded
from keepwell.remembering import canonical
from keepwell.settings import Settings, load_settings
from models import derived
from models.registry import Registry
from serving.store import Store

TAKEN = (*FAMILIES, Family(derived.FAMILY, derived.FEATURES))
"""Families whose names, and those of whose features, the company's own may not have."""

_SQLITE = "sqlite:///"
_RUN = "run-"
_USED = ".used"


@dataclass(frozen=True)
class Project:
    """A configuration and what it leads to; nothing is opened before it is needed."""

    settings: Settings

    @classmethod
    def at(cls, config: Path) -> Project:
        """Open the project of a configuration file."""
        return cls(load_settings(config))

    @property
    def folder(self) -> Path:
        """Where the configuration lies."""
        return self.settings.folder

    @property
    def scores_path(self) -> Path:
        """Where ``keepwell score`` always writes."""
        return self.folder / "scores.parquet"

    @property
    def work(self) -> Path:
        """The folder for Keepwell's own files."""
        return self.folder / ".keepwell"

    @cached_property
    def backend(self) -> BaseBackend:
        """The engine."""
        return connect(self.settings.data, self.folder)

    @cached_property
    def registry(self) -> Registry:
        """The registry of the project's model."""
        with self.alone():
            return Registry(self.settings.tracking_uri, self.settings.name)

    def store(self) -> Store:
        """Open the score store."""
        wanted = self.settings.store
        return Store.open(
            wanted.resolved(self.folder),
            keep_runs=wanted.keep_runs,
            history_days=wanted.history_days,
        )

    def has_store(self) -> bool:
        """Tell whether there is a score store: to open one that is not there makes it."""
        url = self.settings.store.resolved(self.folder)
        return not url.startswith(_SQLITE) or Path(url.removeprefix(_SQLITE)).exists()

    def load(self, inputs: Inputs | None = None) -> Loaded:
        """Read, validate and quarantine the tables; add the contacts that the store remembers.

        Parameters
        ----------
        inputs : mapping of str to mapping of str to str, optional
            What a model was trained on: of the remembered contacts no more than it knows is
            added, so that a model from before the first contact goes on. All of it by default.
        """
        settings = self.settings
        needed = TABLE_OF_KIND[settings.churn.kind]
        tables = settings.tables.given
        loaded = load(self.backend, tables, settings.data, self.folder, required=needed)
        contacts = self._remembered(inputs)
        return with_contacts(loaded, contacts, self.backend) if contacts is not None else loaded

    def _remembered(self, inputs: Inputs | None) -> pa.Table | None:
        known = None if inputs is None else inputs.get(CONTACTS, {})
        if known == {} or not self.has_store():
            return None
        with self.store() as store:
            contacts = store.contacts()
        return None if contacts.empty else canonical(contacts, self.settings.data.timezone, known)

    def own(self) -> Own:
        """Load the company's own families from the configured files."""
        return load_own(self.family_sources(), TAKEN)

    def family_sources(self) -> dict[str, str]:
        """Read the files of the company's own families."""
        return read(self.settings.features.families, self.folder)

    def keep(self, table: ir.Table, name: str) -> ir.Table:
        """Materialise a table in the engine."""
        return materialise(table, f"keepwell{name}", self.backend)

    def today(self) -> date:
        """Today, where the company is."""
        return datetime.now(ZoneInfo(self.settings.data.timezone)).date()

    def alone(self) -> FileLock:
        """Hold off other processes that use the same tracking store."""
        return FileLock(self.shared() / ".keepwell.lock")

    def retraining(self) -> FileLock:
        """Hold off other processes that decide whether to train the same model."""
        return FileLock(self.shared() / f".keepwell-retrain-{self.settings.name}.lock")

    def shared(self) -> Path:
        """Give the folder of the tracking store; the work folder where the store has none."""
        uri = self.settings.tracking_uri
        path = Path(uri.removeprefix(_SQLITE))
        if uri.startswith(_SQLITE) and path.is_dir():
            raise InputError(f"the tracking store {uri} is a folder; name a file in it")
        folder = path.parent if uri.startswith(_SQLITE) else self.work
        make(folder)
        return folder

    def artifacts(self) -> Path | None:
        """Where a new experiment in an SQLite store keeps its files; None leaves it to MLflow."""
        uri = self.settings.tracking_uri
        if not uri.startswith(_SQLITE):
            return None
        return Path(uri.removeprefix(_SQLITE)).parent.resolve() / "artifacts"

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give a folder that is gone afterwards, and clear what a killed run left behind."""
        make(self.work)
        with FileLock(self.work / ".lock"):
            for left in self.work.glob(f"{_RUN}*"):
                _clear(left)
            folder = Path(tempfile.mkdtemp(prefix=_RUN, dir=self.work))
            used = FileLock(folder / _USED)
            used.acquire()
        try:
            yield folder
        finally:
            used.release()
            shutil.rmtree(folder, ignore_errors=True)


def _clear(folder: Path) -> None:
    """Remove a run's folder, unless the run goes on: a lock ends with its process."""
    try:
        with FileLock(folder / _USED, timeout=0):
            shutil.rmtree(folder, ignore_errors=True)
    except (Timeout, FileNotFoundError):
        return


def make(folder: Path) -> None:
    """Make a folder, or say that it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".keepwell-probe"
        probe.touch()
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot write to {folder}: {error.strerror}; give it write permission, or name "
            "another place"
        ) from error
