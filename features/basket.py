"""Baskets: how large an order is, and how much of it is discounted."""

from __future__ import annotations

from ibis import ir

from features.catalogue import Feature, Reason
from features.family import Columns, Family
from features.windows import ratio, within

_WINDOWS = (90, 365)


def _aggregates(days: ir.Table) -> Columns:
    measures: Columns = {}
    for window in _WINDOWS:
        recent = within(days, window)
        measures[f"_lines_{window}d"] = days["lines"].sum(where=recent)
        for column in ("units", "discount"):
            if column in days.columns:
                measures[f"_{column}_{window}d"] = days[column].sum(where=recent)
    return measures


def _derive(table: ir.Table) -> Columns:
    derived: Columns = {}
    for window in _WINDOWS:
        spend = table[f"spend_sum_{window}d"]
        purchases = table[f"purchase_days_count_{window}d"]
        derived[f"lines_mean_{window}d"] = ratio(table[f"_lines_{window}d"], purchases)
        if f"orders_count_{window}d" in table.columns:
            derived[f"order_value_mean_{window}d"] = ratio(spend, table[f"orders_count_{window}d"])
        if f"_units_{window}d" in table.columns:
            derived[f"units_mean_{window}d"] = ratio(table[f"_units_{window}d"], purchases)
        if f"_discount_{window}d" in table.columns:
            discount = table[f"_discount_{window}d"]
            gross = spend.cast("float64") + discount.cast("float64")
            derived[f"discount_share_{window}d"] = ratio(discount, gross)
    return derived


def _features(window: int) -> tuple[Feature, ...]:
    period = f"in the last {window} days"
    rival, unfit = "price or a rival's offer", "product no longer fits"

    def feature(measure: str, unit: str, doc: str, reason: Reason) -> Feature:
        name = f"{measure}_{window}d"
        return Feature(name, "basket", unit, window, f"{doc} {period}.", reason)

    def mean(measure: str, unit: str, doc: str, text: str, cause: str) -> Feature:
        reason = Reason(f"{text} on average {period}", cause, "low")
        return feature(measure, unit, doc, reason)

    discount = f"buys on discount: {{discount_share_{window}d:percent}} off on average {period}"
    value = f"small orders: {{order_value_mean_{window}d:money}}"
    lines = f"small baskets: {{lines_mean_{window}d:mean lines}}"
    units = f"small baskets: {{units_mean_{window}d:mean units}}"
    return (
        mean("order_value_mean", "currency", "Mean spend of an order", value, rival),
        mean("lines_mean", "lines", "Mean lines on a day with a purchase", lines, unfit),
        mean("units_mean", "units", "Mean quantity on a day with a purchase", units, unfit),
        feature(
            "discount_share",
            "share",
            "Discount over the undiscounted spend",
            Reason(discount, rival, "high"),
        ),
    )


FAMILY = Family(
    name="basket",
    features=tuple(f for window in _WINDOWS for f in _features(window)),
    aggregates={"last_year": _aggregates},
    derive=_derive,
    needs=("last_year",),
)
