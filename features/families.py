"""All families, in the order of the catalogue."""

from __future__ import annotations

from features import basket, complaints, frequency, monetary, recency, tenure, variety
from features.attributes import attributes
from features.family import Family
from features.grains import Tables

FAMILIES: tuple[Family, ...] = (
    recency.FAMILY,
    frequency.FAMILY,
    monetary.FAMILY,
    tenure.FAMILY,
    basket.FAMILY,
    variety.FAMILY,
    complaints.FAMILY,
)
"""Families that every company may have; what a company's tables lack is left out."""


def families_for(tables: Tables) -> tuple[Family, ...]:
    """Give the families for these tables: the fixed ones and the company's own attributes."""
    if "customers" not in tables:
        return FAMILIES
    return (*FAMILIES, attributes(tables["customers"]))
