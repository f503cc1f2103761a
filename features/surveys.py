"""Surveys: what the customer answered when asked, and whether it got worse.

NPS is an answer from 0 to 10, CSAT one on the company's own scale. Of several answers of one
moment the lowest counts.
"""

from __future__ import annotations

import ibis
from ibis import ir

from features.catalogue import Feature, Reason
from features.family import Columns, Family
from features.windows import ratio, within

_SCORES = ("nps", "csat")
_DETRACTOR = 6


def _aggregates(rows: ir.Table) -> Columns:
    measures: Columns = {
        "surveys_count": rows.count(),
        "surveys_count_365d": within(rows, 365).sum(),
        "days_since_survey": rows["age"].min(),
    }
    for score in _SCORES:
        if score in rows.columns:
            measures.update(_scores(rows, score))
    return measures


def _scores(rows: ir.Table, score: str) -> Columns:
    given, rank = rows[score], rows[f"{score}_rank"]
    # Exact sums do not depend on the order of the rows; floating-point ones do.
    exact = given.try_cast("decimal(18,4)")
    return {
        f"{score}_last": given.min(where=rank == 0),
        f"_{score}_before": given.min(where=rank == 1),
        f"{score}_mean": ratio(exact.sum(), exact.count()),
    }


def _derive(table: ir.Table) -> Columns:
    derived: Columns = {
        f"{score}_change": table[f"{score}_last"] - table[f"_{score}_before"]
        for score in _SCORES
        if f"{score}_last" in table.columns
    }
    if "nps_last" in table.columns:
        last = table["nps_last"]
        detracts = ibis.ifelse(last <= _DETRACTOR, 1, 0)
        derived["nps_detractor"] = ibis.ifelse(last.isnull(), ibis.null("int8"), detracts)
    return derived


def _feature(
    name: str, unit: str, doc: str, reason: Reason | None = None, *, empty: float | None = None
) -> Feature:
    window = 365 if name.endswith("365d") else None
    return Feature(name, "surveys", unit, window, doc, reason, empty=empty)


_ATTITUDE = "service attitude"

FAMILY = Family(
    name="surveys",
    features=(
        _feature("surveys_count", "surveys", "Surveys ever answered.", empty=0),
        _feature(
            "surveys_count_365d", "surveys", "Surveys answered in the last 365 days.", empty=0
        ),
        _feature("days_since_survey", "days", "Days since a survey was last answered."),
        _feature(
            "nps_last",
            "score",
            "Last answer to whether the customer would recommend the company, from 0 to 10.",
            Reason("would hardly recommend the company: {nps_last:number} of 10", _ATTITUDE, "low"),
        ),
        _feature(
            "nps_change",
            "score",
            "Last NPS answer less the one before.",
            Reason(
                "would recommend the company less than before: {nps_last:number} of 10",
                _ATTITUDE,
                "low",
                gauge="nps_change",
            ),
        ),
        _feature("nps_mean", "score", "Mean of all NPS answers."),
        _feature(
            "nps_detractor",
            "flag",
            "Whether the last NPS answer is 6 or less: 1 or 0.",
            Reason("would not recommend the company: {nps_last:number} of 10", _ATTITUDE, "high"),
        ),
        _feature(
            "csat_last",
            "score",
            "Last answer to how satisfied the customer is, on the company's own scale.",
            Reason("rated satisfaction {csat_last:number} in the last survey", _ATTITUDE, "low"),
        ),
        _feature(
            "csat_change",
            "score",
            "Last CSAT answer less the one before.",
            Reason(
                "less satisfied than before: {csat_last:number} in the last survey",
                _ATTITUDE,
                "low",
                gauge="csat_change",
            ),
        ),
        _feature("csat_mean", "score", "Mean of all CSAT answers."),
    ),
    aggregates={"surveys": _aggregates},
    derive=_derive,
    needs=("surveys",),
)
