from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.catalogue import Feature, FeatureSet
from models.matrix import Encoder
from models.uplift import ActionUplift, Estimate, Uplift
from models.uplift_learners import LEARNERS, Experiment, fit, fits
from training.uplift import estimated, evened, judge, out_of_fold, width
from training.uplift_data import Counted, counted, lacking, needed, propensity

FEATURES = FeatureSet(tuple(Feature(n, "drawn", "", None, n) for n in ("x", "y", "z")))
ENCODER = Encoder(FEATURES, {})


def experiment(
    rows: int = 2000, *, mean: float = 0.0, slope: float = 0.0, seed: int = 1
) -> Experiment:
    """Draw an experiment whose effect on staying is ``mean + slope·sign(x)``."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, 3))
    treated = rng.integers(2, size=rows).astype(float)
    chance = 0.6 + treated * (mean + slope * np.sign(matrix[:, 0])) + 0.1 * np.sign(matrix[:, 1])
    stayed = (rng.random(rows) < chance).astype(float)
    return Experiment(matrix, stayed, treated, np.full(rows, 0.5), np.arange(rows))


@pytest.mark.parametrize("kind", sorted(LEARNERS))
def test_every_learner_finds_whom_an_action_helps(kind: str) -> None:
    given = experiment(4000, mean=0.05, slope=0.2)
    estimate = fit(kind, given, ENCODER, 7).predict(given.matrix)
    helped = given.matrix[:, 0] > 0
    assert estimate[helped].mean() - estimate[~helped].mean() > 0.1


@pytest.mark.parametrize("kind", sorted(LEARNERS))
def test_an_estimate_has_not_seen_its_customer(kind: str) -> None:
    given = experiment(400)
    before = out_of_fold([kind], given, ENCODER, 7)[kind]
    first = given.customers == 0
    changed = replace(given, outcome=np.where(first, 1 - given.outcome, given.outcome))
    after = out_of_fold([kind], changed, ENCODER, 7)[kind]
    assert after[first] == before[first]
    assert (after != before).any()


def test_learners_say_together_what_each_says_alone() -> None:
    given = experiment(400)
    for kind, together in fits(LEARNERS, given, ENCODER, 7).items():
        alone = fit(kind, given, ENCODER, 7)
        assert (together.predict(given.matrix) == alone.predict(given.matrix)).all()


def test_all_rows_of_a_customer_fall_into_one_fold() -> None:
    given = replace(experiment(400), customers=np.repeat(np.arange(200), 2))
    fold = given.folds(5)
    assert (fold[::2] == fold[1::2]).all()
    assert set(fold) == set(range(5))


def test_an_effect_that_differs_is_targeted_by_score() -> None:
    given = experiment(4000, mean=0.05, slope=0.2)
    judged = judge(given, ENCODER, 7)
    assert judged.verdict == "target"
    assert set(judged.scores) == set(LEARNERS)
    assert judged.main.estimate == max(s["qini"] for s in judged.scores.values())
    estimate = estimated(given, judged, ENCODER, 7)
    assert estimate.terms
    effect = estimate.predict(given.matrix)
    assert effect.mean() == pytest.approx(judged.mean.estimate)
    # Small trees say too little; what was observed sets the scale.
    helped = given.matrix[:, 0] > 0
    assert effect[helped].mean() - effect[~helped].mean() == pytest.approx(0.4, abs=0.15)


def test_an_effect_alike_on_all_is_its_mean() -> None:
    given = experiment(4000, mean=0.15)
    judged = judge(given, ENCODER, 7)
    assert judged.verdict == "treat"
    estimate = estimated(given, judged, ENCODER, 7)
    assert estimate.predict(given.matrix[:2]).tolist() == [judged.mean.estimate] * 2
    assert judged.mean.estimate == pytest.approx(0.15, abs=0.04)


def test_an_action_that_drives_customers_away_does_harm() -> None:
    given = experiment(4000, mean=-0.15)
    judged = judge(given, ENCODER, 7)
    assert judged.verdict == "harms"
    assert estimated(given, judged, ENCODER, 7).constant < -0.1


def test_where_nothing_has_an_effect_hardly_anything_is_found() -> None:
    verdicts = [judge(experiment(500, seed=seed), ENCODER, 7, 4).verdict for seed in range(8)]
    assert verdicts.count("none") >= 7


def test_no_effect_is_estimated_as_none() -> None:
    given = experiment(600)
    judged = judge(given, ENCODER, 7, 4)
    assert judged.verdict == "none"
    assert estimated(given, judged, ENCODER, 7).predict(given.matrix[:2]).tolist() == [0.0, 0.0]


def test_the_more_actions_the_wider_the_interval() -> None:
    assert width(1) == pytest.approx(1.96, abs=0.001)
    assert width(4) == pytest.approx(2.4977, abs=0.001)


def test_campaigns_are_evened_out() -> None:
    given = replace(experiment(4), treated=np.array([1.0, 0, 1, 0]))
    uneven = replace(given, propensity=np.array([0.8, 0.8, 0.2, 0.2]))
    assert evened(given).tolist() == [1, 1, 1, 1]
    assert evened(uneven).tolist() == pytest.approx([0.625, 2.5, 2.5, 0.625])


def contacts(days: list[str], treated: list[int]) -> pd.DataFrame:
    times = pd.to_datetime(pd.Series(days)) + pd.Timedelta(hours=9)
    return pd.DataFrame({"contacted_at": times, "treated": np.array(treated, bool)})


def test_a_campaign_has_its_own_propensity_where_it_is_large() -> None:
    large = (["2024-01-01"] * 100, [1] * 75 + [0] * 25)
    even = (["2024-02-01"] * 100, [1] * 50 + [0] * 50)
    small = (["2024-03-01"] * 2, [1, 1])
    frame = contacts(large[0] + even[0] + small[0], large[1] + even[1] + small[1])
    found = propensity(frame)
    assert found[:100].tolist() == [0.75] * 100
    assert found[100:200].tolist() == [0.5] * 100
    # Two customers tell no propensity: they have that of the whole action.
    assert found[200:].tolist() == pytest.approx([127 / 202] * 2)


def test_small_campaigns_are_one_together() -> None:
    days = [f"2024-01-{day:02}" for day in range(1, 21) for _ in range(4)]
    frame = contacts(days, [1, 1, 1, 0] * 20)
    assert propensity(frame).tolist() == [0.75] * 80


def test_how_many_contacts_are_needed() -> None:
    # 2·(1.96 + 0.84)²·(1 - p)/(0.2²·p), p = 50.5/201 left alone leave.
    few = Counted("voucher", 190, 200, 50)
    assert needed([few]) == 1169
    assert lacking([few], None) == {
        "voucher": "voucher: not enough contacts: 190 treated and 200 controls with known outcome; "
        "at least 100 of each are needed, and 1,169 of each over all such actions"
    }
    assert lacking([few], 150) == {}
    assert lacking([few], 195) == {
        "voucher": "voucher: not enough contacts: 190 treated and 200 controls with known outcome; "
        "at least 195 of each are needed"
    }
    assert lacking([Counted("voucher", 1200, 1200, 300)], None) == {}


def test_actions_make_up_the_number_together() -> None:
    large = [Counted(name, 600, 650, 162) for name in ("call", "voucher")]
    assert lacking(large, None) == {}
    assert set(lacking(large[:1], None)) == {"call"}
    # A handful of contacts tells nothing of its own action, whatever the others do.
    assert lacking([*large, Counted("mail", 99, 99, 20)], None) == {
        "mail": "mail: not enough contacts: 99 treated and 99 controls with known outcome; "
        "at least 100 of each are needed"
    }


def test_treated_without_controls_do_not_suffice() -> None:
    rows = pd.DataFrame({"action": "call", "treated": True, "churned": [0.0, 1.0] * 300})
    (found,) = counted(rows)
    assert (found.treated, found.control, found.left) == (600, 0, 300)
    said = lacking([found], 50)["call"]
    assert "600 treated and 0 controls" in said
    assert said.endswith("are needed, the controls drawn at random (`keepwell plan --control`)")


def test_uplift_gives_the_effect_of_every_action() -> None:
    given = experiment(400, mean=0.05, slope=0.2)
    learnt = fit("x", given, ENCODER, 7)
    uplift = Uplift(
        {
            "voucher": ActionUplift(learnt, None, 0.3),
            "call": ActionUplift(replace(learnt, terms=(), constant=-0.1), learnt, 1.0),
        }
    )
    assert uplift.actions == ("call", "voucher")
    scores = pd.DataFrame({"churn_probability": [0.1, 0.5, 1.0], "expected_value": [9.0, 5.0, -1]})
    effects = uplift.effects(scores, given.matrix[:3])
    assert list(effects) == ["call", "voucher"]
    assert effects["call"].churn.tolist() == [-0.1] * 3
    assert effects["call"].value is not None
    assert effects["call"].value.tolist() == learnt.predict(given.matrix[:3]).tolist()
    assert effects["voucher"].value is None
    assert effects["voucher"].redemption.tolist() == [0.3] * 3


def test_a_share_is_of_what_is_expected_anyway() -> None:
    tenth = Estimate(0.0, share=0.1)
    scores = pd.DataFrame({"churn_probability": [0.1, 0.5, 1.0], "expected_value": [9.0, 5.0, -1]})
    effect = ActionUplift(tenth, tenth, 1.0).effect(scores, np.zeros((3, 3)))
    assert effect.churn.tolist() == pytest.approx([0.09, 0.05, 0.0])
    assert effect.value is not None
    assert effect.value.tolist() == pytest.approx([0.9, 0.5, 0.0])


def test_a_mean_effect_is_in_proportion_to_what_is_expected_and_keeps_its_mean() -> None:
    given = experiment(4000, mean=0.15)
    expected = np.where(given.matrix[:, 1] > 0, 0.7, 0.5)
    told = replace(given, expected=expected)
    judged = judge(told, ENCODER, 7)
    assert judged.verdict == "treat"
    effect = estimated(told, judged, ENCODER, 7).predict(told.matrix, expected)
    assert effect.mean() == pytest.approx(judged.mean.estimate)
    assert effect.max() / effect.min() == pytest.approx(0.7 / 0.5)
