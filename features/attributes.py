"""Attributes: the user's own columns of the customers table, as typed features."""

from __future__ import annotations

from ibis import ir

from features.asof import days_between
from features.catalogue import Feature
from features.family import Columns, Family
from features.grains import attribute_names


def attributes(customers: ir.Table) -> Family:
    """Make the family of a company's own attributes.

    Text becomes a category, a number or a flag stays a number, a date becomes the days from it to
    the cutoff (unknown while it lies ahead). Types without an order or a name (lists, structs)
    are left out. None gives a reason: who a customer is tells whom to look at, not why they leave.
    """
    kinds = {c: _kind(customers, c) for c in attribute_names(customers)}
    features = tuple(_feature(c, kind) for c, kind in kinds.items() if kind)

    def aggregates(rows: ir.Table) -> Columns:
        return {
            f"attribute_{c}": _value(rows, f"attribute_{c}", k).max() for c, k in kinds.items() if k
        }

    return Family("attributes", features, aggregates={"customers": aggregates})


def _kind(customers: ir.Table, column: str) -> str:
    dtype = customers[column].type()
    if dtype.is_string():
        return "category"
    if dtype.is_numeric() or dtype.is_boolean():
        return "number"
    return "days" if dtype.is_timestamp() or dtype.is_date() else ""


def _value(rows: ir.Table, column: str, kind: str) -> ir.Value:
    if kind == "category":
        return rows[column]
    if kind == "number":
        return rows[column].cast("float64")
    age = days_between(rows[column].cast("timestamp"), rows["cutoff"])
    return (age > 0).ifelse(age, None)


def _feature(column: str, kind: str) -> Feature:
    name = f"attribute_{column}"
    words = column.replace("_", " ").strip()
    doc = f"The customer's {words}" + (", in days before the cutoff." if kind == "days" else ".")
    if kind == "category":
        return Feature(name, "attributes", "category", None, doc, dtype="category")
    return Feature(name, "attributes", "days" if kind == "days" else "own", None, doc)
