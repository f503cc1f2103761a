"""Where a worker finds its models, scores and keys: a configuration file, or a built Bento."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, ValidationError

from features.errors import InputError
from features.settings import DataSettings, DaysFromZero
from serving.api.settings import ServingSettings
from serving.contacts import REST_DAYS, ContactRules
from serving.settings import StoreSettings

CONFIG_VARIABLE = "KEEPWELL_CONFIG"
RELEASE_VARIABLE = "KEEPWELL_RELEASE"
KEYS_VARIABLE = "KEEPWELL_KEYS"
TRACKING_VARIABLE = "MLFLOW_TRACKING_URI"
RELEASE = "release"
_CONFIG = "keepwell.toml"
_SQLITE = "sqlite:///"


class _Tracking(BaseModel):
    uri: str = "sqlite:///mlruns/mlflow.db"


class _Scoring(BaseModel):
    rest_days: DaysFromZero = REST_DAYS


class _Content(BaseModel):
    """The sections that serving needs; `keepwell` checks the others."""

    model_config = ConfigDict(extra="ignore")

    name: str = "keepwell"
    data: DataSettings = DataSettings()
    scoring: _Scoring = _Scoring()
    actions: dict[str, Any] = {}
    tracking: _Tracking = _Tracking()
    store: StoreSettings = StoreSettings()
    serving: ServingSettings = ServingSettings()


@dataclass(frozen=True)
class Configuration:
    """What a worker is told.

    Parameters
    ----------
    folder : Path
        Relative paths are relative to it.
    name : str
        The registered model.
    tracking_uri : str
        Used where there is no `release`.
    release : Path or None
        An exported release, which needs no MLflow.
    store : StoreSettings
    serving : ServingSettings
    rules : ContactRules
    """

    folder: Path
    name: str
    tracking_uri: str
    release: Path | None
    store: StoreSettings
    serving: ServingSettings
    rules: ContactRules

    @property
    def keys_path(self) -> Path:
        """The file of the API keys."""
        return self.folder / (os.environ.get(KEYS_VARIABLE) or self.serving.keys)

    @property
    def store_url(self) -> str:
        """The score store to use now."""
        return self.store.resolved(self.folder)


def read_configuration() -> Configuration:
    """Read what the environment names.

    KEEPWELL_CONFIG names the configuration, `keepwell.toml` in the current folder by default;
    a release stands beside this package in a built Bento, or is named by KEEPWELL_RELEASE.

    Raises
    ------
    InputError
        When there is neither configuration nor release, or one is wrong.
    """
    release = _release()
    path = Path(os.environ.get(CONFIG_VARIABLE) or _CONFIG).absolute()
    if release is not None and not path.exists() and CONFIG_VARIABLE not in os.environ:
        return _made({}, path, release)
    return _made(_read(path), path, release)


def _release() -> Path | None:
    named = os.environ.get(RELEASE_VARIABLE)
    if named:
        return Path(named).absolute()
    beside = Path(__file__).resolve().parents[1] / RELEASE
    return beside if (beside / "release.json").exists() and _is_built(beside) else None


def _is_built(release: Path) -> bool:
    # In a checkout a release may wait to be built; it is served from the Bento only.
    return (release.parents[1] / "bento.yaml").exists()


def _made(content: dict[str, Any], path: Path, release: Path | None) -> Configuration:
    try:
        found = _Content.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path.name}: {place}: {first['msg']}") from None
    uri = os.environ.get(TRACKING_VARIABLE) or _absolute(found.tracking.uri, path.parent)
    return Configuration(
        path.parent, found.name, uri, release, found.store, found.serving, _rules(found)
    )


def _rules(found: _Content) -> ContactRules:
    zone = ZoneInfo(found.data.timezone)
    return ContactRules(zone, frozenset(found.actions), found.scoring.rest_days)


def _absolute(uri: str, folder: Path) -> str:
    if not uri.startswith(_SQLITE):
        return uri
    return f"{_SQLITE}{(folder / uri.removeprefix(_SQLITE)).resolve()}"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"there is no configuration {path}; name one with {CONFIG_VARIABLE}, or use "
            "`keepwell serve`"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is not valid TOML: {error}") from None
