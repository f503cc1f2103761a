"""Which version serves, and why: from one training to the next."""

from __future__ import annotations

import pytest

from tests.support import BASE, Shop, sales


def test_a_later_training_is_promoted_or_says_why_not(trained_before: Shop) -> None:
    shop = trained_before
    said = shop.does("train").all
    champion = shop.registry.champion()
    assert champion is not None
    promoted = "Version 2 of 'shop' promoted: fresher and not worse: log loss of churn" in said
    kept = "Version 2 of 'shop' not promoted: worse than the champion: " in said
    assert promoted != kept
    assert champion.number == (2 if promoted else 1)
    assert [p.version for p in shop.registry.history()] == ([1, 2] if promoted else [1])
    assert shop.registry.load(champion).data_cutoff == ("2023-10-28" if promoted else "2023-09-28")


def test_the_same_training_again_is_not_worse_than_itself(trained: Shop) -> None:
    assert "Version 2 of 'shop' promoted: fresher and not worse" in trained.does("train").all


def test_a_staler_training_never_replaces_a_fresher_champion(trained: Shop) -> None:
    said = trained.does("train", "--as-of", "2023-09-28").all
    assert "not promoted: it has learnt from data up to 2023-09-28, the champion up to" in said
    champion = trained.registry.champion()
    assert champion is not None
    assert champion.number == 1


def test_another_meaning_needs_a_word(trained: Shop) -> None:
    trained.write(config=BASE.replace('horizon = "30d"', 'horizon = "40d"'))
    said = trained.does("train").all
    assert "Version 2 of 'shop' not promoted: not comparable with the champion" in said
    assert "churn_horizon 30 → 40" in said
    assert "run `keepwell train --replace` to replace it" in said
    told = trained.does("score").all
    assert "churn.horizon is 40 days in the configuration, but the champion was trained" in told
    said = trained.does("train", "--replace").all
    assert "Version 3 of 'shop' promoted: redefined on request (churn_horizon 30 → 40" in said
    assert "churn.horizon is 40" not in trained.does("score").all


@pytest.mark.parametrize(
    ("first", "cutoffs", "note"),
    [
        (235, 1, "one usable cutoff: nothing is calibrated and no held-out measure"),
        (205, 2, "too few cutoffs to predict forward: calibrated on folds by customer"),
        (175, 3, None),
    ],
)
def test_a_short_history_claims_no_more_than_it_can(
    shop: Shop, first: int, cutoffs: int, note: str | None
) -> None:
    lines = sales(500)
    start = lines["occurred_at"].min().normalize()
    shop.write(lines[(lines["occurred_at"] - start).dt.days >= first])
    said = shop.does("train").all
    assert f"Serving fit: {cutoffs} cutoff" in said
    assert note is None or note in said
    champion = shop.registry.champion()
    assert champion is not None
    bundle = shop.registry.load(champion)
    assert bool(bundle.measures) == (cutoffs > 1)
    assert ("Churn, held out" in said) == (cutoffs > 1)
    (promotion,) = shop.registry.history()
    if cutoffs == 1:
        assert "No cutoff could be held out" in said
        assert promotion.reason == "first champion; too little history for a held-out measure"
    shop.does("score")


def test_a_horizon_that_is_left_out_is_proposed_told_and_kept(shop: Shop) -> None:
    lines = sales()
    shop.write(lines, BASE.replace('horizon = "30d"', ""))
    said = shop.does("train", "--as-of", "2023-09-28").all
    assert "churn.horizon is not given: proposed " in said
    days = int(said.split("churn.horizon is not given: proposed ")[1].split()[0])
    assert days % 7 == 0
    assert f"churn: no purchase in {days} days; value: net amount of {days} days" in said
    again = shop.does("train").all
    assert f"churn.horizon is not given: the champion's {days} days are kept" in again
