"""``keepwell uplift``: trained effects, what is said of them, and what cannot be told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import keepwell
from keepwell.cli import main
from tests.support import BASE, sales

CONTACTS = """
[tables.contacts]
source = "contacts.parquet"
"""
VISIT = """
[actions.visit]
level = "social"
contact_cost = 0.01
acceptance = 0.5
"""
ENOUGH = "min_contacts = 100\n"


def campaign(lines: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Contact those who have bought of late, twice; the treated of `call` buy again for sure."""
    rng = np.random.default_rng(3)
    first = pd.Timestamp(lines["occurred_at"].min()).normalize()
    sent, bought = [], []
    for day in (120, 180):
        at = first + pd.Timedelta(days=day, hours=9)
        window = lines["occurred_at"].between(at - pd.Timedelta(days=60), at)
        for who in sorted(lines[window]["customer_id"].unique()):
            action, treated = ("call", "mail")[rng.integers(2)], bool(rng.integers(2))
            sent.append((who, at, action, treated))
            if treated and action == "call":
                bought.append((who, at + pd.Timedelta(days=3), 20.0))
    contacts = pd.DataFrame(sent, columns=["customer_id", "contacted_at", "action", "treated"])
    extra = pd.DataFrame(bought, columns=["customer_id", "occurred_at", "amount"])
    return contacts, pd.concat([lines, extra], ignore_index=True)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaign")
    contacts, lines = campaign(sales(customers=600))
    contacts.to_parquet(folder / "contacts.parquet")
    lines.to_parquet(folder / "transactions.parquet")
    (folder / "keepwell.toml").write_text(BASE + ENOUGH + CONTACTS, encoding="utf-8")
    assert main(["train", "--config", str(folder / "keepwell.toml")]) == 0
    return folder


def test_the_bundle_has_what_the_actions_do(shop: Path) -> None:
    champion = keepwell.open(shop / "keepwell.toml").champion()
    uplift, release = champion.uplift, champion.release
    assert uplift is not None
    assert uplift.actions == ("call", "mail")
    frame = release.completed(release.example())
    effects = uplift.effects(release.score(frame), release.encoder.matrix(frame))
    assert effects["call"].churn[0] > 0.1
    assert effects["mail"].churn[0] == 0
    # No redemption is recorded: each may have cost its incentive.
    assert effects["call"].redemption.tolist() == [1.0]
    notes = " ".join(champion.notes["notes"])
    assert "uplift: call (" in notes
    assert "uplift: mail (" in notes


def test_the_command_tells_effects_rankings_policies_and_deciles(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = shop / "uplift.html"
    assert main(["uplift", "--config", str(shop / "keepwell.toml"), "--html", str(page)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for words in ("Mean effects", "Rankings, out of fold", "Policies, out of fold", "decile"):
        assert words in said
    assert "mail: no effect that can be told from none" in said
    for rule in ("risk", "value", "recency"):
        assert rule in said
    assert page.read_text(encoding="utf-8").count("data:image/png") == 4


def test_the_notebook_gives_the_same_as_a_table(shop: Path) -> None:
    found = keepwell.open(shop / "keepwell.toml").uplift()
    stay = found.effects[found.effects["outcome"] == "stay"].set_index("action")
    assert stay["verdict"]["mail"] == "none"
    assert stay["verdict"]["call"] in {"treat", "target"}
    assert stay["low"]["call"] > 0
    assert found.lacking == ()
    assert "<html" in found.html


def test_too_few_contacts_are_told_and_left_out(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("contacts", "transactions"):
        pd.read_parquet(shop / f"{name}.parquet").to_parquet(tmp_path / f"{name}.parquet")
    config = tmp_path / "keepwell.toml"
    config.write_text(BASE + CONTACTS, encoding="utf-8")
    assert main(["train", "--config", str(config)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "uplift: call: not enough contacts: " in said
    assert " controls with known outcome; at least " in said
    assert keepwell.open(config).champion().uplift is None
    assert main(["uplift", "--config", str(config)]) == 0
    assert "mail: not enough contacts: " in " ".join(capsys.readouterr().out.split())


def test_effects_are_looked_for_after_the_gap(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = shop / "late.toml"
    config.write_text(BASE + ENOUGH + 'uplift_gap = "900d"\n' + CONTACTS, encoding="utf-8")
    assert main(["uplift", "--config", str(config)]) == 0
    assert "no contact has an outcome that is known by" in capsys.readouterr().out


def test_who_was_contacted_rests_in_either_arm(shop: Path) -> None:
    sent = set(pd.read_parquet(shop / "contacts.parquet").query("not treated")["customer_id"])
    plans = {}
    for rest in ("0d", "3650d"):
        config = shop / f"rest_{rest}.toml"
        config.write_text(BASE + ENOUGH + CONTACTS + VISIT + f'rest_days = "{rest}"\n')
        company = keepwell.open(config)
        company.score()
        plans[rest] = set(company.plan(100.0).rows["customer_id"])
    assert plans["0d"] & sent
    assert plans["3650d"]
    assert not plans["3650d"] & sent


def test_without_contacts_there_is_nothing_to_tell(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = shop / "none.toml"
    config.write_text(BASE, encoding="utf-8")
    assert main(["uplift", "--config", str(config)]) == 2
    assert "there are no contacts: add [tables.contacts]" in capsys.readouterr().err
