"""A training once more: the same release to the byte, or what has changed."""

from __future__ import annotations

import pytest

from tests.flat import FLAT, people
from tests.support import BASE, Shop, sales


def test_a_version_is_reproduced_whatever_the_configuration_says_now(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained.write(config=BASE.replace("cutoffs = 4", "cutoffs = 3") + "\nseeds = 2\n")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    said = trained.does("reproduce", "1").all
    assert "Version 1 is reproduced: every file is the same to the byte" in said
    assert [v.version.number for v in trained.registry.versions()] == [1]


def test_other_data_make_another_release_which_is_told(trained: Shop) -> None:
    trained.write(sales().iloc[1:])
    champion = trained.registry.champion()
    assert champion is not None
    said = trained.run("reproduce", champion.run_id)
    assert said.status == 1
    assert "Version 1 is not reproduced; what differs, then → now:" in said.all
    assert "notes.data_fingerprint: " in said.all


def test_what_was_not_trained_here_is_refused(trained: Shop) -> None:
    assert "'shop' has no version 7 in the registry" in trained.refuses("reproduce", "7")
    said = trained.refuses("reproduce", "feed")
    assert "no version of 'shop' was made by a run 'feed'; `keepwell models list`" in said
    trained.config.write_text(FLAT, encoding="utf-8")
    said = trained.refuses("reproduce", "1")
    assert "version 1 was trained on tables with dates, and the configuration names a flat" in said


def test_a_version_of_a_flat_file_is_reproduced(flat: Shop) -> None:
    flat.write(config="seed = 2\n" + FLAT)
    said = flat.does("reproduce", "1").all
    assert "Version 1 is reproduced: every file is the same to the byte" in said
    people().iloc[:-1].to_parquet(flat.folder / "people.parquet")
    said = flat.run("reproduce", "1").all
    assert "Version 1 is not reproduced; what differs, then → now:" in said
    assert "notes.data_fingerprint: " in said
    assert [v.version.number for v in flat.registry.versions()] == [1]
