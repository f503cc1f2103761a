"""The calendar of the cutoff: what season the snapshot is taken in.

The weekday is left out: it tells the days on which the company happens to look, not the customer.
"""

from __future__ import annotations

import math

from ibis import ir

from features.catalogue import Feature
from features.family import Columns, Family

_YEAR = 365.25


def _derive(table: ir.Table) -> Columns:
    cutoff = table["cutoff"]
    # Sine and cosine together tell the day, and put 31 December beside 1 January.
    angle = (cutoff.day_of_year() - 1).cast("float64") * (2 * math.pi / _YEAR)
    return {
        "calendar_month": cutoff.month(),
        "calendar_year_sin": angle.sin(),
        "calendar_year_cos": angle.cos(),
    }


def _feature(name: str, unit: str, doc: str) -> Feature:
    return Feature(name, "calendar", unit, None, doc)


FAMILY = Family(
    name="calendar",
    features=(
        _feature("calendar_month", "month", "Month of the cutoff, from 1 to 12."),
        _feature("calendar_year_sin", "ratio", "Sine of the cutoff's day in the year."),
        _feature("calendar_year_cos", "ratio", "Cosine of the cutoff's day in the year."),
    ),
    derive=_derive,
)
