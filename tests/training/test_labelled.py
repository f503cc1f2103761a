from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from features.catalogue import Feature, FeatureSet
from features.errors import InputError
from models.bundle import Definition
from models.digests import digests, from_text, to_text
from models.logistic import Logistic
from models.matrix import Encoder
from training.crossed import base_rates, cross_fit, stratified
from training.labelled import LabelledTask, LabelledTrained, train_labelled
from training.labelled_judge import suspects
from training.measures import log_loss
from training.settings import TrainingSettings

CALLS = Feature("calls", "labelled", "own", None, "Calls.")
PLAN = Feature("plan", "labelled", "category", None, "The plan.", dtype="category")
AMOUNT = Feature("amount", "value", "currency", None, "Lost.", empty=0)
FEATURES = FeatureSet((CALLS, PLAN))
MEANT = Definition("labelled", None, 0, None, 0, "EUR", "UTC", outcome="Churn = Yes")


class Quiet:
    """Hears of progress and says nothing."""

    def start(self, stage: str, steps: int) -> None:
        """Begin a stage."""

    def step(self) -> None:
        """Finish a step."""


def made_up(rows: int = 300, seed: int = 1) -> pd.DataFrame:
    """Make rows of which a third leave, those without calls and on a plan by the month."""
    rng = np.random.default_rng(seed)
    calls = rng.poisson(4, rows).astype(float)
    monthly = rng.random(rows) < 0.5
    leaves = rng.random(rows) < 1 / (1 + np.exp(0.7 * calls - 2.5 * monthly))
    calls[:7] = np.nan
    return pd.DataFrame(
        {
            "customer_id": [f"{n:04d}" for n in range(rows)],
            "calls": calls,
            "plan": np.where(monthly, "monthly", "yearly"),
            "amount": rng.gamma(2.0, 50.0, rows),
            "churned": leaves.astype(float),
        }
    )


def train(rows: pd.DataFrame, features: FeatureSet = FEATURES, seed: int = 7) -> LabelledTrained:
    """Train on rows."""
    task = LabelledTask("shop", MEANT, TrainingSettings(), seed, date(2025, 1, 1))
    return train_labelled(task, rows, features, Quiet())


@pytest.fixture(scope="module")
def made() -> LabelledTrained:
    return train(made_up())


def test_folds_are_stratified_and_repeat() -> None:
    churned = np.array([1.0] * 12 + [0.0] * 88)
    fold = stratified(churned, 3)
    assert np.ptp(np.bincount(fold)) <= 2
    assert np.ptp([churned[fold == n].sum() for n in range(5)]) <= 1
    assert (fold == stratified(churned, 3)).all()
    assert (fold != stratified(churned, 4)).any()
    assert stratified(churned[10:], 3).max() == 1, "two leavers cannot be in three folds"


def test_out_of_fold_probabilities_do_not_know_the_row(made: LabelledTrained) -> None:
    rows = made_up().assign(value=0.0)
    number = 40
    turned = rows.copy()
    turned.loc[number, "churned"] = 1.0 - float(rows["churned"].to_numpy()[number])
    fold = made.fold
    before = cross_fit(rows, fold, FEATURES, made.recipe)
    after = cross_fit(turned, fold, FEATURES, made.recipe)
    same = fold == fold[number]
    np.testing.assert_array_equal(before[same], after[same])
    assert (before[~same] != after[~same]).any()


def test_it_beats_the_base_rate_and_repeats(made: LabelledTrained) -> None:
    churned = made.frame["churned"].to_numpy()
    assert log_loss(churned, made.probability) < log_loss(churned, base_rates(churned, made.fold))
    np.testing.assert_array_equal(train(made_up()).probability, made.probability)
    assert set(made.evaluation.flat()) >= {"churn_log_loss", "churn_roc_auc", "churn_ece"}


def test_the_better_of_both_models_is_taken(made: LabelledTrained) -> None:
    # The truth is a logistic regression: trees cannot beat it on so few rows.
    assert made.recipe.churn == "logistic"
    assert "no better than logistic regression" in made.notes[0]
    rows = made_up(600)
    odd = np.nan_to_num(rows["calls"]) % 2 == 1
    noise = np.random.default_rng(2).random(600) < 0.1
    assert train(rows.assign(churned=(odd ^ noise).astype(float))).recipe.churn == "lightgbm"


def test_values_are_unknown_or_the_amount() -> None:
    rows = made_up()
    scores = train(rows).release.score(rows)
    assert scores.drop(columns="churn_probability").isna().all(axis=None)
    known = train(rows, FeatureSet((CALLS, PLAN, AMOUNT))).release.score(rows)
    p = known["churn_probability"]
    np.testing.assert_array_equal(known["value_if_retained"], rows["amount"])
    assert (known["value_if_churned"] == 0).all()
    np.testing.assert_allclose(known["expected_value"], (1 - p) * rows["amount"])
    np.testing.assert_allclose(known["value_at_risk"], p * rows["amount"])


