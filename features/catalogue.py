"""What a feature is: its name, unit, window, sentence and the words it gives to a reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Risk = Literal["high", "low"]

CAUSES = (
    "complaint unanswered or slow",
    "service attitude",
    "price or a rival's offer",
    "product no longer fits",
    "quality problem",
    "broken promise",
    "account manager left",
    "neglect of small customers",
    "awkward process",
    "moved or closed",
    "changed needs",
)
"""Reasons customers leave, in the words of the relationship-management literature."""


@dataclass(frozen=True)
class Reason:
    """How a feature speaks when it raises a customer's risk.

    Parameters
    ----------
    template : str
        A sentence with ``{feature_name}`` fields; a field may carry a format of
        :mod:`models.reasons` (``{spend_sum_90d:money}``). The first sentence whose figures are
        all known is used, so ``fallback`` may need fewer of them.
    cause : str or None
        One of :data:`CAUSES`; None where nobody has told what the feature means.
    risk : {"high", "low"}
        Which side of the population's median speaks of risk; on the other side the feature gives
        no reason, whatever its contribution, because the sentence would not convince.
    fallback : str, optional
        A sentence for customers who lack a figure that ``template`` names, or for whom it is not
        true.
    gauge : str, optional
        The feature that tells whether ``template`` is true of a customer: it must lie on the
        risky side of ``beyond``. Half of all customers lie on the risky side of a median, and
        "buys less often" is not true of all of them.
    beyond : float
        Used with ``gauge``, in its unit.
    """

    template: str
    cause: str | None
    risk: Risk
    fallback: str | None = None
    gauge: str | None = None
    beyond: float = 0.0

    def __post_init__(self) -> None:
        if self.cause is not None and self.cause not in CAUSES:
            msg = f"unknown cause {self.cause!r}; the known ones are {', '.join(CAUSES)}"
            raise ValueError(msg)


@dataclass(frozen=True)
class Feature:
    """One column of a snapshot.

    Parameters
    ----------
    name : str
        ``<measure>_<aggregation>_<window>``, for example ``spend_sum_90d``.
    family : str
        The family that computes it; a reason list names a family once at most.
    unit : str
        ``"days"``, ``"currency"``, ``"purchases"``, ``"share"``, ...
    window : int or None
        Length in days of the window before the cutoff; None where it has none.
    doc : str
        One sentence for people.
    reason : Reason or None
        Its words in a risk list; None where it says nothing about risk by itself.
    dtype : {"float64", "category"}
        The type of the column; missing values are allowed in both.
    empty : float or None
        The value for a customer without any row in a table that exists: 0 for counts, None
        (unknown) for averages. An absent table drops the feature instead.
    """

    name: str
    family: str
    unit: str
    window: int | None
    doc: str
    reason: Reason | None = None
    dtype: Literal["float64", "category"] = "float64"
    empty: float | None = None

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Feature:
        """Build a feature from :func:`dataclasses.asdict` output."""
        reason = fields.get("reason")
        return cls(**{**fields, "reason": Reason(**reason) if reason else None})


@dataclass(frozen=True)
class FeatureSet:
    """An ordered, named set of features with a hash of what defines them.

    The hash covers what changes a model's input (name, family, unit, window, type, empty value),
    not the wording, so that a better sentence does not invalidate a trained model.
    """

    features: tuple[Feature, ...]
    hash: str = field(init=False)

    def __post_init__(self) -> None:
        names = self.names
        if repeated := sorted({n for n in names if names.count(n) > 1}):
            msg = f"features defined twice: {', '.join(repeated)}"
            raise ValueError(msg)
        object.__setattr__(self, "hash", _hash(self.features))

    @property
    def names(self) -> list[str]:
        """Column names, in the order of the model's matrix."""
        return [f.name for f in self.features]

    @property
    def categorical(self) -> list[str]:
        """Names of the columns that hold categories."""
        return [f.name for f in self.features if f.dtype == "category"]

    def __iter__(self) -> Iterator[Feature]:
        return iter(self.features)

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, name: str) -> Feature:
        return {f.name: f for f in self.features}[name]

    def without(self, families: Iterable[str]) -> FeatureSet:
        """Leave out whole families."""
        left_out = set(families)
        return FeatureSet(tuple(f for f in self.features if f.family not in left_out))

    def to_list(self) -> list[dict[str, Any]]:
        """Give plain dictionaries, for JSON."""
        return [asdict(f) for f in self.features]

    @classmethod
    def from_list(cls, rows: Iterable[Mapping[str, Any]]) -> FeatureSet:
        """Read what :meth:`to_list` gave."""
        return cls(tuple(Feature.from_dict(r) for r in rows))


def difference(wanted: FeatureSet, given: FeatureSet) -> str:
    """Say how two feature sets differ: what is missing, what changed; empty when nothing.

    Features that only ``given`` has are no difference: a model ignores what it was not given.
    """
    have = {f.name: f for f in given}
    missing = [f.name for f in wanted if f.name not in have]
    changed = [f.name for f in wanted if f.name in have and _key(f) != _key(have[f.name])]
    parts = []
    if missing:
        parts.append("missing: " + ", ".join(missing))
    if changed:
        parts.append("defined differently: " + ", ".join(changed))
    return "; ".join(parts)


def _key(feature: Feature) -> tuple[object, ...]:
    return (
        feature.name,
        feature.family,
        feature.unit,
        feature.window,
        feature.dtype,
        feature.empty,
    )


def _hash(features: tuple[Feature, ...]) -> str:
    text = json.dumps([_key(f) for f in features])
    return hashlib.sha256(text.encode()).hexdigest()
