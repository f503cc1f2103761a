"""What a family of the user's own must keep to: names, types, words; the built-in ones do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from string import Formatter
from typing import Any

from ibis import ir

from features.asof import KEYS
from features.catalogue import Feature, Reason
from features.errors import InputError, suggestion
from features.family import Family
from features.grains import GRAINS

_FAMILY = re.compile(r"[a-z]\w*", re.ASCII)
_FEATURE = re.compile(r"[a-z]+(_[a-z0-9]+)+", re.ASCII)
_ATTRIBUTES = "attributes"
_RESERVED = (*KEYS, "as_of", "churned", "value")
_DTYPES = ("float64", "category")
_FIELDS: tuple[tuple[str, tuple[type, ...], str], ...] = (
    ("unit", (str,), 'a word, such as "days"'),
    ("doc", (str,), "one sentence for people"),
    ("window", (int, type(None)), "whole days, or None"),
    ("empty", (int, float, type(None)), "what it is without any row: 0 for a count, or None"),
)


def check_families(file: str, families: Sequence[Family], taken: Sequence[Family]) -> None:
    """Refuse families whose names, features or grains are not as they should be.

    Parameters
    ----------
    file : str
        Where they are defined.
    families : sequence of Family
    taken : sequence of Family
        Families that there are already.

    Raises
    ------
    InputError
        Naming the file, the family and the feature, and what to do.
    """
    before = list(taken)
    for family in families:
        for said in _faults(family, before):
            raise InputError(f"{file}: {said}")
        before.append(family)


def check_measures(file: str, family: Family, found: object, *, helpers: bool) -> None:
    """Refuse expressions other than those of the family's features and its own helpers.

    Parameters
    ----------
    file : str
    family : Family
    found : object
        What one of its functions gave.
    helpers : bool
        Whether it may give figures that are no features, for ``derive``.
    """
    if not isinstance(found, Mapping) or not all(isinstance(v, ir.Value) for v in found.values()):
        raise InputError(
            f"{file}: the family {family.name} gives something else than Ibis expressions by name"
        )
    features = {f.name: f for f in family.features}
    for name, value in found.items():
        if name in features:
            _check_type(file, features[name], value)
        elif not (helpers and name.startswith(f"_{family.name}_")):
            hint = suggestion(name, features)
            more = f"; a figure for derive is called _{family.name}_..." if helpers else ""
            raise InputError(f"{file}: {name} is no feature of {family.name}{more}.{hint}")


def _check_type(file: str, feature: Feature, value: ir.Value) -> None:
    found = value.type()
    number = found.is_numeric() or found.is_boolean() or found.is_null()
    if not (number if feature.dtype == "float64" else found.is_string()):
        raise InputError(
            f'{file}: {feature.name} is {found}, but its dtype is "{feature.dtype}"; cast it'
        )


def _faults(family: Family, taken: Sequence[Family]) -> Iterator[str]:
    if not _is(_FAMILY, family.name):
        yield f"the family is called {family.name!r}; use small letters, digits and underscores"
    if family.name == _ATTRIBUTES or any(family.name == other.name for other in taken):
        yield f"there is a family {family.name} already; choose another name"
    if not family.features:
        yield f"the family {family.name} has no features"
    known = {f.name: f for other in taken for f in other.features}
    features: tuple[Any, ...] = family.features
    for number, feature in enumerate(features):
        if not isinstance(feature, Feature):
            yield f"features[{number}] of {family.name} is no features.catalogue.Feature"
        else:
            yield from (f"{feature.name}: {said}" for said in _of_feature(feature, family, known))
            known[feature.name] = feature
    for feature in features:
        yield from _of_reason(feature, known)
    yield from _of_grains(family, taken)


def _of_feature(feature: Feature, family: Family, known: Mapping[str, Feature]) -> Iterator[str]:
    if not _is(_FEATURE, feature.name):
        yield "is not named <measure>_<aggregation>, such as visits_count_30d"
    elif feature.name in known:
        yield f"is a feature of {known[feature.name].family} already; choose another name"
    elif feature.name.startswith("attribute_") or feature.name in _RESERVED:
        yield "is a name that Keepwell uses itself; choose another name"
    if feature.family != family.name:
        yield f"says that its family is {feature.family!r}; it is {family.name!r}"
    if feature.dtype not in _DTYPES:
        yield f"has the dtype {feature.dtype!r}; the dtypes are {', '.join(_DTYPES)}"
    for name, kinds, remedy in _FIELDS:
        if not isinstance(value := getattr(feature, name), kinds):
            yield f"has the {name} {value!r}; give {remedy}"


def _of_reason(feature: Feature, known: Mapping[str, Feature]) -> Iterator[str]:
    reason: Any = feature.reason
    if reason is None:
        return
    if not isinstance(reason, Reason) or reason.risk not in ("high", "low"):
        yield f'{feature.name}: its reason is no Reason with a risk of "high" or "low"'
        return
    templates = (reason.template, reason.fallback or "")
    named = [name for text in templates for _, name, _, _ in Formatter().parse(text) if name]
    for name in [*named, *([reason.gauge] if reason.gauge else [])]:
        if name not in known:
            hint = suggestion(name, known)
            yield f"{feature.name}: its reason mentions {name}, which is no feature.{hint}"


def _of_grains(family: Family, taken: Sequence[Family]) -> Iterator[str]:
    others = {*GRAINS, *(g for other in taken for g in other.grains)}
    for name in family.grains:
        if name in others:
            yield f"there is a grain {name} already; choose another name"
    known = [*GRAINS, *family.grains]
    for name in family.aggregates:
        if name not in known:
            yield (
                f"{family.name} aggregates {name}, which is no grain.{suggestion(name, known)} "
                f"Grains: {', '.join(known)}"
            )


def _is(pattern: re.Pattern[str], name: object) -> bool:
    return isinstance(name, str) and pattern.fullmatch(name) is not None
