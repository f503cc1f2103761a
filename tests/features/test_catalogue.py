"""Every feature is described, named by the rule, and speaks in words that exist."""

from __future__ import annotations

import re
from dataclasses import replace
from string import Formatter

import pytest

from features import complaints
from features.catalogue import CAUSES, Feature, FeatureSet, Reason, difference
from features.families import FAMILIES
from models.reasons import say

CATALOGUE = {feature.name: feature for family in FAMILIES for feature in family.features}
CORE = ("recency", "frequency", "monetary", "tenure", "complaints")
FORMATS = {"", "money", "percent", "number", "times", "every", "interval"}
COUNTED = re.compile(
    r"(new )?(days|purchases|orders|complaints|products|categories|channels|lines|units"
    r"|contacts|activities|kinds|points)"
)
UNITS = {
    *("days", "currency", "purchases", "orders", "complaints", "products", "categories"),
    *("lines", "units", "share", "ratio", "severity", "score", "channels", "nats", "category"),
    *("contacts", "responses", "activities", "kinds", "points", "surveys", "referrals"),
    *("flag", "month", "subscriptions", "cancellations"),
}

each_feature = pytest.mark.parametrize("feature", CATALOGUE.values(), ids=CATALOGUE)


def templates(feature: Feature) -> list[str]:
    reason = feature.reason
    return [t for t in (reason.template, reason.fallback) if t] if reason else []


def fields(template: str) -> list[tuple[str, str]]:
    """List the names that a template mentions, with their formats, less "only" and "mean"."""
    return [
        (name, re.sub("^(only |mean )+", "", spec or ""))
        for _, name, spec, _ in Formatter().parse(template)
        if name
    ]


def test_transactions_and_complaints_alone_bring_at_least_45_features() -> None:
    assert len([f for f in CATALOGUE.values() if f.family in CORE]) >= 45


def test_no_feature_is_defined_twice() -> None:
    assert len(CATALOGUE) == sum(len(family.features) for family in FAMILIES)


@each_feature
def test_a_feature_belongs_to_the_family_that_computes_it(feature: Feature) -> None:
    (home,) = [family for family in FAMILIES if feature in family.features]
    assert feature.family == home.name


@each_feature
def test_a_feature_has_a_unit_and_a_sentence(feature: Feature) -> None:
    assert feature.unit in UNITS
    assert feature.doc[0].isupper()
    assert feature.doc.endswith(".")
    assert (feature.dtype == "category") == (feature.unit == "category")


@each_feature
def test_a_name_is_made_of_words_and_ends_in_its_window(feature: Feature) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", feature.name)
    named = re.search(r"_(\d+)d$", feature.name)
    if named is None or "_per_" in feature.name:  # a rate, over all of the history
        assert feature.window is None
    elif "_season_trend_" in feature.name:
        assert feature.window == 365 + int(named[1])
    elif "_trend_" in feature.name or "_growth_" in feature.name:
        assert feature.window == 2 * int(named[1])
    elif "_lapsed_" in feature.name:
        assert feature.window == 365
    else:
        assert feature.window == int(named[1])


@each_feature
def test_a_window_is_told_in_the_sentence(feature: Feature) -> None:
    named = re.search(r"_(\d+)d$", feature.name)
    if named is not None:
        year = named[1] == "365" and "last year" in feature.doc
        assert year or f"{named[1]} days" in feature.doc


@each_feature
def test_a_count_starts_at_zero_and_an_average_is_unknown(feature: Feature) -> None:
    counted = re.search(r"_(count|sum|open)(_\d+d)?$|_(new|lapsed)_\d+d$", feature.name)
    assert feature.empty == (0 if counted else None)


@each_feature
def test_a_reason_mentions_features_only_in_known_formats(feature: Feature) -> None:
    for template in templates(feature):
        mentioned = fields(template)
        # What is yes or no needs no figure, but has to be true.
        assert mentioned or feature.reason.gauge == feature.name  # type: ignore[union-attr]
        for name, spec in mentioned:
            assert name in CATALOGUE
            assert spec in FORMATS or COUNTED.fullmatch(spec), spec


@each_feature
@pytest.mark.parametrize("figure", [0.0, 1.0, 2.5, 41.0])
def test_a_reason_can_be_said(feature: Feature, figure: float) -> None:
    reason = feature.reason
    if reason is None:
        return
    figures = dict.fromkeys(CATALOGUE, figure)
    if reason.gauge is not None:
        assert reason.gauge in CATALOGUE
        figures[reason.gauge] = reason.beyond + (1 if reason.risk == "high" else -1)
    said = say(reason, figures, "EUR")
    assert said
    assert not re.search(r"[{}_]|  ", said)


def test_money_is_formatted_as_money_and_nothing_else_is() -> None:
    for feature in CATALOGUE.values():
        for template in templates(feature):
            for name, spec in fields(template):
                assert (spec == "money") == (CATALOGUE[name].unit == "currency"), template


def test_the_hash_changes_with_the_definition_and_not_with_the_wording() -> None:
    features = tuple(CATALOGUE.values())
    first, *rest = features
    original = FeatureSet(features)

    def changed(**fields: object) -> FeatureSet:
        return FeatureSet((replace(first, **fields), *rest))  # type: ignore[arg-type]

    assert changed(doc="Better.", reason=None).hash == original.hash
    for definition in (
        {"name": "other_name"},
        {"family": "other"},
        {"unit": "weeks"},
        {"window": 12},
        {"dtype": "category"},
        {"empty": 5.0},
    ):
        assert changed(**definition).hash != original.hash
    assert FeatureSet(features[::-1]).hash != original.hash


def test_a_feature_set_survives_json() -> None:
    features = FeatureSet(tuple(CATALOGUE.values()))
    again = FeatureSet.from_list(features.to_list())
    assert again == features
    assert again.hash == features.hash


def test_a_feature_set_refuses_a_name_twice() -> None:
    feature = CATALOGUE["spend_sum"]
    with pytest.raises(ValueError, match="features defined twice: spend_sum"):
        FeatureSet((feature, feature))


def test_leaving_out_a_family_leaves_the_others() -> None:
    features = FeatureSet(tuple(CATALOGUE.values()))
    rest = features.without(["complaints"])
    assert {f.family for f in features} - {f.family for f in rest} == {"complaints"}
    assert len(features) - len(rest) == len(complaints.FAMILY.features)


def test_a_difference_names_what_is_missing_and_what_changed() -> None:
    spend, gap = CATALOGUE["spend_sum"], CATALOGUE["purchase_gap_mean"]
    wanted = FeatureSet((spend, gap))
    assert difference(wanted, wanted) == ""
    assert difference(wanted, FeatureSet((gap, CATALOGUE["spend_max"], spend))) == ""
    given = FeatureSet((replace(gap, unit="weeks"),))
    assert difference(wanted, given) == (
        "missing: spend_sum; defined differently: purchase_gap_mean"
    )


def test_an_unknown_cause_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown cause 'rain'; the known ones are complaint"):
        Reason("it rained", "rain", "high")


def test_every_cause_is_one_of_the_literature() -> None:
    assert {f.reason.cause for f in CATALOGUE.values() if f.reason} <= set(CAUSES)
