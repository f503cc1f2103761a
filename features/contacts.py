"""Contacts: how often the customer was addressed, and what came of it.

Only contacts received count; those of the control group never took place. A contact was redeemed
when its incentive cost something. Fatigue shows in contacts left unanswered since the last
response, and in a month with more of them than the year's average.
"""

from __future__ import annotations

from ibis import ir

from features.asof import days_between
from features.catalogue import Feature, Reason
from features.family import Columns, Family
from features.windows import ratio, within

_WINDOWS = (30, 90, 365)


def _aggregates(rows: ir.Table) -> Columns:
    counts = {f"contacts_count_{w}d": within(rows, w).sum() for w in _WINDOWS}
    measures: Columns = {
        **counts,
        "contacts_count": rows.count(),
        "days_since_contact": rows["age"].min(),
    }
    if "cost" in rows.columns:
        measures["contact_cost_sum_365d"] = rows["cost"].sum(where=within(rows, 365))
    if "responded_at" in rows.columns:
        responded = rows["responded_at"]
        measures["contact_responses_count"] = responded.count()
        measures["days_since_response"] = days_between(responded, rows["cutoff"]).min()
        measures["contacts_unanswered_count"] = rows["unanswered"].sum()
    if "redeemed_cost" in rows.columns:
        redeemed = rows["redeemed_cost"]
        measures["contacts_redeemed_count"] = (redeemed > 0).sum()
        measures["contacts_redeemed_sum"] = redeemed.sum()
    return measures


def _derive(table: ir.Table) -> Columns:
    count = table["contacts_count"]
    usual = table["contacts_count_365d"].cast("float64") * 30 / 365
    derived: Columns = {"contacts_pressure_30d": ratio(table["contacts_count_30d"], usual)}
    if "contact_responses_count" in table.columns:
        derived["contact_response_share"] = ratio(table["contact_responses_count"], count)
    if "contacts_redeemed_count" in table.columns:
        derived["contacts_redeemed_share"] = ratio(table["contacts_redeemed_count"], count)
    return derived


def _feature(
    name: str,
    unit: str,
    doc: str,
    reason: Reason | None = None,
    *,
    window: int | None = None,
    empty: float | None = None,
) -> Feature:
    return Feature(name, "contacts", unit, window, doc, reason, empty=empty)


_NEGLECT, _NEEDS = "neglect of small customers", "changed needs"

_RECEIVED = (
    *[
        _feature(
            f"contacts_count_{w}d",
            "contacts",
            f"Contacts received in the last {w} days.",
            Reason(
                f"contacted {{contacts_count_{w}d:only times}} in the last {w} days",
                _NEGLECT,
                "low",
            ),
            window=w,
            empty=0,
        )
        for w in _WINDOWS
    ],
    _feature("contacts_count", "contacts", "Contacts ever received.", empty=0),
    _feature(
        "days_since_contact",
        "days",
        "Days since the last contact was received.",
        Reason("not contacted for {days_since_contact:days}", _NEGLECT, "high"),
    ),
    _feature(
        "contacts_pressure_30d",
        "ratio",
        "Contacts received in the last 30 days over the year's mean for 30 days.",
        Reason(
            "contacted {contacts_count_30d:times} in the last 30 days, more than usual",
            "service attitude",
            "high",
            gauge="contacts_pressure_30d",
            beyond=1.0,
        ),
        window=30,
    ),
    _feature(
        "contact_cost_sum_365d",
        "currency",
        "Cost of the contacts received in the last 365 days.",
        window=365,
        empty=0,
    ),
)

_OUTCOMES = (
    _feature("contact_responses_count", "responses", "Contacts responded to.", empty=0),
    _feature(
        "contact_response_share",
        "share",
        "Share of the contacts received that were responded to.",
        Reason(
            "responded to {contact_response_share:only percent} of the contacts",
            "product no longer fits",
            "low",
        ),
    ),
    _feature(
        "days_since_response",
        "days",
        "Days since the last response to a contact.",
        Reason("no response to a contact for {days_since_response:days}", _NEEDS, "high"),
    ),
    _feature(
        "contacts_unanswered_count",
        "contacts",
        "Contacts received since the last response, or all where there was none.",
        Reason(
            "{contacts_unanswered_count:contacts} received since the last response",
            _NEEDS,
            "high",
        ),
        empty=0,
    ),
    _feature("contacts_redeemed_count", "contacts", "Contacts whose incentive was used.", empty=0),
    _feature("contacts_redeemed_sum", "currency", "Cost of the incentives used.", empty=0),
    _feature(
        "contacts_redeemed_share",
        "share",
        "Share of the contacts received whose incentive was used.",
    ),
)

FAMILY = Family(
    name="contacts",
    features=(*_RECEIVED, *_OUTCOMES),
    aggregates={"contacts": _aggregates},
    derive=_derive,
    needs=("contacts",),
)
