"""Golden sentences: what a retention team reads for every feature that can speak."""

from __future__ import annotations

import re

import pytest

from features.catalogue import Feature, Reason
from features.families import FAMILIES
from models.reasons import say

CATALOGUE = {f.name: f for family in FAMILIES for f in family.features}
SPEAKING = {name: f.reason for name, f in CATALOGUE.items() if f.reason is not None}

WINDOWS = (7, 30, 90, 180, 365)

FIGURES: dict[str, float] = {
    "days_since_purchase": 41,
    "days_since_return": 12,
    "purchase_gap_mean": 9.3,
    "purchase_gap_mean_last_365d": 11.8,
    "purchase_gap_max": 60,
    "overdue_ratio": 4.4,
    "overdue_ratio_365d": 3.5,
    "overdue_days": 31.7,
    "purchases_per_30d": 0.4,
    "purchase_days_count": 14,
    "days_since_complaint": 20,
    "tenure_days": 88,
    "days_to_first_purchase": 35,
    "active_share_of_tenure": 0.4,
    "net_sum_365d": 1234.5,
    "spend_sum": 2000,
    "spend_mean": 25.123,
    "spend_mean_90d": 12.5,
    "spend_mean_change_90d": 0.5,
    "spend_per_30d": 8.75,
    "returns_sum_90d": 15,
    "returns_sum_365d": 40,
    "returns_count_365d": 2,
    "returns_share_365d": 0.125,
    "complaints_count_30d": 1,
    "complaints_count_90d": 2,
    "complaints_count_365d": 3,
    "complaints_count": 4,
    "complaints_open": 1,
    "complaint_open_age_max": 17,
    "complaints_open_share": 0.25,
    "complaint_resolution_days_mean": 6.6,
    "complaint_resolution_days_last": 1,
    "complaints_late_count": 2,
    "complaint_severity_max": 5,
    "complaint_severity_max_90d": 3.5,
    "complaint_satisfaction_min": 1,
    "complaint_satisfaction_last": 2,
    "complaints_per_purchase": 0.29,
    "complaints_repeated_count": 1,
    "purchase_days_count_since_complaint": 0,
    "products_count": 7,
    "products_new_90d": 1,
    "products_lapsed_90d": 5,
    "categories_count": 2,
    "categories_new_90d": 0,
    "categories_lapsed_90d": 1,
    **{f"purchase_days_count_{w}d": n for w, n in zip(WINDOWS, (0, 1, 2, 3, 12), strict=True)},
    **{f"purchase_days_trend_{w}d": -0.5 for w in (30, 90, 180)},
    **{f"spend_sum_{w}d": x for w, x in zip(WINDOWS, (0, 12.5, 25, 80, 1300), strict=True)},
    **{f"spend_trend_{w}d": -0.5 for w in (30, 90, 180)},
    **{f"orders_count_{w}d": n for w, n in ((90, 1), (365, 4))},
    **{f"order_value_mean_{w}d": x for w, x in ((90, 9.99), (365, 20))},
    **{f"lines_mean_{w}d": x for w, x in ((90, 1), (365, 2.25))},
    **{f"units_mean_{w}d": x for w, x in ((90, 1.5), (365, 12.4))},
    **{f"discount_share_{w}d": x for w, x in ((90, 0.3), (365, 0.125))},
    **{f"products_count_{w}d": n for w, n in ((90, 0), (365, 6))},
    **{f"categories_count_{w}d": n for w, n in ((90, 1), (365, 2))},
}

