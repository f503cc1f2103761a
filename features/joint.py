"""What concerns the tables together: those that are absent, and rows that contradict others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import ibis
from ibis import ir

from features.columns import LAYOUTS
from features.tables import Tables

_GIVES = {
    "transactions": "purchases and spend",
    "customers": "attributes",
    "complaints": "complaints",
    "wallets": "observed wallets",
    "contacts": "contacts and responses",
    "subscriptions": "contracts and renewals",
    "activities": "activities",
    "surveys": "satisfaction",
    "referrals": "referrals",
}
"""The features that go with each table."""

_BASE = ("transactions", "subscriptions")
"""Tables that tell who is a customer."""


def joint_warnings(tables: Tables) -> Iterator[str]:
    """Say what is odd about the tables together.

    Parameters
    ----------
    tables
        The clean tables by name.

    Yields
    ------
    str
        One sentence each.
    """
    absent = [f"{name} ({_GIVES[name]})" for name in LAYOUTS if name not in tables]
    if absent:
        yield f"tables that are not given, and the features that are absent: {', '.join(absent)}"
    found = {name: _counts(tables, name) for name in tables if name != "customers"}
    yield from _unknown(found)
    yield from _strangers(found)
    yield from _early(found)


def _counts(tables: Tables, name: str) -> Mapping[str, int]:
    """Count the customers of an event table, and those whom other tables contradict."""
    people = _people(tables, name)
    measures: dict[str, ir.Value] = {"all": people.count()}
    if "known" in people.columns:
        measures["unknown"] = people["known"].isnull().sum()
    if "joined_at" in people.columns:
        measures["early"] = (people["first"].date() < people["joined_at"].date()).sum()
    if "based" in people.columns:
        measures["based"] = people["based"].count()
    (row,) = people.aggregate(**measures).to_pyarrow().to_pylist()
    return {measure: count or 0 for measure, count in row.items()}


def _people(tables: Tables, name: str) -> ir.Table:
    """Give each customer of an event table, with what the other tables say of them."""
    rows, time = tables[name], LAYOUTS[name].time
    people = rows.group_by("customer_id").aggregate(first=rows[time].min())
    if "customers" in tables:
        people = _beside(people, _known(tables["customers"]))
    base = [tables[other].select("customer_id") for other in _BASE if other in tables]
    if name in _BASE or not base:
        return people
    ids = ibis.union(*base, distinct=True) if len(base) > 1 else base[0].distinct()
    return _beside(people, ids.mutate(based=ibis.literal(value=True)))


def _known(customers: ir.Table) -> ir.Table:
    joined = {"joined_at": customers["joined_at"].min()} if "joined_at" in customers.columns else {}
    return customers.group_by("customer_id").aggregate(known=customers.count(), **joined)


def _beside(people: ir.Table, facts: ir.Table) -> ir.Table:
    joined = people.left_join(facts, "customer_id", rname="{name}__right")
    return joined.select(*people.columns, *(c for c in facts.columns if c not in people.columns))


def _unknown(found: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    told = _listed(found, "unknown")
    if told:
        yield (
            f"customers without a row in the customers table: {told}; their attributes are missing"
        )


def _strangers(found: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    base = " or ".join(name for name in _BASE if name in found)
    for name, counts in found.items():
        if counts["all"] and counts.get("based") == 0:
            yield (
                f"none of the {counts['all']:,} customers of {name} has {base}; check that the "
                "tables use the same customer_id"
            )


def _early(found: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    told = _listed(found, "early")
    if told:
        yield (
            f"customers with rows from before they joined (joined_at): {told}; the rows are kept: "
            "check the mapping of joined_at"
        )


def _listed(found: Mapping[str, Mapping[str, int]], measure: str) -> str:
    some = {name: counts for name, counts in found.items() if counts.get(measure)}
    return ", ".join(f"{name} ({c[measure]:,} of {c['all']:,})" for name, c in some.items())
