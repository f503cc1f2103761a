"""The columns of a score, described once: what is written, stored and served has these."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel

from models.segments import PASSED
from models.segments import SEGMENTS as OF_RELEASE


class ScoreColumns(BaseModel):
    """What is said of a customer, in the order of the columns of ``scores.parquet``.

    Attributes
    ----------
    customer_id
    as_of
        The first day that is not known; None where the scores rest on a flat file.
    churn_probability
        Within (0, 1).
    value_if_retained, value_if_churned, expected_value, value_at_risk
        In the currency, over the value horizon; None where no value is predicted.
    expected_value_low_90, expected_value_high_90, expected_value_low_80, expected_value_high_80
        Within these ends lies what the customer will have brought when the horizon is over: that
        of nine, or eight, customers of ten. None where nothing was held out to learn that from.
    lifetime_value
        Expected over years to come, discounted; None where there is no value, or no horizon.
    purchase_probability_30d
        Of a purchase in the 30 days from ``as_of`` on; None where nothing is bought.
    next_purchase_expected_at
        The day by which a purchase is as likely as not; None where that is far ahead.
    value_tier, grade, portfolio_cell, strategy
        What the customer is worth keeping for: see :mod:`models.segments`; None where the figures
        are unknown, or the release is older.
    value_tier_rule, grade_rule, portfolio_rule
        What put the customer there, or why nothing could, in words.
    lifecycle_stage, loyalty_type, loyalty_evidence
        The features of these names; None where the tables do not tell.
    model_version
        The registered version that gave the score.
    """

    customer_id: str
    as_of: date | None
    churn_probability: float
    value_if_retained: float | None
    value_if_churned: float | None
    expected_value: float | None
    value_at_risk: float | None
    expected_value_low_90: float | None = None
    expected_value_high_90: float | None = None
    expected_value_low_80: float | None = None
    expected_value_high_80: float | None = None
    lifetime_value: float | None = None
    purchase_probability_30d: float | None = None
    next_purchase_expected_at: date | None = None
    value_tier: str | None = None
    value_tier_rule: str | None = None
    grade: str | None = None
    grade_rule: str | None = None
    portfolio_cell: str | None = None
    strategy: str | None = None
    portfolio_rule: str | None = None
    lifecycle_stage: str | None = None
    loyalty_type: str | None = None
    loyalty_evidence: str | None = None
    model_version: str


COLUMNS = tuple(ScoreColumns.model_fields)
"""All of them, in order."""

_FIELDS = ScoreColumns.model_fields

NUMBERS = tuple(n for n, field in _FIELDS.items() if field.annotation in {float, float | None})
"""Those that are numbers."""

MEASURES = tuple(n for n in NUMBERS if _FIELDS[n].is_required())
"""Numbers that every score of a customer has; the others rest on models that may be missing."""

SEGMENTS = (*OF_RELEASE, *PASSED)
"""Those that are segments, or the measure that decided one."""

PROBABILITIES = ("churn_probability", "purchase_probability_30d")

NEXT_PURCHASE = "next_purchase_expected_at"
