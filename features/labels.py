"""Labels: what became of a snapshot in the window after its cutoff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import ibis
from ibis import ir

from features.asof import KEYS, Spine, following, has_ended, overlapping
from features.grains import Tables, days
from features.spans import REGRACE, last_ends, price_of, ran
from features.windows import within

SHARE = 0.5
"""Share of the usual spend below which a customer has partly left."""

NORM_WINDOWS = 4
"""Windows before the cutoff that make the usual spend."""

BUYING_DAYS = 30
"""Days from the cutoff on within which a next purchase is looked for."""

_MILLION = 1_000_000
_MONEY = "decimal(26,4)"
_VALUES = {"net": "amount", "margin": "margin"}
_WORTH = {"net": "net amount", "margin": "margin", "price": "price of the subscriptions"}


@dataclass(frozen=True)
class Target:
    """What is predicted.

    Parameters
    ----------
    kind : {"inactivity", "subscription", "partial"}
        The kind of churn; see :func:`labels`.
    horizon : int
        Days of the churn window.
    gap : int
        Days between the cutoff and the start of both windows.
    value_horizon : int
        Days of the value window.
    regrace : int
        Days after an end in which another subscription undoes it (subscription).
    share : float
        Of the usual spend, above 0 to 1 (partial).
    norm_windows : int
        Windows of ``horizon`` days before the cutoff that make the usual spend (partial).
    measure : {"net", "margin", "price"}
        What transactions are worth; without any, the price of subscriptions.
    as_of : date or None
        The first moment that is not known; None where every window has ended by then.
    """

    kind: str
    horizon: int
    gap: int
    value_horizon: int
    regrace: int = REGRACE
    share: float = SHARE
    norm_windows: int = NORM_WINDOWS
    measure: str = "net"
    as_of: date | None = None

    @property
    def reach(self) -> int:
        """Days from a cutoff until its last label window, and regrace after it, have ended."""
        regrace = self.regrace if self.kind == "subscription" else 0
        return self.gap + max(self.horizon + regrace, self.value_horizon)

    @property
    def norm(self) -> int:
        """Days before the cutoff that the label looks back on; 0 where it does not."""
        return self.norm_windows * self.horizon if self.kind == "partial" else 0

    @property
    def worth(self) -> str:
        """What a customer's value is, in a few words."""
        return f"{_WORTH[self.measure]} of {self.value_horizon} days"

    @property
    def words(self) -> str:
        """What leaving means, in a few words."""
        return {
            "inactivity": f"no purchase in {self.horizon} days",
            "partial": (
                f"less than {self.share:.0%} of the usual spend in {self.horizon} days (usual: "
                f"the mean of the {self.norm_windows} windows of that length before)"
            ),
            "subscription": (
                f"a subscription ends in {self.horizon} days and no other begins within "
                f"{self.regrace}"
            ),
        }[self.kind]


def labels(tables: Tables, spine: Spine, target: Target) -> ir.Table:
    """Label each snapshot.

    Parameters
    ----------
    tables : mapping of str to ibis Table
        Canonical; only rows known when the labels are made.
    spine : Spine
        The population of the kind of churn.
    target : Target

    Returns
    -------
    ibis Table
        The keys, ``churned`` (int64, 1 or 0), ``value`` (float64) and, with transactions,
        ``bought_30d`` (int64, 1 or 0).

        ``churned``, over the window ``[cutoff + gap, cutoff + gap + horizon)``, is 1

        - *inactivity*: without a positive transaction in it;
        - *partial*: where the positive amounts in it are below ``share`` of the mean of the last
          ``norm_windows`` windows of equal length before the cutoff, of which only what was
          recorded by the cutoff counts;
        - *subscription*: where a subscription ends in it and no other covers that moment or
          begins within ``regrace`` days of it. Whoever left in the same sense between the cutoff
          and the window neither stays nor leaves in it: such a snapshot has no label, and no row.

        ``value``, over ``[cutoff + gap, cutoff + gap + value_horizon)``, is the net amount,
        returns included, or the margin; without transactions, the price of the subscriptions for
        the days that they overlap it.

        ``bought_30d`` is 1 with a positive transaction in ``[cutoff, cutoff + 30)``, whatever the
        kind and the gap; null where these days have not ended by ``target.as_of``.
    """
    left = _CHURNED[target.kind](tables, spine, target)
    earned = _worth(tables, spine, target)
    joined = left.left_join(earned, list(KEYS)).select(*KEYS, "churned", "_earned")
    told = joined.select(*KEYS, "churned", value=joined["_earned"].cast("float64").coalesce(0.0))
    if "transactions" not in tables:
        return told
    bought = _bought(tables, spine, target.as_of)
    return told.left_join(bought, list(KEYS)).select(*KEYS, "churned", "value", "bought_30d")


