"""Estimated shares of wallet beside true ones: ``python -m benchmarks.smcrm``.

The folder that ``KEEPWELL_BENCH_DATA`` names has ``smcrm/``, the data of Kumar & Petersen's
"Statistical Methods in Customer Relationship Management" (2012) as the R package SMCRM gives them:
500 customers of one company, what they spent in each of 12 quarters, gender, marriage, income,
membership of the loyalty programme and ``sow``, their share of wallet in per cent. The amount of
the first purchase is left out: a wallet is estimated from nothing that is computed from amounts.

Nothing is observed, so every ``wallet_source`` is "estimated", by boosters that have not seen the
customer. Keepwell looks at the last year, ``sow`` at the whole relationship: the spend of all three
years stands beside it. Intervals are those of 1,000 bootstrap samples of customers.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.stats import spearmanr

from features.asof import Spine, midnight
from features.panel import features_at
from models.derived import derive
from models.matrix import Floats
from models.recipe import Recipe
from models.wallet import SPEND
from models.wallet_fit import fit

AS_OF = date(2004, 1, 1)
"""Made up, as the quarters have numbers alone: the first quarter begins three years before."""

ATTRIBUTES = ("gender", "married", "income", "loyalty")
SAMPLES = 1_000
SEEDS = 10
PLAIN = "spend of the year, or its logarithm"

Positions = NDArray[np.int64]


def names(rows: pd.DataFrame) -> pd.Series[str]:
    """Give the customers' ids: their numbers are floats."""
    return rows["customer"].astype(int).astype(str)


def transactions(quarters: pd.DataFrame) -> pd.DataFrame:
    """Give a line for each quarter with a purchase, in its middle."""
    bought = quarters[quarters["order_quantity"] > 0]
    ago = 3 * (12 - bought["quarter"].astype(int)) + 1
    end = pd.Timestamp(AS_OF).to_period("M")
    middle = pd.DatetimeIndex([(end - int(months) - 1).to_timestamp() for months in ago])
    return pd.DataFrame(
        {
            "customer_id": names(bought),
            "occurred_at": (middle + pd.Timedelta(days=14)).as_unit("us"),
            "amount": bought["order_quantity"].to_numpy(),
        }
    )


def snapshots(lines: pd.DataFrame, people: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Compute features at as-of, and what is derived of the wallet."""
    engine = ibis.duckdb.connect()
    sales = engine.create_table("sales", lines)
    tables = {
        "transactions": sales.mutate(amount=sales["amount"].cast("decimal(18,4)")),
        "customers": engine.create_table("people", people),
    }
    cutoff = ibis.literal(midnight(AS_OF)).cast("timestamp(6)")
    spine = tables["customers"].select("customer_id").mutate(cutoff=cutoff)
    made = features_at(tables, Spine(spine, AS_OF))
    frame: pd.DataFrame = made.table.order_by("customer_id").to_pandas()
    return derive(fit(frame, made.features, Recipe().wallet_quantile, seed), frame)


def ranks(frame: pd.DataFrame, people: pd.DataFrame, ever: Floats) -> dict[str, Floats]:
    """Give what customers may be ranked by."""
    spend = frame[SPEND].to_numpy(np.float64)
    largest = pd.Series(spend).groupby(people["income"]).transform("max").to_numpy()
    return {
        "Keepwell's estimated share of wallet": frame["wallet_share"].fillna(0).to_numpy(),
        PLAIN: np.log1p(spend),
        "… over that of the largest spender": spend / spend.max(),
        "… over that of the largest spender of equal income": spend / largest,
        "spend of all three years": ever,
    }


def told(title: str, ranked: Mapping[str, Floats], true: Floats) -> Table:
    """Show rank correlations with the true shares, with their intervals."""
    samples = np.random.default_rng(1).integers(len(true), size=(SAMPLES, len(true)))
    plain = drawn(ranked[PLAIN], true, samples)
    table = Table("ranked by", "Spearman", "95 %", "less that of the year's spend", title=title)
    for name, values in ranked.items():
        found = drawn(values, true, samples)
        low, high = np.quantile(found, [0.025, 0.975])
        less, more = np.quantile(found - plain, [0.025, 0.975])
        rho = spearmanr(values, true)[0]
        table.add_row(name, f"{rho:.3f}", f"{low:.3f} to {high:.3f}", f"{less:+.3f} to {more:+.3f}")
    return table


def drawn(values: Floats, true: Floats, samples: Positions) -> Floats:
    """Give the rank correlation of each bootstrap sample."""
    return np.array([spearmanr(values[rows], true[rows])[0] for rows in samples])


def main() -> None:
    """Measure and print."""
    if "KEEPWELL_BENCH_DATA" not in os.environ:
        sys.exit("KEEPWELL_BENCH_DATA: name the folder with smcrm/ in it")
    folder = Path(os.environ["KEEPWELL_BENCH_DATA"]) / "smcrm"
    quarters = pd.read_parquet(folder / "customerRetentionTransactions.parquet")
    people = pd.read_parquet(folder / "customerRetentionDemographics.parquet")
    people = people.assign(customer_id=names(people)).sort_values("customer_id", ignore_index=True)
    lines, true = transactions(quarters), people["sow"].to_numpy()
    ever = lines.groupby("customer_id")["amount"].sum().reindex(people["customer_id"], fill_value=0)
    known = people[["customer_id", *ATTRIBUTES]]
    made = [snapshots(lines, known, seed) for seed in range(SEEDS)]
    ranked = ranks(made[0], people, ever.to_numpy())
    recent = made[0][SPEND].to_numpy() > 0
    out = Console(highlight=False, width=120)
    out.print(told(f"{len(true)} customers", ranked, true))
    few = {name: values[recent] for name, values in ranked.items()}
    out.print(told(f"{recent.sum()} who bought in the last year", few, true[recent]))
    found = [spearmanr(frame["wallet_share"].fillna(0), true)[0] for frame in made]
    out.print(f"Keepwell's, of all, over {SEEDS} seeds: {min(found):.3f} to {max(found):.3f}")


if __name__ == "__main__":
    main()
