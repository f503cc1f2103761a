"""Histories of a company that sells subscriptions alone: features, population, refusals."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.inputs import recorded
from features.panel import features_at
from features.population import population
from models.bundle import Bundle, Definition
from models.release import SCORES
from serving.online.predictor import Predictor
from serving.online.problems import RequestProblem
from serving.online.query import feature_query
from serving.online.schemas import read
from tests.conftest import make_recipe
from tests.serving.online_shop import memory_tables
from tests.serving.online_tables import activities, subscriptions
from training.fit import learn

DAY = date(2023, 9, 20)
NOW = datetime(2023, 11, 1, 12)  # noqa: DTZ001 - local time
Json = dict[str, Any]


def frames() -> dict[str, pd.DataFrame]:
    """Make tables with local times; the ends of subscriptions are known when they come."""
    rng = np.random.default_rng(5)
    made = {"subscriptions": subscriptions(rng), "activities": activities(rng)}
    for frame in made.values():
        for column in frame.select_dtypes("datetimetz"):
            frame[column] = frame[column].dt.tz_localize(None)
    made["subscriptions"] = made["subscriptions"].drop(columns="recorded_at")
    return made


@pytest.fixture(scope="module")
def nightly() -> pd.DataFrame:
    tables = memory_tables(frames())
    made = features_at(tables, population(tables, DAY, "subscription", 365))
    frame: pd.DataFrame = made.table.order_by("customer_id").to_pandas()
    return frame


@pytest.fixture(scope="module")
def bundle(nightly: pd.DataFrame) -> Bundle:
    tables = memory_tables(frames())
    made = features_at(tables, population(tables, DAY, "subscription", 365))
    frame = nightly.copy()
    frame["churned"] = (frame["subscription_age_days"] > 60).astype(int)
    frame["value"] = frame["subscription_tenure_days"] / 3
    recipe = make_recipe()
    definition = Definition("subscription", 30, 0, 30, 60, "EUR", "UTC")
    release = learn(frame, made.features, recipe)
    inputs = recorded(tables, made.features, own=False)
    return Bundle("gym", release, definition, recipe, str(DAY), inputs=inputs)


@pytest.fixture(scope="module")
def predictor(bundle: Bundle) -> Predictor:
    return Predictor(bundle, 1, clock=lambda: NOW)


def customer(name: str, **tables: list[Json]) -> Json:
    """Give a customer's history up to the day."""
    history: Json = {}
    for table, frame in frames().items():
        time = {"subscriptions": "started_at", "activities": "occurred_at"}[table]
        own = frame[(frame["customer_id"] == name) & (frame[time] < pd.Timestamp(DAY))]
        rows = json.loads(
            own.drop(columns="customer_id").to_json(orient="records", date_format="iso")
        )
        history[table] = rows
    return {"customer_id": name, "as_of": str(DAY), "history": {**history, **tables}}


def ask(predictor: Predictor, *customers: Json) -> list[Json]:
    return predictor.predict(read(json.dumps({"customers": customers}).encode()).customers)


def test_scores_equal_those_of_the_batch(
    predictor: Predictor, bundle: Bundle, nightly: pd.DataFrame
) -> None:
    assert {f.family for f in bundle.features} <= {"subscriptions", "activities", "calendar"}
    found = pd.DataFrame(ask(predictor, *map(customer, nightly["customer_id"])))
    expected = bundle.release.score(nightly)
    for name in SCORES:
        # What nothing tells of subscribers, such as a next purchase, is null in both.
        np.testing.assert_allclose(found[name].astype(float), expected[name], rtol=1e-9)
    assert found["next_purchase_expected_at"].isna().all()
    assert found["in_population"].all()
    assert len(found) > 50


def test_whoever_has_left_is_scored_and_marked(predictor: Predictor) -> None:
    row = dict.fromkeys(("plan", "price", "price_period_days", "renews_at", "auto_renew"))
    gone = {**row, "started_at": "2023-01-01", "ended_at": "2023-05-01"}
    stays = {**row, "started_at": "2023-01-01", "ended_at": str(DAY)}
    marks = [
        ask(predictor, customer("nobody", subscriptions=[r]))[0]["in_population"]
        for r in (gone, stays)
    ]
    assert marks == [False, True]


@pytest.mark.parametrize(("running", "within"), [(2.0, True), (0.0, False)])
def test_named_features_tell_who_runs(
    predictor: Predictor, nightly: pd.DataFrame, *, running: float, within: bool
) -> None:
    row = json.loads(nightly.head(1)[predictor.bundle.features.names].to_json(orient="records"))[0]
    named = {"customer_id": "n", "features": {**row, "subscriptions_count": running}}
    assert ask(predictor, named)[0]["in_population"] is within


def test_a_history_without_subscriptions_is_refused(predictor: Predictor) -> None:
    with pytest.raises(
        RequestProblem, match="is empty: a customer is scored on what they subscribed"
    ):
        ask(predictor, customer("nobody", subscriptions=[]))


def test_a_model_of_a_flat_file_takes_features_alone(bundle: Bundle, nightly: pd.DataFrame) -> None:
    meant = Definition("labelled", 30, 0, 30, 60, "EUR", "UTC")
    flat = Bundle("flat", bundle.release, meant, bundle.recipe, str(DAY))
    assert feature_query(flat) is None
    found = Predictor(flat, 1, clock=lambda: NOW)
    with pytest.raises(RequestProblem, match="trained on a flat file, without time: send features"):
        ask(found, customer("00001"))
    row = json.loads(nightly.head(1)[flat.features.names].to_json(orient="records"))[0]
    assert ask(found, {"customer_id": "n", "features": row})[0]["in_population"] is True
