from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InputError
from serving.targeting.eligibility import check_columns, parse

CUSTOMERS = pd.DataFrame(
    {
        "p": [0.1, 0.5, np.nan],
        "open": pd.array([1, None, 3], dtype="Int64"),
        "stage": ["decline", None, "stability"],
        "due": [pd.Timestamp("2025-01-31").date(), None, pd.Timestamp("2025-03-01").date()],
        "marked": [True, False, True],
        "never": [None, None, None],
    }
)


@pytest.mark.parametrize(
    ("text", "whom"),
    [
        ("p > 0.2", "_x_"),
        ("p <= 0.1", "x__"),
        ("p > -1", "xx_"),
        ("0.2 < p <= 0.5", "_x_"),
        ("p > 0.2 or open > 0", "xxx"),
        ("p > 0.2 and open > 0", "___"),
        ("not p > 0.2", "x__"),
        ("not (p > 0.2 or stage == 'decline')", "___"),
        ("open == 1 or p == 0.5", "xx_"),
        ("stage in ('decline', 'formation')", "x__"),
        ("stage not in ['decline']", "__x"),
        ("stage != 'decline'", "__x"),
        ("due < '2025-02-15'", "x__"),
        ("marked == True", "x_x"),
        ("never > 1", "___"),
        ("never == 'x' or p > 0", "xx_"),
        ("p < open", "x__"),
        (" p >\n 0.2", "_x_"),
    ],
)
def test_what_is_not_known_makes_nobody_eligible(text: str, whom: str) -> None:
    found = parse(text.replace("\n", "")).holds(CUSTOMERS)
    assert "".join("x" if met else "_" for met in found) == whom


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' cannot be read"),
        ("p > 1 and", "'p > 1 and' cannot be read (invalid syntax); write a condition such as"),
        ("p", "'p' is no condition; compare it with something"),
        ("__import__('os').system('x')", "is no condition"),
        ("f(p) > 1", "'f(p)' is neither a column, a number nor a text"),
        ("p.real > 1", "'p.real' is neither a column"),
        ("p[0] > 1", "'p[0]' is neither"),
        ("p + 1 > 2", "'p + 1' is neither"),
        ("-p > 2", "'-p' is neither"),
        ("(lambda: p) == 1", "is neither"),
        ("p > (x := 3)", "is neither"),
        ("p is None", "compares with is; write == or !="),
        ("p == None", "'None' is neither"),
        ("p in stage", "'stage' is no list; write one such as"),
        ("p in ()", "'()' is no list"),
        ("p in (1, open)", "'open' stands in a list"),
        ("p > 1 " + "or p > 1 " * 300, "the expression has 2,706 characters; 2,000 are allowed"),
    ],
)
def test_anything_but_comparisons_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except ValueError:
        return


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("p > 'high'", "'high' is a text, and p a number; compare like with like"),
        ("stage > 3", "stage is a text, and 3 a number"),
        ("stage in (1, 2)", "stage is a text, and 1 a number"),
    ],
)
def test_texts_and_numbers_are_not_compared(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse(text).holds(CUSTOMERS)


def test_an_unknown_column_is_named_with_the_action_and_the_nearest_one() -> None:
    expression = parse("p > 0.2 and complaint_open > 0")
    assert expression.columns == ("complaint_open", "p")
    check_columns("call", expression, ["p", "complaint_open"])
    said = (
        '[actions.call] eligible: there is no column "complaint_open". Did you mean '
        '"complaints_open"? It may use the columns of scores.parquet and the features'
    )
    with pytest.raises(InputError, match=re.escape(said)):
        check_columns("call", expression, ["p", "complaints_open"])
