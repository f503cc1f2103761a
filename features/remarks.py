"""What is odd in the rows of one table, though no reason to reject them: counted and told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import ibis
from ibis import ir

from features.columns import TableLayout

_FAR = datetime(9999, 1, 1)  # noqa: DTZ001 - local time, as everywhere within
_OUTCOMES = {
    "complaints": (("satisfaction", "compensation", "cost"), "resolved_at"),
    "contacts": (("redeemed_cost",), "responded_at"),
}
"""Columns that become known later than their row, and the column that says when."""


@dataclass(frozen=True)
class Remark:
    """Something odd about single rows.

    Attributes
    ----------
    columns
        The columns that it needs; it does not apply where one is not mapped.
    found
        Canonical table and the present local time to a boolean column.
    said
        What to say, with `{count}` where the number of such rows goes.
    """

    columns: tuple[str, ...]
    found: Callable[[ir.Table, datetime], ir.BooleanValue]
    said: str


def _without(outcome: str, time: str) -> Remark:
    return Remark(
        columns=(outcome, time),
        found=lambda table, _now: table[outcome].notnull() & table[time].isnull(),
        said=f"rows with {outcome} but without {time}, so that nothing tells since when it is "
        "known: {count}; it is not used",
    )


def _unexplained(name: str) -> tuple[Remark, ...]:
    outcomes, time = _OUTCOMES[name]
    return tuple(_without(outcome, time) for outcome in outcomes)


def _in_control(outcome: str) -> Remark:
    return Remark(
        columns=(outcome, "treated"),
        found=lambda table, _now: table[outcome].notnull() & ~table["treated"],
        said=f"rows of the control group (treated is false) with {outcome}: {{count}}; who was "
        "not contacted cannot respond: check the mapping of treated",
    )


def _overlapping(table: ir.Table, _now: datetime) -> ir.BooleanValue:
    ended = table["ended_at"].coalesce(ibis.literal(_FAR))
    earlier = ibis.window(
        group_by="customer_id", order_by=["started_at", ended], preceding=(None, 1)
    )
    return (ended.max().over(earlier) > table["started_at"]).coalesce(False)


def _referred_again(table: ir.Table, _now: datetime) -> ir.BooleanValue:
    order = [table["occurred_at"], table["customer_id"]]
    return ibis.row_number().over(group_by="referred_id", order_by=order) > 0


_RECORDED = (
    Remark(
        ("recorded_at",),
        lambda table, _now: table["recorded_at"].isnull(),
        "rows that do not say when they were recorded (recorded_at is empty): {count}; each "
        "counts from its event on",
    ),
    Remark(
        ("recorded_at",),
        lambda table, now: table["recorded_at"] > now,
        "rows that were recorded in the future: {count}; they are not used before then: check "
        "the mapping of recorded_at and [data] timezone",
    ),
)

_OWN: Mapping[str, tuple[Remark, ...]] = {
    "complaints": _unexplained("complaints"),
    "contacts": (
        *_unexplained("contacts"),
        _in_control("responded_at"),
        _in_control("redeemed_cost"),
    ),
    "subscriptions": (
        Remark(
            ("started_at",),
            lambda table, now: table["started_at"] > now,
            "subscriptions that start in the future: {count}; they count from then on",
        ),
        Remark(
            ("ended_at",),
            _overlapping,
            "subscriptions that start while another of the same customer runs: {count}; they are "
            "kept (where they are changes of plan or price, end the row before)",
        ),
        Remark(
            ("price",),
            lambda table, _now: table["price"].isnull(),
            "subscriptions without a price: {count}; they add nothing to the value",
        ),
    ),
    "surveys": (
        Remark(
            ("nps", "csat"),
            lambda table, _now: table["nps"].isnull() & table["csat"].isnull(),
            "rows with neither nps nor csat: {count}; they tell nothing",
        ),
    ),
    "referrals": (
        Remark(
            ("referred_id",),
            _referred_again,
            "rows that refer a customer who was referred before: {count}; they are kept",
        ),
    ),
}


def remarks(layout: TableLayout, clean: ir.Table, now: datetime) -> Iterator[str]:
    """Say what is odd in a table.

    Parameters
    ----------
    layout
        The canonical table.
    clean
        Its good rows.
    now
        The present, in local time of `[data] timezone`.

    Yields
    ------
    str
        One sentence for each kind of oddity that occurs.
    """
    yield from _unusable(layout.name, clean)
    yield from _endless(layout.name, clean, now)
    some = [*(_RECORDED if layout.time else ()), *_OWN.get(layout.name, ())]
    some = [remark for remark in some if set(remark.columns) <= set(clean.columns)]
    if not some:
        return
    marked = clean.select(**{str(n): remark.found(clean, now) for n, remark in enumerate(some)})
    totals = marked.aggregate(**{name: marked[name].sum() for name in marked.columns})
    (row,) = totals.to_pyarrow().to_pylist()
    for count, remark in zip(row.values(), some, strict=True):
        if count:
            yield remark.said.format(count=f"{count:,}")


def _unusable(name: str, clean: ir.Table) -> Iterator[str]:
    """Say which mapped columns cannot be used for want of another."""
    outcomes, time = _OUTCOMES.get(name, ((), ""))
    lost = [column for column in outcomes if column in clean.columns]
    if lost and time not in clean.columns:
        yield (
            f"{', '.join(lost)}: not used, because nothing tells since when it is known; map {time}"
        )
    if name == "surveys" and not {"nps", "csat"} & set(clean.columns):
        yield "neither nps nor csat is mapped, so that the answers tell nothing; map one of them"


def _endless(name: str, clean: ir.Table, now: datetime) -> Iterator[str]:
    """Say that nobody ever left, which then cannot be learnt."""
    if name != "subscriptions" or "ended_at" not in clean.columns:
        return
    running = clean["ended_at"].isnull() | (clean["ended_at"] > now)
    customers = clean["customer_id"]
    counts = clean.aggregate(all=customers.nunique(), on=customers.nunique(where=running))
    (row,) = counts.to_pyarrow().to_pylist()
    if row["all"] == row["on"]:
        yield (
            f"a subscription still runs for each of the {row['all']:,} customers, so that nobody "
            "has left: check the mapping of ended_at, and that a change of plan ends the row before"
        )
