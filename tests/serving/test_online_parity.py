"""A history online and the nightly batch give the same features, scores and reasons."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.catalogue import FeatureSet
from features.columns import LAYOUTS
from features.families import FAMILIES
from features.inputs import recorded
from features.panel import features_at
from features.population import active
from features.tables import Tables
from models.bundle import Bundle, Definition
from models.errors import BundleError
from models.reasons import reasons
from models.release import DUE, SCORES
from models.segment_words import RULES
from models.segments import SEGMENTS as OF_RELEASE
from serving.columns import SEGMENTS
from serving.due import due_column
from serving.online.history import tables
from serving.online.predictor import Predictor
from serving.online.query import feature_query
from serving.online.rows import Histories
from serving.online.schemas import PredictRequest, read
from serving.online.shape import shapes
from tests.conftest import make_recipe
from tests.serving.online_shop import CUTOFF, LATER, Trained, batch, company, memory_tables, train
from training.fit import learn

NOW = datetime(2023, 11, 1, 12)  # noqa: DTZ001 - local time
DAYS = (CUTOFF, LATER)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(tmp_path_factory.mktemp("online") / "shop")


@pytest.fixture(scope="module")
def predictor(trained: Trained) -> Predictor:
    return Predictor(trained.bundle, 7, clock=lambda: NOW)


@pytest.fixture(scope="module")
def nightly(trained: Trained) -> pd.DataFrame:
    """Give the features of both days, as the nightly runs compute them."""
    frames = [trained.batch(day).assign(as_of=str(day)) for day in DAYS]
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def sent(trained: Trained, nightly: pd.DataFrame) -> PredictRequest:
    """Give the same customers as one request, each up to a day of its own."""
    customers = [
        customer
        for day in DAYS
        for customer in trained.histories(
            day, nightly.loc[nightly["as_of"] == str(day), "customer_id"]
        )
    ]
    return read(json.dumps({"customers": customers, "explain": True}).encode())


@pytest.fixture(scope="module")
def answered(predictor: Predictor, sent: PredictRequest) -> pd.DataFrame:
    return pd.DataFrame(predictor.predict(sent.customers, explain=True))


def computed(bundle: Bundle, sent: PredictRequest) -> pd.DataFrame:
    """Compute the features of a request's histories."""
    query = feature_query(bundle)
    assert query is not None
    given = Histories(range(len(sent.customers)), sent.customers)
    rows = query.compiled.run(tables(given, shapes(bundle), NOW), "history")
    ordered = sorted(rows, key=lambda row: int(row[0]))
    return pd.DataFrame([row[3:] for row in ordered], columns=bundle.table_features.names)


def compare(mine: pd.DataFrame, theirs: pd.DataFrame, features: FeatureSet) -> None:
    for feature in features:
        left, right = mine[feature.name], theirs[feature.name]
        if feature.dtype == "category":
            assert left.fillna("?").tolist() == right.fillna("?").tolist(), feature.name
        else:
            np.testing.assert_allclose(
                left.to_numpy(float),
                right.to_numpy(float),
                rtol=1e-9,
                atol=1e-9,
                err_msg=feature.name,
            )


def test_the_company_has_what_parity_is_about(trained: Trained, nightly: pd.DataFrame) -> None:
    names = set(trained.bundle.features.names)
    assert {"attribute_region", "attribute_age", "attribute_birthday"} <= names
    assert {f.family for f in trained.bundle.features} == {f.name for f in FAMILIES} - {
        "calendar"
    } | {"attributes", "shopping_times"}
    assert {"wallet_estimate", "wallet_source", "value_influence", "evening_share_90d"} <= names
    told = nightly[trained.bundle.table_features.names].notna().any()
    # Less than a year of history has no season before.
    assert [n for n in told[~told].index if "_season_trend_" not in n] == []
    assert nightly["complaints_open"].sum() > 10
    assert set(nightly["attribute_region"].dropna()) == {"north", "south", "east", "west"}
    assert len(nightly) > 200
    assert set(trained.bundle.inputs) == set(LAYOUTS)
    recorded = {name for name, columns in trained.bundle.inputs.items() if "recorded_at" in columns}
    assert recorded == set(LAYOUTS) - {"customers", "complaints"}


def test_features(trained: Trained, nightly: pd.DataFrame, sent: PredictRequest) -> None:
    compare(computed(trained.bundle, sent), nightly, trained.bundle.table_features)


def test_scores(trained: Trained, nightly: pd.DataFrame, answered: pd.DataFrame) -> None:
    scores = trained.bundle.release.score(nightly)
    assert answered["customer_id"].tolist() == nightly["customer_id"].tolist()
    assert answered["as_of"].tolist() == nightly["as_of"].tolist()
    for name in SCORES:
        assert scores[name].notna().all(), name
        np.testing.assert_allclose(answered[name], scores[name], rtol=1e-9)
    for day in DAYS:
        here = nightly["as_of"] == str(day)
        due = due_column(day, scores.loc[here, DUE])
        said = [None if pd.isna(at) else str(at) for at in due]
        assert answered.loc[here, "next_purchase_expected_at"].tolist() == said
    assert answered["next_purchase_expected_at"].notna().mean() > 0.5
    told = trained.bundle.release.tell(nightly)
    for name in (*SEGMENTS, *RULES):
        assert answered[name].tolist() == told[name].tolist(), name
    assert {n: answered[n].nunique() for n in OF_RELEASE}.items() >= {
        "grade": 3,
        "strategy": 4,
    }.items()
    assert set(answered["model_version"]) == {"7"}
    assert answered["in_population"].all()