def _bought(tables: Tables, spine: Spine, as_of: date | None) -> ir.Table:
    lines = following(tables["transactions"], spine, 0, BUYING_DAYS)
    found = _flagged(spine.table, lines.filter(lines["amount"] > 0), name="bought_30d")
    if as_of is None:
        return found
    known = has_ended(found["cutoff"], BUYING_DAYS, as_of)
    return found.mutate(bought_30d=ibis.ifelse(known, found["bought_30d"], ibis.null("int64")))


def _inactivity(tables: Tables, spine: Spine, target: Target) -> ir.Table:
    lines = following(tables["transactions"], spine, target.gap, target.horizon)
    return _flagged(spine.table, lines.filter(lines["amount"] > 0), outside=True)


def _partial(tables: Tables, spine: Spine, target: Target) -> ir.Table:
    after = following(tables["transactions"], spine, target.gap, target.horizon)
    amount = after["amount"]
    spent = _total(after, _after=amount.sum(where=amount > 0))
    folded = days(tables, spine)
    assert folded is not None  # noqa: S101 - there are transactions
    usual = _total(folded, _usual=folded["spend"].sum(where=within(folded, target.norm)))
    keys = spine.table.select(*KEYS)
    joined = keys.left_join(spent, list(KEYS)).select(*KEYS, "_after")
    joined = joined.left_join(usual, list(KEYS)).select(*KEYS, "_after", "_usual")
    zero = ibis.literal(0).cast(_MONEY)
    # Compared exactly, in whole millionths: half of the usual spend is not below half of it.
    left = joined["_after"].coalesce(zero) * (target.norm_windows * _MILLION)
    right = joined["_usual"].coalesce(zero) * round(target.share * _MILLION)
    return joined.select(*KEYS, churned=(left < right).cast("int64"))


def _subscription(tables: Tables, spine: Spine, target: Target) -> ir.Table:
    ends = last_ends(ran(tables["subscriptions"]), ["customer_id"], target.regrace)
    gone = following(ends, spine, 0, target.gap).select(*KEYS).distinct()
    leaving = following(ends, spine, target.gap, target.horizon)
    here = spine.table.select(*KEYS)
    return _flagged(here.anti_join(gone, list(KEYS)) if target.gap else here, leaving)


_CHURNED = {"inactivity": _inactivity, "partial": _partial, "subscription": _subscription}


def _flagged(
    snapshots: ir.Table, rows: ir.Table, *, outside: bool = False, name: str = "churned"
) -> ir.Table:
    """Flag the snapshots that have rows, or those ``outside`` of them."""
    counted = rows.group_by(*KEYS).aggregate(_rows=ibis._.count())
    joined = snapshots.select(*KEYS).left_join(counted, list(KEYS)).select(*KEYS, "_rows")
    flag = joined["_rows"].isnull() if outside else joined["_rows"].notnull()
    return joined.select(*KEYS, **{name: flag.cast("int64")})


def _total(rows: ir.Table, **money: ir.Value) -> ir.Table:
    return rows.group_by(*KEYS).aggregate(**{n: v.cast(_MONEY) for n, v in money.items()})


def _worth(tables: Tables, spine: Spine, target: Target) -> ir.Table:
    if "transactions" in tables:
        lines = following(tables["transactions"], spine, target.gap, target.value_horizon)
        return lines.group_by(*KEYS).aggregate(_earned=lines[_VALUES[target.measure]].sum())
    rows = overlapping(ran(tables["subscriptions"]), spine, target.gap, target.value_horizon)
    return rows.group_by(*KEYS).aggregate(_earned=price_of(rows, rows["days"]).sum())
