"""The bundle: one folder with a whole release, readable without pickle.

LightGBM's own text files and one ``bundle.json``, which names every file with its SHA-256. It is
the contract between training and serving.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from features.catalogue import FeatureSet, difference
from models.errors import BundleError
from models.lifetime import Lifetime
from models.profile import Profile
from models.recipe import Recipe
from models.release import Release
from models.uplift import Uplift

FORMAT = 3
CONTENT = "bundle.json"
"""The file that names every other one with its SHA-256."""

_FAMILIES = "families/"
_OUT_OF_FOLD = "out_of_fold.csv"
_PROFILE = "profile.json"
_LIBRARIES = ("lightgbm", "scikit-learn", "numpy", "pandas")


@dataclass(frozen=True)
class Definition:
    """What the scores mean. Two releases are comparable only if theirs are equal.

    Parameters
    ----------
    churn_kind : str
    churn_horizon, churn_gap, value_horizon, active_within : int
        Days; the horizons are None where a labelled file says who left, and not when.
    currency : str
        ISO 4217.
    timezone : str
    churn_regrace : int or None
        Days; of kind ``"subscription"``.
    churn_share : float or None
    churn_norm_windows : int or None
        Both of kind ``"partial"``.
    value_measure : {"net", "margin", "price"}
    outcome, amount : str or None
        Of a labelled file: the outcome that means "left", and what is lost then, if it is known.
    lifetime_years, lifetime_discount : float or None
        What lifetime values assume: their cap, and the annual rate of discount; None where there
        are none.
    """

    churn_kind: str
    churn_horizon: int | None
    churn_gap: int
    value_horizon: int | None
    active_within: int
    currency: str
    timezone: str
    churn_regrace: int | None = None
    churn_share: float | None = None
    churn_norm_windows: int | None = None
    value_measure: str = "net"
    outcome: str | None = None
    amount: str | None = None
    lifetime_years: float | None = None
    lifetime_discount: float | None = None

    @property
    def valued(self) -> bool:
        """Whether the scores have values: a labelled file may tell none."""
        return self.churn_kind != "labelled" or self.amount is not None

    @property
    def lifetime(self) -> Lifetime | None:
        """What lifetime values assume; None where there are none."""
        churn, value = self.churn_horizon, self.value_horizon
        years, discount = self.lifetime_years, self.lifetime_discount
        if churn is None or value is None or years is None or discount is None:
            return None
        return Lifetime(churn, value, years, discount)


@dataclass(frozen=True)
class Bundle:
    """A release with what is needed to use and to judge it.

    Parameters
    ----------
    name : str
        The registered model's name.
    release : Release
    definition : Definition
    recipe : Recipe
    data_cutoff : str
        ISO date: nothing at or after it was used.
    measures : mapping of str to float
        The evaluation fit's, on its newest cutoff; empty where none could be held out.
    notes : mapping
        Anything else worth keeping: dates of the roles, grade, fingerprint.
    inputs : mapping of str to mapping of str to str
        The tables that the features were computed from: their columns with their Ibis types, by
        table. The same expressions are compiled over them wherever the bundle is used.
    families : mapping of str to str
        Source text of the user's own families, by file name.
    out_of_fold : str
        Of a labelled file, as CSV: the digest of each row that was learnt from, and its
        probability by a model that did not learn from it.
    profile : Profile or None
        How features and scores were spread where it learnt; None in bundles that are older.
    uplift : Uplift or None
        What the actions do, where contacts suffice to tell.
    """

    name: str
    release: Release
    definition: Definition
    recipe: Recipe
    data_cutoff: str
    measures: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    families: Mapping[str, str] = field(default_factory=dict)
    out_of_fold: str = ""
    profile: Profile | None = None
    uplift: Uplift | None = None

    @property
    def features(self) -> FeatureSet:
        """The features that the release was fitted on."""
        return self.release.encoder.features

    @property
    def table_features(self) -> FeatureSet:
        """Those of them that the tables have to give; the others are derived."""
        return self.release.table_features


def save(bundle: Bundle, folder: Path) -> None:
    """Write a bundle into an existing, empty folder."""
    fields, texts = bundle.release.to_files()
    if bundle.families:
        (folder / _FAMILIES).mkdir()
        texts = {**texts, **{f"{_FAMILIES}{n}": text for n, text in bundle.families.items()}}
    if bundle.out_of_fold:
        texts = {**texts, _OUT_OF_FOLD: bundle.out_of_fold}
    if bundle.profile:
        texts = {**texts, _PROFILE: json.dumps(bundle.profile.to_dict(), allow_nan=False)}
    effects: dict[str, Any] = {}
    if bundle.uplift:
        effects["uplift"], more = bundle.uplift.to_files()
        texts = {**texts, **more}
    for file, text in texts.items():
        (folder / file).write_bytes(text.encode())
    content = {
        "format": FORMAT,
        "name": bundle.name,
        "data_cutoff": bundle.data_cutoff,
        "feature_set_hash": bundle.features.hash,
        "definition": asdict(bundle.definition),
        "recipe": bundle.recipe.to_dict(),
        "measures": dict(bundle.measures),
        "notes": dict(bundle.notes),
        "inputs": {table: dict(columns) for table, columns in bundle.inputs.items()},
        "libraries": {name: version(name) for name in _LIBRARIES},
        "files": {file: _sha256(text.encode()) for file, text in texts.items()},
        "release": fields,
        **effects,
    }
    text = json.dumps(content, indent=1, sort_keys=True, allow_nan=False)
    (folder / CONTENT).write_text(text, encoding="utf-8")


def load(folder: Path) -> Bundle:
    """Read a bundle and check that it is whole.

    Raises
    ------
    BundleError
        When a file is missing or changed, or the features are not those of the stored hash.
    """
    content = _read_json(folder / CONTENT)
    found = content.get("format")
    if found != FORMAT:
        msg = f"bundle {folder.name} has format {found}; this Keepwell reads {FORMAT}; train anew"
        raise BundleError(msg)
    texts = {file: _read(folder / file, digest) for file, digest in content["files"].items()}
    release = Release.from_files(content["release"], texts)
    if release.encoder.features.hash != content["feature_set_hash"]:
        msg = f"bundle {folder.name}: its features do not match its own hash; train anew"
        raise BundleError(msg)
    own = {f.removeprefix(_FAMILIES): t for f, t in texts.items() if f.startswith(_FAMILIES)}
    meant = Definition(**content["definition"])
    return Bundle(
        content["name"],
        replace(release, lifetime=meant.lifetime),
        meant,
        Recipe(**content["recipe"]),
        content["data_cutoff"],
        content["measures"],
        content["notes"],
        _inputs(content.get("inputs"), folder.name),
        own,
        texts.get(_OUT_OF_FOLD, ""),
        Profile.from_dict(json.loads(texts[_PROFILE])) if _PROFILE in texts else None,
        Uplift.from_files(content["uplift"], texts) if "uplift" in content else None,
    )


def check_features(bundle: Bundle, given: FeatureSet) -> None:
    """Refuse features other than those that the bundle was fitted on.

    Raises
    ------
    BundleError
        Naming what is missing or defined differently.
    """
    if differs := difference(bundle.table_features, given):
        msg = (
            f"the champion of {bundle.name!r} was trained on another feature set; {differs}. "
            "Give it the tables and columns it was trained on, or run `keepwell train`."
        )
        raise BundleError(msg)


def _inputs(found: object, name: str) -> dict[str, dict[str, str]]:
    if isinstance(found, dict) and all(_is_columns(columns) for columns in found.values()):
        return found
    msg = f"bundle {name}: its inputs are not columns with their types, by table; train anew"
    raise BundleError(msg)


def _is_columns(columns: object) -> bool:
    return isinstance(columns, dict) and all(isinstance(kind, str) for kind in columns.values())


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        msg = f"no {CONTENT} in {path.parent}; this is not a bundle"
        raise BundleError(msg) from error
    except ValueError as error:
        msg = f"{path} is damaged: {error}"
        raise BundleError(msg) from error
    if not isinstance(content, dict):
        msg = f"{path} is damaged: it holds no object"
        raise BundleError(msg)
    return content


def _read(path: Path, digest: str) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        msg = f"bundle {path.parent.name} lacks {path.name}; train anew or restore it"
        raise BundleError(msg) from error
    # The bytes are compared before they are decoded: damaged ones may be no text at all.
    if _sha256(content) != digest:
        msg = f"bundle {path.parent.name}: {path.name} has changed since it was written"
        raise BundleError(msg)
    return content.decode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