def test_reasons(trained: Trained, nightly: pd.DataFrame, answered: pd.DataFrame) -> None:
    said = reasons(trained.bundle.release, nightly, "EUR")
    assert answered["reasons"].tolist() == [
        [{"text": r.text, "cause": r.cause} for r in row] for row in said
    ]
    assert sum(map(len, said)) > len(said)


@pytest.mark.parametrize("derived", [False, True])
def test_named_features(
    predictor: Predictor, nightly: pd.DataFrame, answered: pd.DataFrame, *, derived: bool
) -> None:
    bundle = predictor.bundle
    names = (bundle.features if derived else bundle.table_features).names
    rows = bundle.release.completed(nightly)[names]
    named = json.loads(rows.to_json(orient="records", double_precision=15))
    customers = [
        {"customer_id": c, "features": row}
        for c, row in zip(nightly["customer_id"], named, strict=True)
    ]
    request = read(json.dumps({"customers": customers}).encode())
    found = pd.DataFrame(predictor.predict(request.customers, explain=True))
    for name in SCORES:
        np.testing.assert_allclose(found[name], answered[name], rtol=1e-9)
    assert found["reasons"].tolist() == answered["reasons"].tolist()
    assert found["as_of"].isna().all()
    assert found["next_purchase_expected_at"].isna().all()
    assert found["in_population"].all()


def test_a_customer_alone_twice_and_among_others_is_the_same(
    predictor: Predictor, trained: Trained, sent: PredictRequest, answered: pd.DataFrame
) -> None:
    one, other = sent.customers[5], sent.customers[9]
    named: dict[str, Any] = {
        "customer_id": one.customer_id,
        "features": _features_of(trained, 5),
    }
    mixed = PredictRequest.model_validate({"customers": [named]}).customers
    found = predictor.predict([one, *mixed, other, one])
    expected = answered.drop(columns="reasons").to_dict("records")
    assert found[0] == found[3] == expected[5]
    assert found[2] == expected[9]
    assert found[1]["value_at_risk"] == found[0]["value_at_risk"]


def _features_of(trained: Trained, row: int) -> dict[str, Any]:
    frame = trained.batch(CUTOFF)[trained.bundle.table_features.names]
    found: dict[str, Any] = json.loads(
        frame.iloc[[row]].to_json(orient="records", double_precision=15)
    )[0]
    return found


def test_the_order_of_rows_changes_nothing(
    predictor: Predictor, sent: PredictRequest, answered: pd.DataFrame
) -> None:
    turned = [
        c.model_copy(update={"history": {t: r[::-1] for t, r in (c.history or {}).items()}})
        for c in sent.customers[:50]
    ]
    found = predictor.predict(turned, explain=True)
    assert found == answered.head(50).to_dict("records")


def test_many_threads_at_once(
    predictor: Predictor, sent: PredictRequest, answered: pd.DataFrame
) -> None:
    expected = answered.drop(columns="reasons").to_dict("records")
    with ThreadPoolExecutor(4) as pool:
        parts = [sent.customers[n : n + 7] for n in range(0, 140, 7)]
        found = [item for part in pool.map(predictor.predict, parts) for item in part]
    assert found == expected[:140]


def test_customers_without_a_history_of_attributes_or_complaints() -> None:
    frames = company(5)
    for frame in frames.values():
        for column in frame.select_dtypes("datetimetz"):
            frame[column] = frame[column].dt.tz_convert("UTC").dt.tz_localize(None)
    customers = frames["customers"].drop_duplicates("customer_id")
    kept = memory_tables(
        {
            "transactions": frames["transactions"][["customer_id", "occurred_at", "amount"]],
            "customers": customers[["customer_id", "region"]],
        }
    )
    bundle = bundle_of(kept)
    assert "days_to_first_purchase" not in bundle.features.names
    theirs = batch(kept, bundle, CUTOFF)
    by_customer = dict(iter(frames["transactions"].groupby("customer_id")))
    regions = zip(customers["customer_id"], customers["region"], strict=True)
    region = {c: name if isinstance(name, str) else None for c, name in regions}
    sent = [
        {
            "customer_id": c,
            "as_of": str(CUTOFF),
            "history": {
                "transactions": [
                    {"occurred_at": str(t), "amount": str(a)}
                    for t, a in by_customer[c][["occurred_at", "amount"]].to_numpy()
                    if t.date() < CUTOFF
                ],
                # A day of joining, unknown when the model was trained, changes nothing.
                "customers": [{"region": region[c], "joined_at": "2019-01-01"}]
                if c in region
                else [],
            },
        }
        for c in theirs["customer_id"]
    ]
    request = PredictRequest.model_validate({"customers": sent})
    compare(computed(bundle, request), theirs, bundle.table_features)


def bundle_of(made: Tables) -> Bundle:
    """Fit a bundle on tables; its outcome is made up."""
    definition = Definition("inactivity", 30, 0, 30, 60, "EUR", "UTC")
    snapshots = features_at(made, active(made, date(2023, 8, 1), 60))
    frame = snapshots.table.to_pandas()
    frame["churned"] = (frame["days_since_purchase"] > 20).astype(int)
    frame["value"] = frame["spend_sum_90d"] / 3
    recipe = make_recipe()
    release = learn(frame, snapshots.features, recipe)
    inputs = recorded(made, snapshots.features, own=False)
    return Bundle("shop", release, definition, recipe, str(CUTOFF), inputs=inputs)


def test_a_bundle_of_other_features_is_refused(trained: Trained) -> None:
    encoder = trained.bundle.release.encoder
    first, *rest = encoder.features
    other = FeatureSet((replace(first, name="moon_phase_30d"), *rest))
    release = replace(trained.bundle.release, encoder=replace(encoder, features=other))
    with pytest.raises(BundleError, match="missing: moon_phase_30d"):
        Predictor(replace(trained.bundle, release=release), 1)
