"""``keepwell features`` and families of one's own, by a user's hands."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from features.families import FAMILIES
from tests.serving.online_shop import own_family
from tests.support import BASE, Shop, sales

OWN = BASE + '\n[features]\nfamilies = ["shopping_times.py"]\n'
NAMES = [f.name for family in FAMILIES for f in family.features]


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    made = Shop(tmp_path / "shop", capsys)
    made.write(sales(250), OWN)
    (made.folder / "shopping_times.py").write_text(own_family(), encoding="utf-8")
    return made


def test_features_before_any_training(shop: Shop) -> None:
    out = shop.folder / "features.parquet"
    said = shop.does("features", "--as-of", "2023-10-01", "--out", out)
    found = pd.read_parquet(out)
    names = [*found.columns[2:]]
    assert found.columns[:2].tolist() == ["customer_id", "as_of"]
    assert names == [*[n for n in NAMES if n in names], *names[-3:]]
    assert names[-3:] == [
        "evening_purchases_count_90d",
        "weekend_purchases_count_90d",
        "evening_share_90d",
    ]
    assert found["customer_id"].is_monotonic_increasing
    assert set(found["as_of"].astype(str)) == {"2023-10-01"}
    assert f"Wrote {len(names)} features of {len(found)} customers as of 2023-10-01" in said.all
    assert not (shop.folder / "mlruns").exists()


def test_features_of_named_customers_as_csv(shop: Shop) -> None:
    wanted = shop.folder / "wanted.csv"
    wanted.write_text("customer_id,note\n00007,x\nnobody,y\n00003,z\n00003,z\n")
    out = shop.folder / "features.csv"
    shop.does("features", "--as-of", "2023-10-01", "--out", out, "--customers", wanted)
    found = pd.read_csv(out, dtype={"customer_id": str}).set_index("customer_id")
    assert found.index.tolist() == ["00003", "00007", "nobody"]
    assert found.loc["nobody", "purchase_days_count"] == 0
    assert found["days_since_purchase"].isna().tolist() == [False, False, True]
    everybody = shop.folder / "features.parquet"
    shop.does("features", "--as-of", "2023-10-01", "--out", everybody)
    whole = pd.read_parquet(everybody).set_index("customer_id")
    for name in ("spend_sum_90d", "evening_share_90d", "overdue_ratio"):
        assert found.loc["00003", name] == pytest.approx(whole.loc["00003", name], nan_ok=True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--as-of", "2022-01-01"), "--as-of 2022-01-01: transactions start on"),
        (("--customers", "ids.txt"), "--customers ids.txt: name a file that ends in .csv or"),
        (("--customers", "ids.csv"), "--customers ids.csv: "),
        (("--out", "features.xlsx"), "name a file that ends in .parquet or .csv"),
    ],
)
def test_features_that_are_refused(shop: Shop, options: tuple[str, ...], said: str) -> None:
    out = () if "--out" in options else ("--out", str(shop.folder / "features.parquet"))
    assert said in shop.refuses("features", *out, *options)


def test_ids_without_their_column_are_refused(shop: Shop) -> None:
    wanted = shop.folder / "wanted.csv"
    wanted.write_text("id\n1\n")
    said = shop.refuses("features", "--out", shop.folder / "f.csv", "--customers", wanted)
    assert said.endswith("there is no column customer_id; columns: id")


def test_own_families_from_training_to_scores(shop: Shop) -> None:
    shop.does("train")
    bundle = shop.registry.load_champion()[1]
    assert bundle.families == {"shopping_times.py": own_family()}
    assert "evening_share_90d" in bundle.features.names
    assert "shopping_times.py" not in shop.does("score").all
    before = shop.scored()
    file = shop.folder / "shopping_times.py"
    file.write_text(own_family().replace("EVENING = 18", "EVENING = 12"), encoding="utf-8")
    said = shop.does("score").all
    assert (
        "note: the family file shopping_times.py differs from the champion's, which these scores "
        "rest on; run `keepwell train` to use it"
    ) in said
    pd.testing.assert_frame_equal(shop.scored(), before)


@pytest.mark.parametrize("command", ["check", "train", "features"])
def test_a_broken_family_file_is_told_with_its_line(shop: Shop, command: str) -> None:
    file = shop.folder / "shopping_times.py"
    file.write_text("x = 1\ny = x.z\n")
    options = ("--out", shop.folder / "f.csv") if command == "features" else ()
    assert "shopping_times.py, line 2: AttributeError" in shop.refuses(command, *options)
