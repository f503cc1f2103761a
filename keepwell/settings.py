"""Load `keepwell.toml`: every section checked, every mistake named with its remedy."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, PrivateAttr, ValidationError, model_validator

from features.agreement import contradictions
from features.errors import InputError, nearest
from features.settings import (
    ChurnSettings,
    DataSettings,
    DaysFromZero,
    FeaturesSettings,
    PopulationSettings,
    Section,
    TablesSettings,
    ValueSettings,
)
from serving.api.settings import ServingSettings
from serving.contacts import REST_DAYS
from serving.settings import StoreSettings
from serving.targeting.settings import ActionName, ActionSettings
from training.settings import CrossSellSettings, OfferSettings, SegmentSettings, TrainingSettings

TRACKING_VARIABLE = "MLFLOW_TRACKING_URI"
_SQLITE = "sqlite:///"
_TYPES = {
    "string_type": 'a text in quotes, such as "abc"',
    "int_type": "a whole number without quotes, such as 12",
    "float_type": "a number without quotes, such as 0.05",
    "bool_type": "true or false, without quotes",
    "dict_type": "a section of keys, such as [section]",
    "model_type": "a section of keys, such as [section]",
    "tuple_type": 'a list, such as ["a", "b"]',
}


class TrackingSettings(Section):
    """`[tracking]`: where MLflow keeps runs and models.

    Attributes
    ----------
    uri
        An MLflow tracking URI; a relative sqlite path is relative to the configuration.
        The environment variable MLFLOW_TRACKING_URI wins.
    """

    uri: str = "sqlite:///mlruns/mlflow.db"

    def resolved(self, folder: Path) -> str:
        """Return the URI to use now, with a relative SQLite path made absolute.

        Parameters
        ----------
        folder
            The configuration's folder.
        """
        chosen = os.environ.get(TRACKING_VARIABLE)
        if chosen:
            return chosen
        if not self.uri.startswith(_SQLITE):
            return self.uri
        path = folder / self.uri.removeprefix(_SQLITE)
        return f"{_SQLITE}{path.resolve()}"


class ScoringSettings(Section):
    """`[scoring]`: what a score comes with.

    Attributes
    ----------
    reasons
        Reasons are worked out for this many customers, the highest value at risk first.
    rest_days
        Days after a contact, in either arm, for which a customer is on no risk list; "0d": none.
    """

    reasons: int = Field(default=10_000, ge=0)
    rest_days: DaysFromZero = REST_DAYS


class Settings(Section):
    """The whole configuration.

    Attributes
    ----------
    name
        MLflow experiment and registered model.
    currency
        ISO 4217 code of all amounts; XXX stands for "no currency named".
    seed
        Seed of everything random.
    data, tables, population, churn, value, features, training, offer, segments, cross_sell, \
tracking, scoring, store, serving
        The sections.
    actions
        What can be offered to a customer, by name.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")] = "keepwell"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "XXX"
    seed: int = Field(default=7, ge=0, lt=2**31)
    data: DataSettings = DataSettings()
    tables: TablesSettings
    population: PopulationSettings = PopulationSettings()
    churn: ChurnSettings = ChurnSettings()
    value: ValueSettings = ValueSettings()
    features: FeaturesSettings = FeaturesSettings()
    training: TrainingSettings = TrainingSettings()
    offer: OfferSettings = OfferSettings()
    segments: SegmentSettings = SegmentSettings()
    cross_sell: CrossSellSettings = CrossSellSettings()
    actions: dict[ActionName, ActionSettings] = Field(default_factory=dict)
    tracking: TrackingSettings = TrackingSettings()
    scoring: ScoringSettings = ScoringSettings()
    store: StoreSettings = StoreSettings()
    serving: ServingSettings = ServingSettings()

    _folder: Path = PrivateAttr(default_factory=Path)

    @model_validator(mode="after")
    def _sections_agree(self) -> Settings:
        found = list(contradictions(self.tables, self.population, self.churn, self.value))
        found += self._unknown_categories()
        if found:
            raise ValueError("\n".join(found))
        return self

    def _unknown_categories(self) -> list[str]:
        """Say which actions offer a category where nothing tells who bought in one."""
        lines = self.tables.given.get("transactions")
        if lines is not None and "category" in lines.columns:
            return []
        return [
            f"actions.{name}.category: nothing tells to whom it is new; map category under "
            "[tables.transactions.columns], or remove the action"
            for name, action in self.actions.items()
            if action.category is not None
        ]

    @property
    def folder(self) -> Path:
        """The configuration's folder, absolute: paths in the file are relative to it."""
        return self._folder

    @property
    def tracking_uri(self) -> str:
        """The MLflow tracking URI to use now."""
        return self.tracking.resolved(self.folder)