GOLDEN = {
    "days_since_purchase": "no purchase for 41 days; usually every 9",
    "days_since_return": "returned something 12 days ago",
    "purchase_gap_mean_last_365d": "in the last year bought only about every 12 days",
    "overdue_ratio": "no purchase for 41 days; usually every 9",
    "overdue_ratio_365d": "no purchase for 41 days; in the last year usually every 12",
    "overdue_days": "32 days later than usual with the next purchase",
    "purchase_days_count_7d": "no purchase in the last 7 days",
    "purchase_days_count_30d": "only 1 purchase in the last 30 days",
    "purchase_days_count_90d": "only 2 purchases in the last 90 days",
    "purchase_days_count_180d": "only 3 purchases in the last 180 days",
    "purchase_days_count_365d": "only 12 purchases in the last 365 days",
    "purchase_days_trend_30d": (
        "buys less often than in the 30 days before: 1 purchase in the last 30 days"
    ),
    "purchase_days_trend_90d": (
        "buys less often than in the 90 days before: 2 purchases in the last 90 days"
    ),
    "purchase_days_trend_180d": (
        "buys less often than in the 180 days before: 3 purchases in the last 180 days"
    ),
    "purchase_days_count": "only 14 purchases so far",
    "purchase_gap_mean": "buys only about every 9 days",
    "purchase_gap_max": "has stayed away for as long as 60 days before",
    "purchases_per_30d": "buys seldom: 0.4 purchases in 30 days on average",
    "spend_sum_7d": "spent nothing in the last 7 days",
    "spend_sum_30d": "spent only 12.50 GBP in the last 30 days",
    "spend_sum_90d": "spent only 25.00 GBP in the last 90 days",
    "spend_sum_180d": "spent only 80.00 GBP in the last 180 days",
    "spend_sum_365d": "spent only 1,300.00 GBP in the last 365 days",
    "spend_trend_30d": "spends less than in the 30 days before: 12.50 GBP in the last 30 days",
    "spend_trend_90d": "spends less than in the 90 days before: 25.00 GBP in the last 90 days",
    "spend_trend_180d": "spends less than in the 180 days before: 80.00 GBP in the last 180 days",
    "returns_sum_90d": "returned goods for 15.00 GBP in the last 90 days",
    "returns_sum_365d": "returned goods for 40.00 GBP in the last 365 days",
    "spend_sum": "spent only 2,000.00 GBP so far",
    "net_sum_365d": "brought only 1,234.50 GBP net of returns in the last year",
    "spend_mean": "small purchases: 25.12 GBP on average",
    "spend_mean_90d": "small purchases lately: 12.50 GBP on average",
    "spend_mean_change_90d": "smaller purchases: 12.50 GBP lately, usually 25.12 GBP",
    "spend_per_30d": "spends only 8.75 GBP in 30 days on average",
    "returns_count_365d": "returned goods twice in the last year",
    "returns_share_365d": "returned 12 % of the spend of the last year",
    "tenure_days": "a customer for only 88 days",
    "days_to_first_purchase": "took 35 days from joining to the first purchase",
    "orders_count_90d": "only 1 order in the last 90 days",
    "order_value_mean_90d": "small orders: 9.99 GBP on average in the last 90 days",
    "lines_mean_90d": "small baskets: 1 line on average in the last 90 days",
    "units_mean_90d": "small baskets: 1.5 units on average in the last 90 days",
    "discount_share_90d": "buys on discount: 30 % off on average in the last 90 days",
    "orders_count_365d": "only 4 orders in the last 365 days",
    "order_value_mean_365d": "small orders: 20.00 GBP on average in the last 365 days",
    "lines_mean_365d": "small baskets: 2.2 lines on average in the last 365 days",
    "units_mean_365d": "small baskets: 12 units on average in the last 365 days",
    "discount_share_365d": "buys on discount: 12 % off on average in the last 365 days",
    "products_count_90d": "bought no product in the last 90 days",
    "products_count_365d": "bought only 6 products in the last 365 days",
    "products_count": "bought only 7 products so far",
    "products_new_90d": "tried only 1 new product in the last 90 days",
    "products_lapsed_90d": "5 products bought earlier in the year, but not in the last 90 days",
    "categories_count_90d": "bought only 1 category in the last 90 days",
    "categories_count_365d": "bought only 2 categories in the last 365 days",
    "categories_count": "bought only 2 categories so far",
    "categories_new_90d": "tried no new category in the last 90 days",
    "categories_lapsed_90d": "1 category bought earlier in the year, but not in the last 90 days",
    "complaints_count_30d": "complained once in the last 30 days",
    "complaints_count_90d": "complained twice in the last 90 days",
    "complaints_count_365d": "complained 3 times in the last 365 days",
    "complaints_count": "complained 4 times so far",
    "days_since_complaint": "complained 20 days ago",
    "complaints_open": "1 complaint still open",
    "complaint_open_age_max": "a complaint has been open for 17 days",
    "complaints_open_share": "25 % of complaints not resolved",
    "complaint_resolution_days_mean": "complaints took 7 days to resolve on average",
    "complaint_resolution_days_last": "the last complaint took 1 day to resolve",
    "complaints_late_count": "2 complaints not resolved when promised",
    "complaint_severity_max": "had a complaint of severity 5",
    "complaint_severity_max_90d": "had a complaint of severity 3.5 in the last 90 days",
    "complaint_satisfaction_min": "rated the handling of a complaint 1",
    "complaint_satisfaction_last": "rated the handling of the last complaint 2",
    "complaints_per_purchase": "4 complaints in 14 purchases",
    "purchase_days_count_since_complaint": "no purchase since the complaint 20 days ago",
    "complaints_repeated_count": "1 complaint about the same thing as before",
}


