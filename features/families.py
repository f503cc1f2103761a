"""All families, in the order of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from features import (
    activities,
    basket,
    calendar,
    complaints,
    contacts,
    frequency,
    lifecycle,
    loyalty,
    margin,
    monetary,
    recency,
    referrals,
    subscriptions,
    surveys,
    tenure,
    variety,
    wallet_share,
)
from features.attributes import attributes
from features.family import Family
from features.grains import Tables

FAMILIES: tuple[Family, ...] = (
    recency.FAMILY,
    frequency.FAMILY,
    monetary.FAMILY,
    margin.FAMILY,
    tenure.FAMILY,
    basket.FAMILY,
    variety.FAMILY,
    complaints.FAMILY,
    contacts.FAMILY,
    activities.FAMILY,
    surveys.FAMILY,
    referrals.FAMILY,
    calendar.FAMILY,
    lifecycle.FAMILY,
    loyalty.FAMILY,
    subscriptions.FAMILY,
    wallet_share.FAMILY,
)
"""Families that every company may have; what a company's tables lack is left out."""


def families_for(tables: Tables, own: Sequence[Family] = ()) -> tuple[Family, ...]:
    """Give the families for these tables: the fixed ones, those of the company's own, attributes.

    Parameters
    ----------
    tables : mapping of str to ibis Table
    own : sequence of Family
        See :mod:`features.own`.
    """
    if "customers" not in tables:
        return (*FAMILIES, *own)
    return (*FAMILIES, *own, attributes(tables["customers"]))
