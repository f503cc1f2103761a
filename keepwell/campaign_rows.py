"""The customers of a campaign: arm, covariates from before, outcomes and costs, a row each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pandas as pd
import pyarrow as pa
from ibis import ir

from features.asof import KEYS, Spine, between, following, overlapping
from features.errors import InputError, suggestion
from features.keeping import internal_name
from features.labels import Target, labels
from features.sources import engine_of
from features.spans import price_of, ran
from features.tables import Tables
from keepwell.project import Project
from serving.store import Run, Store

_RUNS = 100_000
_COSTS = ("cost", "redeemed_cost")
SCORES = ("churn_probability", "expected_value")
"""Covariates from the last score before the contact."""

PRIOR = "spend_before"
"""Covariate: what the customer brought in the value horizon before the contact."""


@dataclass(frozen=True)
class Asked:
    """Which contacts are meant.

    Parameters
    ----------
    action : str
    since, until : date or None
        Of days ``[since, until)``; None: without end.
    """

    action: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Assigned:
    """Who was assigned to the arms of a campaign.

    Parameters
    ----------
    rows : DataFrame
        A customer a row, by the first contact: ``customer_id``, ``cutoff`` (midnight of its day),
        ``treated`` and ``costs``, of all contacts of the campaign until the value horizon ends.
    repeated : int
        Further contacts of the same customers.
    """

    rows: pd.DataFrame
    repeated: int


def assigned(tables: Tables, asked: Asked, days: int) -> Assigned:
    """Find the customers of a campaign.

    Parameters
    ----------
    tables : mapping of str to ibis Table
    asked : Asked
    days : int
        After the first contact whose costs count.

    Raises
    ------
    InputError
        When there are no such contacts.
    """
    if "contacts" not in tables:
        raise InputError(
            "no contacts are known: record them with `keepwell contacts import`, or name a "
            "[tables.contacts]"
        )
    contacts = tables["contacts"]
    named = contacts.filter(contacts["action"] == asked.action)
    found = between(named, asked.since, asked.until, "contacted_at")
    chosen: pd.DataFrame = found.to_pyarrow().to_pandas()
    if chosen.empty:
        raise InputError(_nobody(contacts, asked))
    # Of contacts at the same moment the order is that of their values, whatever the engine's is.
    chosen = chosen.sort_values(["customer_id", "contacted_at", "treated"], ignore_index=True)
    first = chosen.drop_duplicates("customer_id")[["customer_id", "contacted_at", "treated"]]
    first = first.assign(cutoff=first["contacted_at"].dt.normalize())
    costs = _costs(chosen, first.set_index("customer_id")["cutoff"], days)
    rows = first.drop(columns="contacted_at").merge(costs, on="customer_id")
    return Assigned(rows.sort_values("customer_id", ignore_index=True), len(chosen) - len(rows))


def _nobody(contacts: ir.Table, asked: Asked) -> str:
    at = contacts["contacted_at"]
    summary = contacts.group_by("action").aggregate(n=contacts.count(), since=at.min(), to=at.max())
    known = {row["action"]: row for row in summary.order_by("action").to_pyarrow().to_pylist()}
    if asked.action in known:
        row = known[asked.action]
        return (
            f'nobody was contacted with "{asked.action}" from {asked.since or "the beginning"} to '
            f"{asked.until or 'the end'}: its contacts are of {row['since']:%Y-%m-%d} to "
            f"{row['to']:%Y-%m-%d}"
        )
    told = ", ".join(f"{name} ({row['n']:,})" for name, row in known.items())
    hint = suggestion(asked.action, known)
    return f'no contact has the action "{asked.action}".{hint} Contacts: {told}'


def _costs(chosen: pd.DataFrame, since: pd.Series[pd.Timestamp], days: int) -> pd.DataFrame:
    ends = chosen["customer_id"].map(since) + pd.Timedelta(days=days)
    within = chosen[chosen["contacted_at"] < ends]
    told = [c for c in _COSTS if c in within.columns]
    # What nobody told cost nothing: most controls, and contacts without an incentive.
    costs = within[told].astype(float).fillna(0.0).sum(axis=1)
    return costs.groupby(within["customer_id"]).sum().rename("costs").reset_index()


def outcomes(project: Project, tables: Tables, rows: pd.DataFrame, aim: Target) -> pd.DataFrame:
    """Add what became of customers from the contact on.

    Parameters
    ----------
    project : Project
    tables : mapping of str to ibis Table
    rows : DataFrame
        Of :class:`Assigned`, those whose windows have ended.
    aim : Target
        Without a gap.

    Returns
    -------
    DataFrame
        With ``retention`` (1.0, 0.0), ``revenue``, ``profit`` (margin where the company has it,
        less the costs), and ``spend_before``. Of a company of subscriptions only those with one
        on the day of the contact.
    """
    spine = _spine(project, rows)
    found = _frame(labels(tables, spine, replace(aim, measure=_measure(tables))))
    if "transactions" in tables and "margin" in tables["transactions"].columns:
        margins = _frame(labels(tables, spine, replace(aim, measure="margin")))
        found = found.merge(margins[[*KEYS, "value"]], on=[*KEYS], suffixes=("", "_margin"))
    earned = found["value_margin"] if "value_margin" in found else found["value"]
    found = found.assign(retention=1.0 - found["churned"], revenue=found["value"], earned=earned)
    before = _before(tables, spine, aim.value_horizon)
    if aim.kind == "subscription":
        here = overlapping(ran(tables["subscriptions"]), spine, 0, 1).select(*KEYS).distinct()
        found = found.merge(_frame(here), on=[*KEYS])
    made = rows.merge(found, on=[*KEYS]).merge(before, on=[*KEYS], how="left")
    made = made.assign(profit=made["earned"] - made["costs"])
    made[PRIOR] = made[PRIOR].fillna(0.0)
    return made[["customer_id", "cutoff", "treated", "retention", "revenue", "profit", PRIOR]]


def _measure(tables: Tables) -> str:
    return "net" if "transactions" in tables else "price"


def _spine(project: Project, rows: pd.DataFrame) -> Spine:
    name = internal_name("campaign", "customers")
    keys = rows[[*KEYS]].assign(cutoff=rows["cutoff"].dt.as_unit("us"))
    engine = engine_of(project.backend)
    engine.put(project.backend, pa.Table.from_pandas(keys, preserve_index=False), name)
    return Spine(project.backend.table(name))


def _before(tables: Tables, spine: Spine, days: int) -> pd.DataFrame:
    if "transactions" in tables:
        lines = following(tables["transactions"], spine, -days, days)
        return _frame(lines.group_by(*KEYS).aggregate(**{PRIOR: lines["amount"].sum()}))
    rows = overlapping(ran(tables["subscriptions"]), spine, -days, days)
    return _frame(rows.group_by(*KEYS).aggregate(**{PRIOR: price_of(rows, rows["days"]).sum()}))


def _frame(table: ir.Table) -> pd.DataFrame:
    rows: pd.DataFrame = table.to_pyarrow().to_pandas()
    money = {c: rows[c].astype(float) for c in rows.columns if c not in KEYS}
    return rows.assign(**money)


def scores_then(store: Store, rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Give each customer's last score from before the contact, in the order of the rows.

    Parameters
    ----------
    store : Store
    rows : DataFrame
        ``customer_id`` and ``cutoff``, the midnight of the contact's day.
    name : str
        The model whose scores count.

    Returns
    -------
    DataFrame
        :data:`SCORES`, on the rows' index; NaN where nothing was scored then.
    """
    runs = [r for r in store.runs(_RUNS) if r.model_name == name and not r.backtest and r.as_of]
    days = pd.to_datetime(rows["cutoff"]).dt.date
    wanted = days.map(lambda day: _newest(runs, day))
    parts = [
        some.reset_index()
        .merge(store.remembered(int(run)), on="customer_id")
        .set_index("index")[list(SCORES)]
        for run, some in rows[["customer_id"]].groupby(wanted)
    ]
    found = pd.concat(parts) if parts else pd.DataFrame(columns=list(SCORES), dtype=float)
    return found.reindex(rows.index)


def _newest(runs: Sequence[Run], day: date) -> float:
    """Give the run of the newest day up to a day; of one day the last run."""
    known = [(run.as_of, run.id) for run in runs if run.as_of is not None and run.as_of <= day]
    return max(known)[1] if known else float("nan")


def last_day(rows: pd.DataFrame, aim: Target) -> date:
    """Give the day on which the window of the last contact ends."""
    newest: pd.Timestamp = rows["cutoff"].max()
    return newest.date() + timedelta(days=aim.reach)
