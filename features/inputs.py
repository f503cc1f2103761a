"""What features were computed from: recorded at training, compiled again wherever they are used."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.datatypes as dt
from ibis import ir

from features.catalogue import FeatureSet
from features.columns import LAYOUTS
from features.errors import InputError
from features.grains import Tables

Inputs = Mapping[str, Mapping[str, str]]
"""Columns with their Ibis types, by canonical table."""

_ATTRIBUTE = "attribute_"


def recorded(tables: Tables, features: FeatureSet, *, own: bool) -> dict[str, dict[str, str]]:
    """Give the tables and columns that features were computed from.

    Parameters
    ----------
    tables : mapping of str to ibis Table
        Canonical tables.
    features : FeatureSet
        Those in use.
    own : bool
        Whether families of the user's own are among them, which may read any column. Without
        them an attribute that is no feature, such as an e-mail address, is left out.
    """
    found = {name: _columns(tables[name]) for name in LAYOUTS if name in tables}
    if own or "customers" not in found:
        return found
    known = {*LAYOUTS["customers"].columns, *(n.removeprefix(_ATTRIBUTE) for n in features.names)}
    found["customers"] = {c: kind for c, kind in found["customers"].items() if c in known}
    return found


def _columns(table: ir.Table) -> dict[str, str]:
    return {name: str(dtype.copy(nullable=True)) for name, dtype in table.schema().items()}


def unbound(inputs: Inputs) -> dict[str, ir.Table]:
    """Give tables of the recorded columns, without rows or engine.

    Whole numbers become floating-point ones: a history may say 1.5 where there was no half yet.

    Raises
    ------
    InputError
        When a table or a type is one that this Keepwell does not know.
    """
    if unknown := sorted(inputs.keys() - LAYOUTS.keys()):
        raise InputError(f"it was trained on tables unknown here: {', '.join(unknown)}")
    return {
        name: ibis.table({c: _type(f"{name}.{c}", kind) for c, kind in columns.items()}, name=name)
        for name, columns in inputs.items()
    }


def _type(place: str, kind: str) -> dt.DataType:
    try:
        dtype = ibis.dtype(kind)
    except RuntimeError:
        raise InputError(f"it was trained on {place} of a type unknown here: {kind}") from None
    return dt.float64 if dtype.is_integer() else dtype
