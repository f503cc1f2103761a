"""What is searched, how it is judged, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.catalogue import FeatureSet
from features.errors import InputError
from features.labels import Target
from features.panel import Panel
from models.recipe import Recipe, default_parameters
from training.dates import Dates
from training.fit import Ready, prepared
from training.history import History
from training.splits import Roles
from training.train import Ground
from training.tune import Result, cached, described, fold_names, key, result, searches, standing
from training.tune_aims import AIMS, CHURN, VALUE, Aim, Figures, objective
from training.tune_study import Desk, Search, Tried
from training.tune_work import Order, search

Maker = Callable[..., pd.DataFrame]
DAYS = [date(2023, 1, 1), date(2023, 4, 1), date(2023, 7, 1), date(2023, 10, 1)]


@pytest.fixture
def base(tmp_path: Path, features: FeatureSet, snapshots: Maker) -> Ground:
    """Give four cutoffs, the last of which is held out, and two forward folds."""
    parts = {}
    for number, day in enumerate(DAYS):
        parts[day] = tmp_path / f"{day}.parquet"
        snapshots(300, seed=number, cutoff=str(day)).to_parquet(parts[day], index=False)
    forward = [([DAYS[1], DAYS[0]], DAYS[2]), ([DAYS[0]], DAYS[1])]
    roles = Roles(date(2024, 1, 1), 90, DAYS[::-1], DAYS[2::-1], forward)
    parameters = {**default_parameters(1_200), "learning_rate": 0.1}
    recipe = Recipe("average", churn_parameters=parameters, value_parameters=parameters)
    return Ground(
        Dates(date(2023, 1, 1), date(2024, 1, 1)),
        {},
        Target("inactivity", 90, 0, 90),
        History(Panel(parts, features), roles),
        features,
        recipe,
        (),
    )


def losses(aim: Aim, folds: list[Ready], recipe: Recipe, **parameters: float) -> list[Figures]:
    heard: list[Figures] = []
    objective(aim, folds, recipe)(parameters, lambda _, figures: heard.append(figures))
    return heard


def test_folds_are_forward_and_the_newest_cutoff_is_never_seen(base: Ground) -> None:
    folds = cached(base)
    watched = [set(f.held_out["cutoff"].dt.date) for f in folds]
    assert watched == [{DAYS[2]}, {DAYS[1]}]
    assert [set(f.frame["cutoff"].dt.date) for f in folds] == [{DAYS[0], DAYS[1]}, {DAYS[0]}]
    assert fold_names(base, 2) == ["2023-07-01", "2023-04-01"]


def test_a_single_cutoff_cannot_be_tuned_on(base: Ground) -> None:
    roles = Roles(base.history.roles.as_of, 90, DAYS[:1], [], [])
    with pytest.raises(InputError, match="the history is too short to tune on: a single usable"):
        cached(replace(base, history=replace(base.history, roles=roles)))


def test_a_short_history_is_tuned_on_folds_by_customer(base: Ground) -> None:
    roles = Roles(base.history.roles.as_of, 90, DAYS[1::-1], [], [])
    short = replace(base, history=replace(base.history, roles=roles))
    folds = cached(short)
    assert fold_names(short, len(folds)) == [f"part {n}" for n in range(1, 6)]
    for fold in folds:
        assert not set(fold.frame["customer_id"]) & set(fold.held_out["customer_id"])


def test_each_aim_is_judged_by_its_measures_on_each_fold(base: Ground) -> None:
    folds = cached(base)
    for aim in AIMS:
        found = losses(aim, folds, base.recipe)
        assert [tuple(figures) for figures in found] == [aim.measures] * 2
        assert np.isfinite([f[aim.loss] for f in found]).all()
    assert 0.2 < losses(CHURN, folds, base.recipe)[0]["log_loss"] < 0.693


def test_an_objective_gives_the_same_each_time_on_any_number_of_threads(base: Ground) -> None:
    folds = cached(base)
    for aim in AIMS:
        one = losses(aim, folds, base.recipe, num_leaves=5, path_smooth=1.0, num_threads=1)
        two = losses(aim, folds, base.recipe, num_leaves=5, path_smooth=1.0, num_threads=2)
        assert one == two
        assert one != losses(aim, folds, base.recipe, num_leaves=9, path_smooth=1.0)


def test_the_default_parameters_of_a_space_are_the_recipe_s_own(base: Ground) -> None:
    for aim in AIMS:
        noted = standing(aim, base.recipe)
        own = aim.put(base.recipe, noted.proposed)
        assert all(low <= noted.proposed[k] <= high for k, (low, high, _) in noted.bounds.items())
        folds = cached(base)[1:]
        assert losses(aim, folds, own) == losses(aim, folds, base.recipe)


@pytest.fixture
def found(base: Ground, tmp_path: Path) -> tuple[Ground, list[Search]]:
    roles = replace(base.history.roles, forward=[([DAYS[0]], DAYS[1])])
    once = replace(base, history=replace(base.history, roles=roles))
    desk = Desk(tmp_path, seed=7)
    wanted = searches(desk, "shop", once, cached(once), jobs=2)
    search(desk, wanted, Order(3, jobs=2), lambda: None)
    return once, wanted


def test_a_search_is_never_worse_than_the_default(found: tuple[Ground, list[Search]]) -> None:
    base, wanted = found
    results = [r for r in map(result, wanted) if r]
    assert [r.aim for r in results] == list(AIMS)
    for one in results:
        assert one.default.default
        assert one.finished == 3
        assert one.found.best <= one.found.default
        assert one.found.best == min(t.loss for t in (one.default, one.best) if t.loss is not None)
        again = losses(one.aim, cached(base), base.recipe, **one.best.parameters)
        assert again == list(one.best.folds)
    told = described(base, results)
    assert set(told) == {"churn", "value"}
    assert list(told["value"]["folds"]["best"]) == ["2023-04-01"]


def tried(number: int, loss: float | None, gini: float = 0.7, bias: float = 1.0) -> Tried:
    figures = {"tweedie_deviance": loss or 9.0, "normalised_gini": gini, "bias": bias}
    return Tried(number, number == 0, {"num_leaves": number}, loss, (figures,), 0.0, 1.0)


def best(*trials: Tried) -> Result | None:
    class Known(Search):
        def tried(self) -> list[Tried]:
            return list(trials)

    return result(Known(VALUE, lambda *_: 0.0, None))  # type: ignore[arg-type]


def number(*trials: Tried) -> int:
    found = best(*trials)
    assert found is not None
    return found.best.number


def test_the_lowest_loss_is_the_best() -> None:
    assert number(tried(0, 2.0), tried(1, 1.9), tried(2, 1.8), tried(3, None)) == 2


def test_the_default_stays_where_no_trial_is_better() -> None:
    found = best(tried(0, 2.0), tried(1, 2.0), tried(2, 2.1))
    assert found is not None
    assert found.best is found.default
    assert found.found.parameters == {}


def test_a_lower_loss_is_not_bought_by_a_worse_ranking() -> None:
    assert number(tried(0, 2.0), tried(1, 1.5, gini=0.69), tried(2, 1.9, gini=0.698)) == 2


def test_a_lower_loss_is_not_bought_by_a_total_further_off() -> None:
    assert number(tried(0, 2.0), tried(1, 1.5, bias=1.1), tried(2, 1.6, bias=0.5)) == 0
    assert number(tried(0, 2.0, bias=1.2), tried(1, 1.5, bias=0.9)) == 1


def test_before_the_default_is_judged_nothing_is_found() -> None:
    assert best() is None
    assert best(tried(1, 1.0)) is None


def test_what_makes_trials_comparable_names_the_study(base: Ground) -> None:
    name = key(base, "data", {}, 120)
    assert name == key(base, "data", {}, 120)
    fewer = base.features.without(["recency"])
    shorter = Roles(base.history.roles.as_of, 90, DAYS[::-1], DAYS[2::-1], [])
    others = [
        key(base, "later data", {}, 120),
        key(base, "data", {"own.py": "FAMILIES = ()"}, 120),
        key(base, "data", {}, 90),
        key(replace(base, features=fewer), "data", {}, 120),
        key(replace(base, aim=replace(base.aim, horizon=60)), "data", {}, 120),
        key(replace(base, recipe=replace(base.recipe, seed=8)), "data", {}, 120),
        key(replace(base, history=replace(base.history, roles=shorter)), "data", {}, 120),
    ]
    assert len({name, *others}) == 8


def test_another_search_space_is_another_study(base: Ground) -> None:
    wider = replace(
        CHURN, space=lambda trial: {"num_leaves": trial.suggest_int("num_leaves", 3, 63)}
    )
    assert key(base, "data", {}, 120, (wider, VALUE)) != key(base, "data", {}, 120)


def test_folds_are_prepared_once(base: Ground) -> None:
    (train, watched) = base.history.folds()[0]()
    once = prepared(train, base.features, base.recipe, watched)
    kept = cached(base)[0].frame
    assert isinstance(kept, pd.DataFrame)
    assert isinstance(once.frame, pd.DataFrame)
    pd.testing.assert_frame_equal(kept, once.frame)
