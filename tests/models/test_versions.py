"""Who was champion when, and to whom a rollback returns: tables of histories."""

from __future__ import annotations

import pytest

from models.versions import Promotion, Reign, champion_before, reigns


def history(*steps: str) -> list[Promotion]:
    """Give a history: "2" promotes version 2, "<1" takes back what came after version 1."""
    return [
        Promotion(int(step.removeprefix("<")), f"2024-01-{day:02}", step, step.startswith("<"))
        for day, step in enumerate(steps, 1)
    ]


@pytest.mark.parametrize(
    ("steps", "before"),
    [
        ("", None),
        ("1", None),
        ("1 2", 1),
        ("1 2 3", 2),
        ("1 1", None),
        ("1 2 2", 1),
        ("1 2 1", 2),
        ("1 2 3 <2", 1),
        ("1 2 3 <2 <1", None),
        ("1 2 3 <2 4", 2),
        ("1 2 3 <2 4 <2", 1),
        ("1 2 3 <2 3", 2),
        ("1 2 1 <2 <1", None),
        ("1 2 1 3 <1", 2),
    ],
)
def test_rollbacks_go_further_back_and_never_to_and_fro(steps: str, before: int | None) -> None:
    assert champion_before(history(*steps.split())) == before


def test_rollbacks_come_to_an_end() -> None:
    made = history("1", "2", "3", "2", "4")
    seen = []
    while (number := champion_before(made)) is not None:
        seen.append(number)
        made.append(Promotion(number, "2024-02-01", "back", back=True))
    assert seen == [2, 3, 2, 1]


def test_each_champion_ends_where_the_next_begins() -> None:
    assert reigns([]) == []
    assert reigns(history("1", "2", "<1")) == [
        Reign(1, "2024-01-01", "2024-01-02", "1"),
        Reign(2, "2024-01-02", "2024-01-03", "2"),
        Reign(1, "2024-01-03", None, "<1"),
    ]
