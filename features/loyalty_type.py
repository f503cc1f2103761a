"""The type of a customer's loyalty, and the measure that it was told by.

The first rule that applies holds; a measure that is unknown of the customer, or that the tables do
not give, never decides:

1. *price*: at most 20 % of the year's spend was at full price (``price_insensitivity``);
2. *incentive*: at least half of the year's purchase days had a discount
   (``promotion_dependence_365d``);
3. *trust*: repeats (``repeat_rate`` of at least a half) and is attached: refers others, or is a
   promoter (last NPS of 9 or 10), or bought again after a complaint (``complaint_tolerance``);
4. *latent*: refers others or is a promoter, but does not repeat;
5. *monopoly*: spends at least 90 % of the observed wallet here, though dissatisfied (last NPS of
   at most 6, or a complaint open);
6. *inertia*: repeats, and nothing tells of more than habit;
7. *none*: no rule applies.
"""

from __future__ import annotations

from collections.abc import Iterator

import ibis
from ibis import ir

from features.catalogue import Feature
from features.family import Columns
from features.windows import ratio

_FULL_PRICE = 0.2
_HALF = 0.5
_PROMOTER, _DETRACTOR = 9, 6
_WHOLE = 0.9

NONE = "none"

TYPES = (
    Feature(
        "loyalty_type",
        "loyalty",
        "category",
        None,
        "The first that applies. price: at most 20 % of spend at full price. incentive: half of "
        "the purchase days on promotion. trust: repeats (half of the months) and refers, is a "
        "promoter or bought again after a complaint. latent: refers or is a promoter, but does not "
        "repeat. monopoly: 90 % of the observed wallet, though dissatisfied. inertia: repeats. "
        "Else none.",
        dtype="category",
    ),
    Feature(
        "loyalty_evidence",
        "loyalty",
        "category",
        None,
        "The measure that decided the type of loyalty.",
        dtype="category",
    ),
)

Rule = tuple[ir.Value, str, str]


def loyalty(table: ir.Table) -> Columns:
    """Give the type of loyalty and its evidence.

    Parameters
    ----------
    table : ibis Table
        Snapshots with ``repeat_rate`` and what else the tables allow.
    """
    rules = list(_rules(table))
    return {
        "loyalty_type": ibis.cases(*[(holds, kind) for holds, kind, _ in rules], else_=NONE),
        "loyalty_evidence": ibis.cases(*[(holds, why) for holds, _, why in rules], else_=NONE),
    }


def _rules(table: ir.Table) -> Iterator[Rule]:
    if "price_insensitivity" in table.columns:
        yield table["price_insensitivity"] <= _FULL_PRICE, "price", "full-price share"
        yield table["promotion_dependence_365d"] >= _HALF, "incentive", "promotion share"
    repeats = table["repeat_rate"] >= _HALF
    attached = list(_attachments(table))
    for holds, why in attached:
        yield repeats & holds, "trust", why
    if "complaint_tolerance" in table.columns:
        yield repeats & (table["complaint_tolerance"] == 1), "trust", "complaint tolerance"
    for holds, why in attached:
        yield ~repeats & holds, "latent", why
    for holds in _captive(table):
        yield holds, "monopoly", "wallet share"
    yield repeats, "inertia", "repeat rate"


def _attachments(table: ir.Table) -> Iterator[tuple[ir.Value, str]]:
    if "referrals_count" in table.columns:
        yield table["referrals_count"] > 0, "referrals"
    if "nps_last" in table.columns:
        yield table["nps_last"] >= _PROMOTER, "promoter"


def _captive(table: ir.Table) -> Iterator[ir.Value]:
    if "wallet_observed" not in table.columns:
        return
    whole = ratio(table["spend_sum_365d"], table["wallet_observed"]) >= _WHOLE
    if "nps_last" in table.columns:
        yield whole & (table["nps_last"] <= _DETRACTOR)
    if "complaints_open" in table.columns:
        yield whole & (table["complaints_open"] > 0)
