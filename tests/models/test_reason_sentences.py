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
    "subscription_tenure_days": 200,
    "subscription_days_to_renewal": 12,
    "subscription_auto_renew_share": 0.0,
    "subscription_price_per_30d": 49.9,
    "subscription_price_change": 0.25,
    "days_since_subscription_change": 20,
    "subscription_plan_changes_count_365d": 2,
    "subscription_cancellations_count": 1,
    "days_since_subscription_cancellation": 150,
    "subscriptions_ending_count": 1,
    "days_to_subscription_end": 9,
    **{f"contacts_count_{w}d": n for w, n in ((30, 3), (90, 1), (365, 2))},
    "days_since_contact": 100,
    "contacts_pressure_30d": 2.5,
    "contact_response_share": 0.125,
    "days_since_response": 51,
    "contacts_unanswered_count": 4,
    **{f"activities_count_{w}d": n for w, n in ((7, 1), (30, 2), (90, 12.5))},
    **{f"activity_days_count_{w}d": n for w, n in ((7, 1), (30, 2), (90, 9))},
    **{f"activities_trend_{w}d": -0.5 for w in (30, 90)},
    "days_since_activity": 30,
    "activity_kinds_count_90d": 1,
    "activity_kinds_lapsed_90d": 2,
    "days_since_main_activity": 44,
    "points_balance_last": 120,
    "points_balance_change_90d": -80,
    "nps_last": 3,
    "nps_change": -4,
    "nps_detractor": 1,
    "csat_last": 2.5,
    "csat_change": -1,
    **{f"purchase_days_season_trend_{w}d": -0.5 for w in (30, 90)},
    **{f"spend_season_trend_{w}d": -0.5 for w in (30, 90)},
    "margin_sum_90d": 3.5,
    "margin_sum_365d": 12,
    "margin_trend_90d": -0.25,
    "channels_count_365d": 1,
    "complaint_delay_days_mean": 2.4,
    "complaint_delay_days_last": 1,
    "complaint_severity_last": 4,
    "complaint_channels_count": 2,
    "complaints_per_order": 0.5,
    "repeat_rate": 0.2,
    "rival_indifference": 0.6,
    "price_insensitivity": 0.25,
    "promotion_dependence_365d": 0.8,
    "choice_time": 21,
    "complaint_tolerance": 0,
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
    "subscription_tenure_days": "a subscriber for only 200 days",
    "subscription_days_to_renewal": "up for renewal in 12 days, and not by itself",
    "subscription_auto_renew_share": "has the renewal not set to happen by itself",
    "subscription_price_per_30d": "pays more than most: 49.90 GBP for 30 days",
    "subscription_price_change": "pays 25 % more since the last change, 20 days ago",
    "subscription_plan_changes_count_365d": "changed plan twice in the last 365 days",
    "subscription_cancellations_count": "has cancelled once before",
    "days_since_subscription_cancellation": "had cancelled 150 days ago",
    "subscriptions_ending_count": "notice given: a subscription ends in 9 days",
    "days_to_subscription_end": "a subscription ends in 9 days",
    "contacts_count_30d": "contacted only 3 times in the last 30 days",
    "contacts_count_90d": "contacted only once in the last 90 days",
    "contacts_count_365d": "contacted only twice in the last 365 days",
    "days_since_contact": "not contacted for 100 days",
    "contacts_pressure_30d": "contacted 3 times in the last 30 days, more than usual",
    "contact_response_share": "responded to only 12 % of the contacts",
    "days_since_response": "no response to a contact for 51 days",
    "contacts_unanswered_count": "4 contacts received since the last response",
    "activities_count_7d": "only 1 activity in the last 7 days",
    "activities_count_30d": "only 2 activities in the last 30 days",
    "activities_count_90d": "only 12 activities in the last 90 days",
    "activity_days_count_7d": "active on only 1 day in the last 7 days",
    "activity_days_count_30d": "active on only 2 days in the last 30 days",
    "activity_days_count_90d": "active on only 9 days in the last 90 days",
    "activities_trend_30d": (
        "less active than in the 30 days before: 2 activities in the last 30 days"
    ),
    "activities_trend_90d": (
        "less active than in the 90 days before: 12 activities in the last 90 days"
    ),
    "days_since_activity": "no activity for 30 days",
    "activity_kinds_count_90d": "only 1 kind of activity in the last 90 days",
    "activity_kinds_lapsed_90d": (
        "2 kinds of activity seen earlier in the year, but not in the last 90 days"
    ),
    "days_since_main_activity": "main activity last seen 44 days ago",
    "points_balance_last": "only 120 points to lose by leaving",
    "points_balance_change_90d": "has used up points: 120 points left",
    "nps_last": "would hardly recommend the company: 3 of 10",
    "nps_change": "would recommend the company less than before: 3 of 10",
    "nps_detractor": "would not recommend the company: 3 of 10",
    "csat_last": "rated satisfaction 2.5 in the last survey",
    "csat_change": "less satisfied than before: 2.5 in the last survey",
    "purchase_days_season_trend_30d": (
        "buys less often than in the same 30 days a year earlier: 1 purchase"
    ),
    "purchase_days_season_trend_90d": (
        "buys less often than in the same 90 days a year earlier: 2 purchases"
    ),
    "spend_season_trend_30d": "spends less than in the same 30 days a year earlier: 12.50 GBP",
    "spend_season_trend_90d": "spends less than in the same 90 days a year earlier: 25.00 GBP",
    "margin_sum_90d": "brought a margin of only 3.50 GBP in the last 90 days",
    "margin_sum_365d": "brought a margin of only 12.00 GBP in the last 365 days",
    "margin_trend_90d": "brings less margin than in the 90 days before: 3.50 GBP",
    "channels_count_365d": "bought through only 1 channel in the last 365 days",
    "complaint_delay_days_mean": "complaints were resolved 2 days late on average",
    "complaint_delay_days_last": "the last complaint was resolved 1 day late",
    "complaint_severity_last": "the last complaint was of severity 4",
    "complaint_channels_count": "complained through 2 channels",
    "complaints_per_order": "4 complaints, 0.5 an order",
    "repeat_rate": "bought again in only 20 % of months",
    "rival_indifference": "the share of wallet fell to 60 % of what it was",
    "price_insensitivity": "spends only 25 % at full price",
    "promotion_dependence_365d": "bought on promotion on 80 % of days with a purchase",
    "choice_time": "took 21 days from the first activity to the first purchase",
    "complaint_tolerance": "did not buy again in time after the complaint 20 days ago",
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
        (
            "subscription_days_to_renewal",
            {"subscription_auto_renew_share": 1.0},
            "up for renewal in 12 days",
        ),
        ("subscription_auto_renew_share", {"subscription_auto_renew_share": 1.0}, None),
        ("subscription_price_change", {"subscription_price_change": -0.1}, None),
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