def said(name: str, **figures: float | None) -> str | None:
    return say(SPEAKING[name], {**FIGURES, **figures}, "GBP")


@pytest.mark.parametrize("name", SPEAKING)
def test_the_sentence_of_every_feature(name: str) -> None:
    assert said(name) == GOLDEN[name]


@pytest.mark.parametrize("name", SPEAKING)
@pytest.mark.parametrize("figure", [0.0, 1.0, 1.4, 2.0, 12345.678])
def test_no_sentence_shows_a_feature_or_bad_grammar(name: str, figure: float) -> None:
    others = dict.fromkeys(FIGURES, figure)
    text = say(SPEAKING[name], others, "GBP") or ""
    assert not re.search(r"_|\{|\}|\bnan\b|\binf\b|None", text)
    assert not re.search(r"\b1 (?!GBP)[a-z]+s\b", text)
    assert not re.search(r"only no|every 0|every 1\b|\b0\.0\b|-0|categorie\b", text)


@pytest.mark.parametrize("name", SPEAKING)
def test_a_feature_s_sentence_falls_silent_or_back_without_its_own_figure(name: str) -> None:
    reason = SPEAKING[name]
    for unknown in (None, float("nan"), float("inf")):
        blank = dict.fromkeys(FIGURES, unknown)
        assert say(reason, blank, "GBP") is None


@pytest.mark.parametrize(
    ("name", "figures", "expected"),
    [
        ("days_since_purchase", {"purchase_gap_mean": None}, "no purchase for 41 days"),
        ("days_since_purchase", {"overdue_ratio": 0.8}, "no purchase for 41 days"),
        (
            "days_since_purchase",
            {"days_since_purchase": 3, "purchase_gap_mean": 1.2},
            "no purchase for 3 days; usually every day",
        ),
        ("overdue_ratio", {"overdue_ratio": 0.8}, None),
        ("overdue_ratio", {"purchase_gap_mean": float("nan")}, None),
        ("overdue_days", {"overdue_days": -4}, None),
        ("overdue_days", {"overdue_days": 1}, "1 day later than usual with the next purchase"),
        ("purchase_days_trend_30d", {"purchase_days_trend_30d": 0.1}, None),
        ("purchase_days_trend_30d", {"purchase_days_trend_30d": 0.0}, None),
        ("spend_trend_90d", {"spend_trend_90d": 0.2}, None),
        ("spend_mean_change_90d", {"spend_mean_change_90d": 1.3}, None),
        ("days_to_first_purchase", {"days_to_first_purchase": -3}, None),
        (
            "purchases_per_30d",
            {"purchases_per_30d": 1.04},
            "buys seldom: 1 purchase in 30 days on average",
        ),
        (
            "purchases_per_30d",
            {"purchases_per_30d": 0.01},
            "buys seldom: under 0.1 purchases in 30 days on average",
        ),
        (
            "returns_share_365d",
            {"returns_share_365d": 0.001},
            "returned under 1 % of the spend of the last year",
        ),
        (
            "net_sum_365d",
            {"net_sum_365d": -8.0},
            "brought -8.00 GBP net of returns in the last year",
        ),
        (
            "net_sum_365d",
            {"net_sum_365d": -0.001},
            "brought nothing net of returns in the last year",
        ),
    ],
)
def test_a_sentence_is_said_only_where_it_is_true(
    name: str, figures: dict[str, float | None], expected: str | None
) -> None:
    assert said(name, **figures) == expected


def test_an_unnamed_currency_is_not_written() -> None:
    assert say(SPEAKING["spend_sum"], FIGURES, "XXX") == "spent only 2,000.00 so far"


def test_every_gauge_and_every_field_is_a_feature() -> None:
    fields = {n for r in SPEAKING.values() for n in re.findall(r"\{(\w+)", r.template)}
    gauges = {r.gauge for r in SPEAKING.values() if r.gauge}
    assert fields | gauges <= set(CATALOGUE)


def test_an_unknown_cause_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown cause 'weather'; the known ones are complaint"):
        Reason("it rains", "weather", "high")


def test_a_reason_travels_as_json() -> None:
    feature = CATALOGUE["overdue_days"]
    (row,) = [vars(feature) | {"reason": vars(feature.reason)}]
    assert Feature.from_dict(row) == feature
