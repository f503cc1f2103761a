"""Margin: what the company keeps of the customer's spend, where it says so."""

from __future__ import annotations

import ibis
from ibis import ir

from features.catalogue import Feature, Reason
from features.family import Columns, Family
from features.windows import just_before, ratio, signed_trend, within

_WINDOWS = (90, 365)
_TREND = 90


def _aggregates(days: ir.Table) -> Columns:
    if "margin" not in days.columns:
        return {}
    margin = days["margin"]
    recent = {f"_margin_{w}d": margin.sum(where=within(days, w)) for w in _WINDOWS}
    traded = {f"_traded_{w}d": days.count(where=within(days, w)) for w in _WINDOWS}
    before = just_before(days, _TREND)
    return {
        **recent,
        **traded,
        "_margin_before": margin.sum(where=before),
        "_traded_before": days.count(where=before),
    }


def _known(margin: ir.Value, traded: ir.Value) -> ir.Value:
    """Give zero for a window without trade, and unknown for one whose margins are all unknown."""
    nothing = ibis.ifelse(traded.coalesce(0) == 0, 0, ibis.null("int8"))
    return margin.coalesce(nothing.cast(margin.type()))


def _derive(table: ir.Table) -> Columns:
    if "_margin_before" not in table.columns:
        return {}
    sums = {w: _known(table[f"_margin_{w}d"], table[f"_traded_{w}d"]) for w in _WINDOWS}
    before = _known(table["_margin_before"], table["_traded_before"])
    return {
        **{f"margin_sum_{w}d": total for w, total in sums.items()},
        "margin_share_365d": ratio(sums[365], table["spend_sum_365d"]),
        "margin_trend_90d": signed_trend(sums[_TREND], before),
    }


def _sum(window: int) -> Feature:
    name = f"margin_sum_{window}d"
    doc = (
        f"Margin of the last {window} days, returns included; "
        "unknown where none of its lines says one."
    )
    text = f"brought a margin of {{{name}:only money}} in the last {window} days"
    reason = Reason(text, "neglect of small customers", "low")
    return Feature(name, "margin", "currency", window, doc, reason, empty=0)


FAMILY = Family(
    name="margin",
    features=(
        *[_sum(w) for w in _WINDOWS],
        Feature(
            "margin_share_365d",
            "margin",
            "share",
            365,
            "Margin over the spend of the last 365 days.",
        ),
        Feature(
            "margin_trend_90d",
            "margin",
            "ratio",
            2 * _TREND,
            "Margin of the last 90 days against the 90 days before, from -1 to 1.",
            Reason(
                "brings less margin than in the 90 days before: {margin_sum_90d:money}",
                "price or a rival's offer",
                "low",
                gauge="margin_trend_90d",
            ),
        ),
    ),
    aggregates={"last_year": _aggregates},
    derive=_derive,
    needs=("last_year",),
)
