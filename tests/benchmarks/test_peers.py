from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import gamma

from benchmarks.accuracy.btyd import no_purchase, summary
from benchmarks.accuracy.logs import DataError
from benchmarks.accuracy.peers import fixed, kept
from benchmarks.accuracy.snapshots import snapshot


def log(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """Make lines of customer, day and amount."""
    made = pd.DataFrame(rows, columns=["customer_id", "occurred_at", "amount"])
    return made.assign(occurred_at=pd.to_datetime(made["occurred_at"]))


def test_nobody_buys_who_is_gone_or_silent() -> None:
    r, alpha, frequency, age, horizon = 0.7, 3.0, 2.0, 10.0, 4.0
    rate = gamma(r + frequency, scale=1 / (alpha + age))
    silent, _ = quad(lambda x: np.exp(-x * horizon) * rate.pdf(x), 0, np.inf)
    alive = np.array([1.0, 0.25, 0.0])
    found = no_purchase(alive, r, alpha, np.full(3, frequency), np.full(3, age), horizon)
    assert found == pytest.approx(1 - alive * (1 - silent))


def test_repeat_purchases_are_days_after_the_first() -> None:
    lines = log(
        ("a", "2024-01-01", 10),
        ("a", "2024-01-15", 20),
        ("a", "2024-01-15", 4),
        ("a", "2024-01-29", 6),
        ("a", "2024-01-30", -9),
        ("b", "2024-01-22", 8),
    )
    found = summary(lines, date(2024, 2, 5))
    assert found.loc["a"].to_dict() == {"frequency": 2, "recency": 4, "age": 5, "spend": 15}
    assert found.loc["b"].to_dict() == {"frequency": 0, "recency": 0, "age": 2, "spend": 0}


def test_predictions_are_kept_for_the_same_rows_only(tmp_path: Path) -> None:
    path, rows = tmp_path / "log" / "peers.parquet", pd.Index(["a", "b"])
    made = kept(path, rows, lambda: {"rule/probability": np.array([0.1, 0.9])})
    again = kept(path, rows, dict)
    pd.testing.assert_frame_equal(made, again)
    others = kept(path, pd.Index(["c"]), lambda: {"rule/probability": np.array([0.5])})
    assert others["rule/probability"].to_dict() == {"c": 0.5}


def test_a_log_that_is_too_short_is_refused() -> None:
    lines = log(("a", "2024-01-01", 10), ("b", "2024-01-20", 8))
    shot = snapshot("shop", lines, date(2024, 2, 1), 30)
    with pytest.raises(DataError, match=r"shop 2024-02-01: no past cutoff whose window of 30 days"):
        fixed(shot)
