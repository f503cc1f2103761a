"""A company's own families: files that are run, checked, and tried before a model learns."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import ibis
import pandas as pd
import pytest

from features.asof import Spine
from features.errors import InputError
from features.families import FAMILIES
from features.own import Own, changed, load, read
from features.panel import features_at
from features.population import active
from features.tables import Tables
from features.trial import try_out

CUTOFF = date(2024, 3, 1)
WEEKEND = """
from features.catalogue import Feature, Reason
from features.family import Family
from features.windows import ratio, within


def aggregates(days):
    weekend = days["occurred_at"].day_of_week.index() >= 5
    lately = days["bought"] & within(days, 90)
    return {
        "weekend_purchases_count_90d": (lately & weekend).sum(),
        "_weekend_all": lately.sum(),
    }


def derive(table):
    share = ratio(table["weekend_purchases_count_90d"], table["_weekend_all"])
    return {"weekend_share_90d": share}


FAMILY = Family(
    name="weekend",
    features=(
        Feature(
            "weekend_purchases_count_90d", "weekend", "purchases", 90,
            "Days with a purchase at a weekend in the last 90 days.",
            Reason("{weekend_purchases_count_90d:purchases} at weekends", "changed needs", "low"),
            empty=0,
        ),
        Feature("weekend_share_90d", "weekend", "share", 90, "Share of them in the last 90 days."),
    ),
    aggregates={"days": aggregates},
    derive=derive,
    needs=("days",),
)
"""
LEAK = """
from features.catalogue import Feature
from features.family import Family


def every_day(tables, spine):
    lines = tables["transactions"]
    return lines.inner_join(spine.table, "customer_id")


