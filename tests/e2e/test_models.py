"""``keepwell models``: the versions, who was champion when, and by whose word it changes."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from keepwell.cli import main
from models import bundle
from models.bundle import Bundle
from models.registry import CHAMPION, Version
from tests.support import Shop


def register(shop: Shop, made: Bundle) -> Version:
    """Register a bundle beside the champion's run."""
    champion = shop.registry.champion()
    assert champion is not None
    folder = shop.folder / f"bundle-{len(shop.registry.versions()) + 1}"
    folder.mkdir()
    bundle.save(made, folder)
    return shop.registry.register(champion.run_id, folder.as_uri())


def again(shop: Shop) -> Version:
    """Register the champion's bundle again."""
    return register(shop, shop.registry.load_champion()[1])


def test_before_the_first_training_there_is_nothing_to_list(shop: Shop) -> None:
    shop.write()
    assert "There are no versions of 'shop' yet" in shop.does("models list").all
    said = shop.refuses("models rollback")
    assert "no model of 'shop' has been promoted yet: there is nothing to go back to" in said
    assert "'shop' has no version 1 in the registry" in shop.refuses("models promote", "1")


def test_every_version_is_listed_with_the_reason_and_every_champion_with_its_time(
    trained: Shop,
) -> None:
    second, _ = again(trained), again(trained)
    trained.registry.decline(second, "worse than the champion: log loss")
    said = trained.does("models list").all
    assert "first champion; grade" in said
    assert "2023-10-28 │ now" in said
    assert "worse than the champion: log loss" in said
    assert "undecided: the training ended before that" in said
    trained.does("models promote", "3", "--reason", "the spring model")
    told = trained.does("models list").out
    champions = [line for line in told.splitlines() if re.match("│ [0-9]", line)][-2:]
    assert ["│ 1 " in champions[0], "│ 3 " in champions[1]] == [True, True]
    first, last = ([cell.strip() for cell in line.split("│")[1:5]] for line in champions)
    assert first[2] == last[1]
    assert last[2:] == ["now", "the spring model"]


def test_a_promotion_by_hand_is_recorded_and_scores_change(trained: Shop) -> None:
    again(trained)
    said = trained.does("models promote", "2").all
    assert "Version 2 of 'shop' is the champion: promoted by hand" in said
    assert "stay as they are until the next `keepwell score`" in said
    trained.does("score")
    assert set(trained.scored()["model_version"]) == {"2"}
    said = trained.does("models promote", "2").all
    assert "Version 2 of 'shop' is the champion already" in said
    assert [p.version for p in trained.registry.history()] == [1, 2]


def test_rollbacks_go_back_one_by_one_with_their_reasons(trained: Shop) -> None:
    for version in (again(trained), again(trained)):
        trained.registry.promote(version, "better")
    said = trained.does("models rollback", "--reason", "it calls everybody").all
    assert "Version 2 of 'shop' is the champion again" in said
    trained.does("models rollback")
    history = trained.registry.history()
    assert [p.version for p in history] == [1, 2, 3, 2, 1]
    assert [p.reason for p in history[-2:]] == [
        "rolled back from version 3: it calls everybody",
        "rolled back from version 2",
    ]
    said = trained.refuses("models rollback")
    assert "no champion of 'shop' came before version 1" in said
    assert len(trained.registry.history()) == 5


def test_a_version_whose_files_are_gone_never_becomes_champion(trained: Shop) -> None:
    again(trained)
    shutil.rmtree(trained.folder / "bundle-2")
    assert "'shop' version 2 are gone" in trained.refuses("models promote", "2")
    champion = trained.registry.champion()
    assert champion is not None
    assert champion.number == 1


def test_another_meaning_is_promoted_with_a_warning(trained: Shop) -> None:
    _, found = trained.registry.load_champion()
    register(trained, replace(found, definition=replace(found.definition, currency="USD")))
    said = trained.does("models promote", "2").all
    assert "its scores mean something else than those before (currency EUR → USD)" in said


def test_an_alias_that_was_moved_by_somebody_else_is_told(trained: Shop) -> None:
    second = again(trained)
    client = MlflowClient(f"sqlite:///{trained.folder}/mlruns/mlflow.db")
    client.set_registered_model_alias("shop", CHAMPION, str(second.number))
    said = trained.does("models list").all
    assert "the alias champion names version 2, but that was not recorded" in said


def test_two_recipes_are_judged_on_the_same_customers(trained: Shop) -> None:
    _, found = trained.registry.load_champion()
    weaker = replace(found.recipe, churn="logistic_rfm", value="scaled_spend")
    register(trained, replace(found, recipe=weaker))
    said = trained.does("models compare", "1", "2").all
    assert "300 customers of 2023-09-28, both recipes fitted on what was known before" in said
    assert "log loss" in said
    assert "version 1: trained as of 2023-10-28; grade" in said
    assert "Version 2 " in said
    assert trained.registry.history()[-1].version == 1
    said = trained.does("models compare", "1", "1", "--as-of", "2023-09-28").all
    assert "customers of 2023-08-29" in said
    assert "Version 1 and version 1 differ within chance only." in said


def test_other_meanings_are_not_compared(trained: Shop) -> None:
    _, found = trained.registry.load_champion()
    register(trained, replace(found, definition=replace(found.definition, churn_horizon=60)))
    said = trained.refuses("models compare", "1", "2")
    assert "version 1 and version 2 cannot be compared: they mean different things" in said
    assert "(churn_horizon 30 → 60)" in said


def test_what_cannot_be_compared_says_why(trained: Shop) -> None:
    assert "'shop' has no version 7" in trained.refuses("models compare", "1", "7")
    said = trained.refuses("models compare", "1", "1", "--as-of", "2023-03-10")
    assert "too short for a held-out measure" in said


def test_versions_of_a_flat_file_are_compared_out_of_fold(flat: Shop) -> None:
    again(flat)
    said = flat.does("models compare", "1", "2").all
    assert "labelled rows, out of fold" in said
    assert "differ within chance only" in said
    assert "--as-of means nothing" in flat.refuses(
        "models compare", "1", "2", "--as-of", "2023-01-01"
    )


def test_the_commands_tell_what_they_take(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("list", "compare", "promote", "rollback"):
        assert main(["models", command, "--help"]) == 0
        assert f"keepwell models {command}" in capsys.readouterr().out


def test_a_relative_configuration_will_do(trained: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(trained.folder)
    shop = Shop(Path(), trained.capsys)
    assert "first champion" in shop.does("models list").all
