"""``keepwell monitor``: before anything, before any outcome, and of a flat file."""

from __future__ import annotations

from pathlib import Path

import pytest

import keepwell
from serving.monitored import FILE, read
from tests.support import BASE, Shop, sales


def test_before_any_training_it_says_what_to_do(shop: Shop) -> None:
    shop.write(sales(20))
    before = {path.name for path in shop.folder.iterdir()}
    said = shop.does("monitor", "--html", shop.folder / "monitor.html").all
    assert "There is no champion to look after yet: run `keepwell train`." in said
    assert "no champion" in (shop.folder / "monitor.html").read_text()
    found = {path.name for path in shop.folder.iterdir()} - before
    assert found <= {"monitor.html", ".keepwell", "mlruns"}
    assert keepwell.open(shop.config).monitor().alarms.empty


def test_before_any_score_drift_is_seen(trained: Shop) -> None:
    said = trained.does("monitor").all
    assert "shop: monitoring of version 1 As of 2023-10-28" in said
    assert "features have moved since the champion learnt" in said
    assert "No scores have been published that can be judged." in said
    assert not (trained.folder / "keepwell.db").exists()


def test_scores_that_wait_are_told_by_their_day(trained: Shop) -> None:
    trained.does("score")
    said = trained.does("monitor").all
    assert "No published scores have come true yet: the first will on 2023-11-27." in said
    assert "2023-10-28 │ 1" in said
    found = read(trained.folder / FILE)
    assert found is not None
    assert (found.model, found.version, str(found.as_of)) == ("shop", 1, "2023-10-28")
    assert found.realised_over_promised == {}


def test_another_meaning_is_told_and_monitored_all_the_same(trained: Shop) -> None:
    trained.write(config=BASE.replace('horizon = "30d"', 'horizon = "40d"'))
    said = trained.does("monitor").all
    assert "Churn.horizon is 40 days in the configuration, but the champion was trained" in said
    assert "features have moved since the champion learnt" in said


def test_a_champion_that_is_lost_needs_action(trained: Shop, tmp_path: Path) -> None:
    champion = trained.registry.champion()
    assert champion is not None
    lost = (tmp_path / "lost").as_uri()
    trained.registry.promote(trained.registry.register(champion.run_id, lost), "moved")
    said = trained.does("monitor").all
    assert "1 thing needs action." in said
    assert "the champion cannot go on" in said


def test_a_flat_file_has_drift_and_no_months(flat: Shop) -> None:
    said = flat.does("monitor").all
    assert "A flat file has no time, so nothing tells when its scores come true." in said
    assert "features have moved since the champion learnt" in said
    assert "--as-of means nothing" in flat.refuses("monitor", "--as-of", "2023-01-01")


@pytest.mark.parametrize("name", ["report.txt", "no/such/folder/report.html"])
def test_a_page_that_cannot_be_written_is_refused_first(shop: Shop, name: str) -> None:
    shop.write(sales(5))
    assert "--html" in shop.refuses("monitor", "--html", shop.folder / name)