def load_settings(path: Path) -> Settings:
    """Return the settings of a configuration file.

    Parameters
    ----------
    path
        The TOML file.

    Raises
    ------
    InputError
        When the file is missing, is not TOML, or a key or value is wrong; every mistake is
        named.
    """
    content = _read_toml(path)
    try:
        settings = Settings.model_validate(content)
    except ValidationError as error:
        problems = [line for found in error.errors() for line in _explain(found).splitlines()]
        raise InputError("\n".join(f"{path.name}: {problem}" for problem in problems)) from None
    settings._folder = path.resolve().parent  # noqa: SLF001 - where a file lies is not in the file
    return settings


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"there is no configuration {path}; write one with `keepwell init`, or name it with "
            "--config"
        ) from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder; name the file in it with --config") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path.name} is not valid TOML: {error}") from None


def _explain(problem: Any) -> str:  # noqa: ANN401 - a pydantic ErrorDetails
    place = ".".join(str(part) for part in problem["loc"] if part != "[key]")
    kind, given = problem["type"], problem["input"]
    if kind == "extra_forbidden":
        return _unknown_key(problem["loc"])
    if kind == "missing":
        return f"{place} is missing; {_MISSING.get(place) or _MISSING[place.rpartition('.')[2]]}"
    if kind in _TYPES:
        return f"{place} = {given!r}: write {_TYPES[kind]}"
    if kind == "value_error":
        said = str(problem["ctx"]["error"])
        return f"{place}: {said}" if place else said
    if kind in {"literal_error", "string_pattern_mismatch"}:
        wanted = _PATTERNS.get(place) or f"write {problem['ctx']['expected']}"
        return f"{place} = {given!r}: {wanted}"
    return f"{place} = {given!r}: {problem['msg']}"


_MISSING = {
    "tables": "add a [tables.transactions] section, and see `keepwell init` for others",
    "tables.labelled.outcome": 'name the column that says who left: outcome = "Churn"',
    "tables.labelled.positive": 'say which of its values means that: positive = "Yes"',
    # of any action
    "level": 'say what kind it is: level = "financial", "social", "customised" or "structural"',
    "contact_cost": "say what each contact costs, in the currency: contact_cost = 0.5",
}

_PATTERNS = {
    "name": "use letters, digits, spaces, dots, hyphens and underscores only",
    "currency": 'write an ISO 4217 code of three capitals, such as "EUR"',
    "training.scheduler": 'write the address of a Dask scheduler, such as "tcp://host:8786"',
}


def _unknown_key(place: Sequence[str | int]) -> str:
    *parents, key = (str(part) for part in place)
    known = _known_keys(parents)
    match = nearest(key, known)
    dotted = ".".join([*parents, key])
    hint = f' Did you mean "{match}"?' if match else ""
    return f"unknown key {dotted}.{hint} Known keys: {', '.join(known)}"


def _known_keys(parents: Sequence[str]) -> list[str]:
    section: type[BaseModel] = Settings
    for name in parents:
        if name in section.model_fields:  # else the user's own name of an action
            section = _section_of(section.model_fields[name].annotation)
    return list(section.model_fields)


def _section_of(annotation: Any) -> type[BaseModel]:  # noqa: ANN401 - any type there is
    nested = getattr(annotation, "__args__", ())
    candidates = [annotation, *nested]
    return next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
