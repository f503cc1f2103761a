"""Remembered contacts are added to a company's own, in whatever engine its tables are."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

from features.panel import features_at
from features.population import population
from features.remembered import with_contacts
from features.tables import Loaded
from tests.contract.companies import Loader, company, frame, history, same
from tests.contract.places import Place
from tests.oracle.histories import CUTOFF

DAY = timedelta(days=1)
OWN = pa.table(
    {
        "customer_id": ["a", "a", "b"],
        "contacted_at": [CUTOFF - 9 * DAY, CUTOFF - 9 * DAY, CUTOFF - 20 * DAY],
        "action": ["call", "call", "call"],
        "treated": [True, True, False],
        "cost": pa.array([Decimal(1), Decimal(2), None], pa.decimal128(18, 4)),
    }
)


def remembered(*rows: tuple[str, datetime, str, datetime]) -> pa.Table:
    """Make up remembered contacts: customer, when, action, when recorded."""
    customers, times, actions, recorded = map(list, zip(*rows, strict=True))
    return pa.table(
        {
            "customer_id": pa.array(customers, pa.string()),
            "contacted_at": pa.array(times, pa.timestamp("us")),
            "action": pa.array(actions, pa.string()),
            "treated": pa.array([True] * len(rows)),
            "responded_at": pa.array([t + DAY for t in times], pa.timestamp("us")),
            "recorded_at": pa.array(recorded, pa.timestamp("us")),
        }
    )


EARLY = remembered(
    ("a", CUTOFF - 9 * DAY + timedelta(hours=3), "call", CUTOFF - 8 * DAY),
    ("a", CUTOFF - 9 * DAY, "voucher", CUTOFF - 8 * DAY),
    ("b", CUTOFF - 2 * DAY, "call", CUTOFF - DAY),
)


def tables_of(loaded: Loaded) -> pd.DataFrame:
    rows: pd.DataFrame = loaded.tables["contacts"].to_pyarrow().to_pandas()
    return rows.sort_values(["customer_id", "contacted_at", "action"], ignore_index=True)


def added(loaded: Loaded, more: pa.Table) -> Loaded:
    return with_contacts(loaded, more, next(iter(loaded.tables.values())).get_backend())


def snapshots(loaded: Loaded) -> pd.DataFrame:
    spine = population(loaded.tables, CUTOFF.date(), "inactivity", 365)
    return frame(features_at(loaded.tables, spine).table)


def test_a_contact_that_both_tell_counts_once(files: Place, loaded: Loader) -> None:
    tables = {"transactions": company(history())["transactions"], "contacts": OWN}
    made = added(loaded(files, tables), EARLY)
    rows = tables_of(made)
    assert rows[["customer_id", "action"]].to_numpy().tolist() == [
        ["a", "call"],
        ["a", "call"],
        ["a", "voucher"],
        ["b", "call"],
        ["b", "call"],
    ]
    assert rows["cost"].dropna().tolist() == [1, 2]
    report = made.reports["contacts"]
    assert (report.read, report.kept, report.customers) == (5, 5, 2)
    assert report.last == CUTOFF - 2 * DAY
    assert report.warnings[-1] == (
        "2 of them are remembered by the score store; 1 more there are told by this table too, and "
        "count once"
    )
    assert list(made.tables) == ["transactions", "contacts"]


def test_without_a_table_of_the_company_s_own_they_are_the_table(
    files: Place, loaded: Loader
) -> None:
    tables = {"transactions": company(history())["transactions"]}
    made = added(loaded(files, tables), EARLY)
    assert len(tables_of(made)) == 3
    assert made.reports["contacts"].read == 3
    assert "contacts_count" in snapshots(made).columns
    assert "contact_cost_sum_365d" not in snapshots(made).columns, "no cost is told"


def test_other_engines_take_them_alike(files: Place, other: Place, loaded: Loader) -> None:
    tables = company(history())
    customers = tables["customers"]["customer_id"].to_pylist()[:3]
    more = remembered(*((c, CUTOFF - 3 * DAY, "ünï '\"", CUTOFF - DAY) for c in customers))
    ours, theirs = (added(loaded(place, tables), more) for place in (files, other))
    assert_frame_equal(tables_of(theirs), tables_of(ours), check_dtype=False)
    same(snapshots(theirs), snapshots(ours))


@pytest.mark.parametrize("own", [True, False])
def test_what_is_recorded_after_a_cutoff_changes_nothing_at_it(
    files: Place, loaded: Loader, *, own: bool
) -> None:
    tables = company(history())
    if not own:
        del tables["contacts"]
    before = loaded(files, tables)
    customers = tables["customers"]["customer_id"].to_pylist()
    known = remembered(*((c, CUTOFF - 40 * DAY, "voucher", CUTOFF - 30 * DAY) for c in customers))
    late = remembered(*((c, CUTOFF - 5 * DAY, "call", CUTOFF) for c in customers))
    # A contact that the company's own table tells of, too, and now the store.
    told = tables["contacts"].to_pylist() if own else []
    again = (
        remembered(
            *((r["customer_id"], r["contacted_at"], r["action"], CUTOFF + DAY) for r in told)
        )
        if told
        else late
    )
    then, now = (added(before, more) for more in (known, pa.concat_tables([known, late, again])))
    assert_frame_equal(snapshots(now), snapshots(then), check_exact=True)
