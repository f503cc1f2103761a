"""Variety: how many products and categories the customer buys, and which fell away."""

from __future__ import annotations

from collections.abc import Callable

from ibis import ir

from features.catalogue import Feature, Reason
from features.family import Columns, Family

_WINDOWS = (90, 365)


def _aggregates(kind: str) -> Callable[[ir.Table], Columns]:
    def measure(rows: ir.Table) -> Columns:
        last, first = rows["last_age"], rows["first_age"]
        counts = {f"{kind}_count_{w}d": (last <= w).sum() for w in _WINDOWS}
        return {
            **counts,
            f"{kind}_count": rows.count(),
            f"{kind}_new_90d": (first <= 90).sum(),  # noqa: PLR2004 - the window in the name
            f"{kind}_lapsed_90d": ((last > 90) & (last <= 365)).sum(),  # noqa: PLR2004
        }

    return measure


def _features(kind: str, noun: str) -> tuple[Feature, ...]:
    def feature(name: str, window: int | None, doc: str, text: str, risk: str) -> Feature:
        reason = Reason(text, "product no longer fits", risk)  # type: ignore[arg-type]
        return Feature(name, "variety", kind, window, doc, reason, empty=0)

    counts = [
        feature(
            f"{kind}_count_{w}d",
            w,
            f"Different {noun} bought in the last {w} days.",
            f"bought {{{kind}_count_{w}d:only {noun}}} in the last {w} days",
            "low",
        )
        for w in _WINDOWS
    ]
    return (
        *counts,
        feature(
            f"{kind}_count",
            None,
            f"Different {noun} ever bought.",
            f"bought {{{kind}_count:only {noun}}} so far",
            "low",
        ),
        feature(
            f"{kind}_new_90d",
            90,
            f"Different {noun} first bought in the last 90 days.",
            f"tried {{{kind}_new_90d:only new {noun}}} in the last 90 days",
            "low",
        ),
        feature(
            f"{kind}_lapsed_90d",
            365,
            f"Different {noun} bought in the last year, but not in the last 90 days.",
            f"{{{kind}_lapsed_90d:{noun}}} bought earlier in the year, but not in the last 90 days",
            "high",
        ),
    )


FAMILY = Family(
    name="variety",
    features=(*_features("products", "products"), *_features("categories", "categories")),
    aggregates={"products": _aggregates("products"), "categories": _aggregates("categories")},
)
