"""Cells of JSON: what a flag may be, and what a column of flags becomes."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from features.columns import Kind
from serving.online import cells


@pytest.mark.parametrize("cell", [True, 1, 1.0, "true", "T", " Yes ", "y", "1", "1.0"], ids=repr)
def test_what_means_yes(cell: object) -> None:
    assert cells.reader(Kind.FLAG, ZoneInfo("UTC"))(cell) is True


@pytest.mark.parametrize("cell", [False, 0, 0.0, "false", "F", " No ", "n", "0", "0.0"], ids=repr)
def test_what_means_no(cell: object) -> None:
    assert cells.reader(Kind.FLAG, ZoneInfo("UTC"))(cell) is False


@pytest.mark.parametrize("cell", [None, "", " "], ids=repr)
def test_what_means_not_known(cell: object) -> None:
    assert cells.reader(Kind.FLAG, ZoneInfo("UTC"))(cell) is None


@pytest.mark.parametrize("cell", [2, -1, 0.5, float("nan"), "maybe", [], {}], ids=repr)
def test_nothing_else_is_a_flag(cell: object) -> None:
    with pytest.raises(ValueError, match=r"^is neither yes nor no$"):
        cells.flag(cell)


@pytest.mark.parametrize(
    ("given", "sound"),
    [([True, False], True), ([True, None], False), ([True, 1], False), ([1.0], False)],
)
def test_only_flags_are_sound_at_a_glance(given: list[object], *, sound: bool) -> None:
    assert cells.sound(cells.flag, given) is sound


def test_flags_become_a_column_of_flags() -> None:
    found = cells.column([True, None, False])
    assert found.type == pa.bool_()
    assert found.to_pylist() == [True, None, False]


def test_every_kind_but_attributes_has_a_reader() -> None:
    for kind in set(Kind) - {Kind.ATTRIBUTE}:
        assert cells.reader(kind, ZoneInfo("UTC"))(None) is None