FAMILY = Family(
    name="leak",
    features=(Feature("lines_count", "leak", "lines", None, "Lines ever.", empty=0),),
    aggregates={"every_day": lambda rows: {"lines_count": rows.count()}},
    grains={"every_day": every_day},
)
"""


def tables() -> Tables:
    days = pd.to_datetime(
        ["2024-02-24 10:00", "2024-02-26 00:00", "2024-02-28 00:00", "2024-03-05 00:00"]
    )
    lines = pd.DataFrame({"customer_id": ["a", "a", "b", "a"], "occurred_at": days})
    return {"transactions": ibis.memtable(lines.assign(amount=5.0))}


def spine() -> Spine:
    return active(tables(), CUTOFF, 365)


def family(text: str, **changes: str) -> str:
    """Give the source of a family with some of its text replaced."""
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


def own(text: str) -> Own:
    return load({"mine.py": text}, FAMILIES)


def refused(text: str) -> str:
    with pytest.raises(InputError) as caught:
        own(text)
    return str(caught.value)


def test_a_family_is_computed_beside_the_others() -> None:
    made = features_at(tables(), spine(), own(WEEKEND).families)
    found = made.table.to_pandas().set_index("customer_id")
    assert found["weekend_purchases_count_90d"].to_dict() == {"a": 1.0, "b": 0.0}
    assert found["weekend_share_90d"].to_dict() == {"a": 0.5, "b": 0.0}
    assert made.features["weekend_share_90d"].family == "weekend"
    assert {f.family for f in made.features} > {"recency", "weekend"}
    try_out(own(WEEKEND), tables(), spine())


def test_a_file_may_define_several_families() -> None:
    text = WEEKEND.replace("FAMILY = Family(", "one = Family(") + "\nFAMILIES = [one]\n"
    assert [f.name for f in own(text).families] == ["weekend"]


def test_files_are_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.py").write_text(WEEKEND)
    assert read(["own/mine.py"], tmp_path) == {"mine.py": WEEKEND}
    (tmp_path / "mine.py").write_text(WEEKEND)
    with pytest.raises(InputError, match=r"two files are called mine\.py; rename one of them"):
        read(["own/mine.py", "mine.py"], tmp_path)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("min.py", r'has "min\.py": there is no file .* Did you mean "mine\.py"'),
        ("mine.txt", r'has "mine\.txt", which is no Python file; name a file\.py'),
        ("latin.py", r'has "latin\.py", which is not UTF-8 text; save it as UTF-8'),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, file: str, said: str) -> None:
    (tmp_path / "mine.py").write_text(WEEKEND)
    (tmp_path / "latin.py").write_bytes(b"# caf\xe9")
    with pytest.raises(InputError, match=f"^features.families {said}"):
        read([file], tmp_path)


def test_files_that_differ_are_listed() -> None:
    assert changed(
        {"a.py": "1", "b.py": "1", "d.py": ""}, {"b.py": "2", "c.py": "", "d.py": ""}
    ) == [
        "a.py",
        "b.py",
        "c.py",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "mine.py defines no FAMILY; write FAMILY = Family(...)"),
        ("FAMILY = 1", "mine.py: FAMILY holds something else than features.family.Family"),
        ("FAMILIES = 1", "mine.py: FAMILIES holds something else"),
        ("x = 1\ny = 1 / 0\n", "mine.py, line 2: ZeroDivisionError: division by zero"),
        ("x = 1\ndef (", "mine.py, line 2: SyntaxError: "),
        ("import there_is_no_such_module", "mine.py, line 1: ModuleNotFoundError"),
        (
            family(WEEKEND, **{'"changed needs"': '"weather"'}),
            "mine.py, line 27: ValueError: unknown cause 'weather'; the known ones are",
        ),
        (
            family(WEEKEND, weekend_share_90d="spend_sum_90d"),
            "mine.py: spend_sum_90d: is a feature of monetary already; choose another name",
        ),
        (
            family(WEEKEND, weekend_share_90d="share"),
            "mine.py: share: is not named <measure>_<aggregation>, such as visits_count_30d",
        ),
        (
            family(WEEKEND, weekend_share_90d="attribute_share"),
            "mine.py: attribute_share: is a name that Keepwell uses itself",
        ),
        (
            family(WEEKEND, **{'name="weekend"': 'name="recency"'}),
            "mine.py: there is a family recency already; choose another name",
        ),
        (
            family(WEEKEND, **{'name="weekend"': 'name="Weekend!"'}),
            "mine.py: the family is called 'Weekend!'; use small letters, digits and underscores",
        ),
        (
            family(WEEKEND, **{'"weekend", "share"': '"weekends", "share"'}),
            "mine.py: weekend_share_90d: says that its family is 'weekends'; it is 'weekend'",
        ),
        (
            family(WEEKEND, **{'last 90 days.")': 'last 90 days.", dtype="number")'}),
            "mine.py: weekend_share_90d: has the dtype 'number'; the dtypes are float64, category",
        ),
        (
            family(WEEKEND, **{'"share", 90': '"share", "90d"'}),
            "mine.py: weekend_share_90d: has the window '90d'; give whole days, or None",
        ),
        (
            family(WEEKEND, **{"{weekend_purchases_count_90d:": "{weekend_purchase_count_90d:"}),
            (
                "mine.py: weekend_purchases_count_90d: its reason mentions "
                "weekend_purchase_count_90d, which is no feature. Did you mean "
                '"weekend_purchases_count_90d"?'
            ),
        ),
        (
            family(WEEKEND, **{'{"days": agg': '{"day": agg'}),
            'mine.py: weekend aggregates day, which is no grain. Did you mean "days"? Grains: days',
        ),
        (
            LEAK.replace("every_day", "complaints"),
            "mine.py: there is a grain complaints already; choose another name",
        ),
    ],
)
def test_families_that_are_refused(text: str, said: str) -> None:
    assert refused(text).startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            family(WEEKEND, **{'days["bought"]': 'days["brought"]'}),
            r"mine\.py, line 9: IbisTypeError: .*brought",
        ),
        (
            family(WEEKEND, **{'"_weekend_all"': '"_all"'}),
            r"mine\.py: _all is no feature of weekend; a figure for derive is called _weekend_",
        ),
        (
            family(WEEKEND, **{'return {"weekend_share_90d": share}': "return share"}),
            r"mine\.py: the family weekend gives something else than Ibis expressions by name",
        ),
        (
            family(WEEKEND, **{"share = ratio(": 'share = ("x", '}),
            r"mine\.py: the family weekend gives something else than Ibis expressions",
        ),
        (
            family(
                WEEKEND,
                **{'"weekend_share_90d": share': '"weekend_share_90d": share.cast("string")'},
            ),
            r'mine\.py: weekend_share_90d is string, but its dtype is "float64"; cast it',
        ),
        (
            family(LEAK, **{'lines.inner_join(spine.table, "customer_id")': "lines"}),
            (
                r"mine\.py: the grain every_day gives no table with customer_id and cutoff; make "
                r"its rows with known\(\) of features\.asof"
            ),
        ),
    ],
)
def test_families_that_fail_when_they_are_computed(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        features_at(tables(), spine(), own(text).families)


def test_a_family_that_knows_its_future_is_refused() -> None:
    expected = (
        "lines_count of leak knows its own future: as of 2024-03-01 it changes for 1 of 2 "
        "customers, such as a, when what happened from then on is left out; take rows with "
        "known(), and outcomes with until(), of features.asof, which leave out what was not known"
    )
    with pytest.raises(InputError, match=f"^{re.escape(expected)}$"):
        try_out(own(LEAK), tables(), spine())


def test_a_family_that_knows_an_outcome_early_is_refused() -> None:
    text = LEAK.replace('tables["transactions"]', 'tables["complaints"]').replace(
        "rows.count()", 'rows["resolved_at"].count()'
    )
    opened = pd.to_datetime(["2024-02-01", "2024-02-02"])
    rows = pd.DataFrame({"customer_id": ["a", "b"], "opened_at": opened})
    rows["resolved_at"] = pd.to_datetime(["2024-02-28", "2024-03-01"])
    given = {**tables(), "complaints": ibis.memtable(rows)}
    with pytest.raises(InputError, match="changes for 1 of 2 customers, such as b, when"):
        try_out(own(text), given, spine())


def test_an_infinite_figure_is_refused() -> None:
    text = WEEKEND.replace("ratio(", "1 / (0.0 * ").replace(', table["_weekend_all"])', ")")
    with pytest.raises(
        InputError, match=r"weekend_share_90d of weekend is infinite for 2 customers"
    ):
        try_out(own(text), tables(), spine())