def test_the_amount_is_no_input_of_the_model() -> None:
    rows = made_up(600)
    odd = np.nan_to_num(rows["calls"]) % 2 == 1
    leaky = rows.assign(churned=odd.astype(float), amount=odd * 1_000.0)
    features = FeatureSet((CALLS, PLAN, AMOUNT))
    trained = train(leaky, features)
    p = trained.release.score(leaky)["churn_probability"]
    other = trained.release.score(leaky.assign(amount=5.0))["churn_probability"]
    assert trained.recipe.churn == "lightgbm"
    np.testing.assert_array_equal(p, other)
    assert "amount" not in trained.evaluation.leaks


def test_reasons_name_the_figure_beside_the_usual(made: LabelledTrained) -> None:
    reason = made.release.encoder.features["calls"].reason
    assert reason is not None
    assert reason.template == "calls is {calls:number}, below the usual 4"
    assert (reason.cause, reason.risk) == (None, "low")


def test_near_copies_of_the_outcome_are_suspected() -> None:
    rows = made_up(400)
    left = rows["churned"] == 1
    rng = np.random.default_rng(5)
    rows = rows.assign(
        why=pd.Series(rng.choice(["price", "moved"], 400)).where(left),
        closed=np.where(left, 3.0, np.nan),
        name=[f"n{n // 2}" for n in range(400)],
        plan=rows["plan"],
    )
    copies = (
        Feature("why", "labelled", "category", None, "Why.", dtype="category"),
        Feature("name", "labelled", "category", None, "Many levels.", dtype="category"),
        Feature("closed", "labelled", "own", None, "When."),
    )
    fold = stratified(rows["churned"].to_numpy(), 1)
    found = suspects(rows, fold, FeatureSet((*FEATURES, *copies)))
    assert set(found) == {"why", "closed"}
    assert min(found.values()) > 0.99


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(InputError, match=r"90 rows with an outcome.*needed are 100 .*min_cust"):
        train(made_up(90))
    rows = made_up(300)
    few = rows[(rows["churned"] == 0) | (rows.index < 30)]
    with pytest.raises(InputError, match=r"needed are 25 of each .*min_churners"):
        train(few.reset_index(drop=True))


def test_logistic_regression_copes_with_what_is_missing_or_new() -> None:
    rows = made_up()
    encoder = Encoder.fit(rows, FEATURES)
    model = Logistic.fit(encoder, encoder.matrix(rows), rows["churned"].to_numpy())
    odd = pd.DataFrame({"calls": [np.nan, 1e9], "plan": ["weekly", None]})
    p = model.predict(encoder.matrix(odd))
    assert ((p > 0) & (p < 1)).all()
    again = Logistic.from_dict(model.to_dict())
    np.testing.assert_array_equal(
        again.predict(encoder.matrix(rows)), model.predict(encoder.matrix(rows))
    )
    names, parts = model.contributions(encoder.matrix(rows))
    assert (names, parts.shape) == (["calls", "plan"], (300, 2))


def test_one_outcome_alone_gives_its_share() -> None:
    rows = made_up().assign(churned=0.0)
    encoder = Encoder.fit(rows, FEATURES)
    model = Logistic.fit(encoder, encoder.matrix(rows), rows["churned"].to_numpy())
    assert (model.predict(encoder.matrix(rows)) < 1e-5).all()


def test_digests_tell_rows_apart_and_survive_a_file() -> None:
    rows = made_up()
    found = digests(rows, FEATURES)
    assert found.is_unique
    assert found.str.fullmatch("[0-9a-f]{16}").all()
    changed = rows.copy()
    changed.loc[15, "calls"] = 99.0
    changed.loc[16, "churned"] = np.nan
    assert list(np.flatnonzero(digests(changed, FEATURES) != found)) == [15, 16]
    p = np.random.default_rng(1).random(300)
    assert list(from_text(to_text(found, p)).values()) == list(p)
    assert from_text("") == {}


def test_a_comparator_is_measured_out_of_fold_and_a_regressor_is_noted() -> None:
    names = ("sklearn.linear_model.LogisticRegression", "sklearn.linear_model.Ridge")
    task = LabelledTask("shop", MEANT, TrainingSettings(comparators=names), 7, date(2025, 1, 1))
    made = train_labelled(task, made_up(), FEATURES, Quiet())
    assert made.evaluation.churn_measures[names[0]]["roc_auc"].estimate > 0.7
    assert names[1] not in made.evaluation.churn_measures
    assert f"the comparator {names[1]} predicts values, which a flat file does not tell" in (
        made.notes
    )
