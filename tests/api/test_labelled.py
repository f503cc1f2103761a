"""A flat file with a ready-made outcome, from the file to the list and the service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from keepwell.cli import main
from models.segment_words import RULES
from serving.columns import COLUMNS
from tests.api.served import open_service
from tests.flat import FLAT, people
from tests.support import Shop

pytestmark = pytest.mark.anyio

KNOWN = {"customer_id", "churn_probability", "model_version", *RULES}
UNKNOWN = [c for c in COLUMNS if c not in KNOWN]
AMOUNT = FLAT + "\n[value]\namount = '\"Price\" * 12'\n"


def made(folder: Path, config: str, *commands: str) -> Path:
    """Make a shop with a flat file, and run commands."""
    folder.mkdir()
    (folder / "keepwell.toml").write_text(config, encoding="utf-8")
    people().to_parquet(folder / "people.parquet")
    for command in commands:
        assert main([command, "--config", str(folder / "keepwell.toml")]) == 0
    return folder


@pytest.fixture(scope="module", autouse=True)
def _own_store() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("flat") / "shop", FLAT, "train", "score")


@pytest.fixture
def shop(flat: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    return Shop(flat, capsys)


def test_scores_without_time_or_value(flat: Path) -> None:
    scores = pd.read_parquet(flat / "scores.parquet")
    assert list(scores.columns) == [*COLUMNS, "out_of_fold"]
    assert scores[UNKNOWN].isna().all(axis=None)
    assert set(scores["grade_rule"]) == {"no value is predicted"}
    assert scores["churn_probability"].between(0, 1, inclusive="neither").all()
    known = people()["Churn"].isin(["Yes", "No"]).to_numpy()
    assert scores["out_of_fold"].dtype == bool
    assert (scores["out_of_fold"] == known).all()


def test_the_list_ranks_by_probability_and_gives_reasons(shop: Shop) -> None:
    target = shop.folder / "list.csv"
    shop.does("risk-list", "--out", target)
    ranked = pd.read_csv(target)
    assert len(ranked) == 400
    assert ranked["churn_probability"].is_monotonic_decreasing
    assert ranked["out_of_fold"].sum() == 360
    first = ranked.iloc[0][["reason_1", "reason_2", "reason_3"]].dropna()
    assert any(text.startswith("Contract type: ") for text in first)
    said = shop.does("risk-list", "--top", "5").all
    assert "Most likely to leave: 5 of 400" in said
    assert "nan" not in said
    assert "these scores have no values" in shop.refuses("risk-list", "--min-value", "5")


@pytest.mark.parametrize("command", ["train", "score"])
def test_a_day_means_nothing(shop: Shop, command: str) -> None:
    said = shop.refuses(command, "--as-of", "2024-01-01")
    assert '--as-of means nothing for churn.kind = "labelled"' in said


def test_a_backtest_means_nothing(shop: Shop) -> None:
    assert "--backtest means nothing" in shop.refuses("score", "--backtest")


def test_check_tells_outcomes_and_types(shop: Shop) -> None:
    said = shop.does("check").all
    assert "40 to be scored" in said
    assert "Total charges is text whose values are all numbers" in said


def test_a_changed_row_is_told_and_not_out_of_fold(
    flat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = FLAT.replace("people.parquet", str(tmp_path / "changed.parquet"))
    config += f'\n[tracking]\nuri = "sqlite:///{flat}/mlruns/mlflow.db"\n'
    shop = Shop(tmp_path, capsys)
    shop.write(config=config)
    changed = people()
    changed.loc[200, "Calls"] = 99.0
    changed.to_parquet(tmp_path / "changed.parquet")
    assert "note: 1 rows with an outcome are new or have changed" in shop.does("score").all
    before = pd.read_parquet(flat / "scores.parquet").set_index("customer_id")
    after = shop.scored()
    assert not after.loc["0200-X", "out_of_fold"]
    others = after.index != "0200-X"
    pd.testing.assert_frame_equal(after[others], before[others])

    changed.assign(Churn=None).drop(columns="Senior").to_parquet(tmp_path / "changed.parquet")
    assert "columns that the source lacks: Senior" in shop.refuses("score")
    changed.assign(Churn=None, Calls="many").to_parquet(tmp_path / "changed.parquet")
    assert 'trained on numbers in "Calls", and 400 values are none' in shop.refuses("score")
    changed.assign(Churn=None).to_parquet(tmp_path / "changed.parquet")
    shop.does("score")
    assert not shop.scored()["out_of_fold"].any()


async def test_the_service_gives_the_batch_scores(flat: Path) -> None:
    scores = pd.read_parquet(flat / "scores.parquet").set_index("customer_id")
    async with open_service(flat) as client:
        model = (await client.get("/v1/models")).json()["live"]
        assert model["definition"]["churn_kind"] == "labelled"
        assert model["definition"]["churn_horizon"] is None
        told = {
            "customer_id": "0001-X",
            "features": _named(people().iloc[1]),
        }
        answer = await client.post("/v1/predict", json={"customers": [told], "explain": True})
        assert answer.status_code == 200, answer.text
        (item,) = answer.json()["items"]
        expected = scores.loc["0001-X", "churn_probability"]
        assert item["churn_probability"] == pytest.approx(expected, rel=1e-9)
        assert [item[name] for name in UNKNOWN] == [None] * len(UNKNOWN)
        assert item["in_population"] is True
        assert all(reason["cause"] is None for reason in item["reasons"])
        await _see_published(client, scores)
        history = {"customer_id": "a", "as_of": "2024-01-01", "history": {"transactions": []}}
        refused = await client.post("/v1/predict", json={"customers": [history]})
        assert refused.status_code == 422
        assert "flat file" in refused.text


def _named(row: pd.Series[Any]) -> dict[str, Any]:
    since = (pd.Timestamp(str(row["Since"])) - pd.Timestamp(0)).days
    return {
        "Contract_type": row["Contract type"],
        "Calls": row["Calls"],
        "Total_charges": float(str(row["Total charges"])),
        "Senior": float(bool(row["Senior"])),
        "Since": since,
        "Price": row["Price"],
    }


async def _see_published(client: httpx.AsyncClient, scores: pd.DataFrame) -> None:
    one = (await client.get("/v1/customers/0300-X/score")).json()
    assert one["out_of_fold"] is True
    assert one["as_of"] is None
    assert one["value_at_risk"] is None
    first = (await client.get("/v1/risk-list", params={"limit": 150})).json()
    rest = (await client.get("/v1/risk-list", params={"cursor": first["next_cursor"]})).json()
    listed = [item["churn_probability"] for item in first["items"] + rest["items"]]
    assert listed == sorted(scores["churn_probability"], reverse=True)[:250]
    assert first["items"][0]["attributes"]["Contract_type"]
    (run,) = (await client.get("/v1/runs")).json()["items"]
    assert (run["as_of"], run["churn_horizon"], run["valued"]) == (None, None, False)
    csv = await client.get("/v1/risk-list", params={"format": "csv"})
    assert csv.text.splitlines()[1].startswith("1,")
    assert "out_of_fold" in csv.text.splitlines()[0]


async def test_an_amount_gives_values_and_the_order_of_the_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made(tmp_path / "shop", AMOUNT, "train", "score")
    shop = Shop(folder, capsys)
    scores = shop.scored()
    p, price = scores["churn_probability"], people()["Price"].to_numpy() * 12
    assert scores["value_if_retained"].to_numpy() == pytest.approx(price)
    assert (scores["value_if_churned"] == 0).all()
    assert scores["expected_value"].to_numpy() == pytest.approx(((1 - p) * price).to_numpy())
    assert scores["value_at_risk"].to_numpy() == pytest.approx((p * price).to_numpy())
    shop.does("risk-list", "--out", folder / "list.csv")
    assert pd.read_csv(folder / "list.csv")["value_at_risk"].is_monotonic_decreasing
    async with open_service(folder) as client:
        told = {"customer_id": "a", "features": {**_named(people().iloc[1]), "amount": 100.0}}
        answer = await client.post("/v1/predict", json={"customers": [told]})
        (item,) = answer.json()["items"]
        assert item["value_at_risk"] == pytest.approx(100 * item["churn_probability"])
    again = shop.does("train").all
    assert "Version 2 of 'shop' promoted: fresher and not worse: log loss of churn" in again
    shop.write(config=FLAT)
    assert 'amount "Price" * 12 → None' in shop.does("train").all
