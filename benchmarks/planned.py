"""What a plan brings in truth, beside simpler plans: ``python -m benchmarks.planned``.

Simulated companies know the true effect of every action on every customer, and what each is worth.
For each seed a company is simulated, a model trained on it and a plan made within a budget; what
the treated really bring is set against plans that spend as much, with the action that Keepwell's
plan chose most, on whoever is most likely to leave, whoever is worth most, and anybody.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

import keepwell
from keepwell.simulate.actions import ACTIONS
from keepwell.simulate.story import HORIZON, YEAR

SMALL = 3
OURS = "Keepwell"
ORDERS = {"risk-ranked": "churn_probability", "value-ranked": "expected_value"}


def profits(folder: Path, customers: int, seed: int, budget: float) -> dict[str, float]:
    """Simulate, train, score and plan, and give what each plan brings in truth.

    Parameters
    ----------
    folder : Path
        Empty.
    customers, seed : int
        Of the simulated company.
    budget : float
        In its currency; every plan spends it as far as there are customers.

    Returns
    -------
    dict of str to float
        Profit in the currency, by name of plan.
    """
    company = keepwell.simulated(folder, customers=customers, seed=seed)
    company.train()
    scores = company.score().set_index("customer_id")
    rows = company.plan(budget).rows
    costs = true_costs(pd.read_parquet(folder / "contacts.parquet"))
    worth = true_profits(pd.read_parquet(folder / "truth.parquet"), costs)
    most = str(rows["action"].mode().iloc[0])
    many = int(budget // costs[most])
    ranked = {name: scores[by].nlargest(many).index for name, by in ORDERS.items()}
    drawn = scores.sample(min(many, len(scores)), random_state=seed).index
    return {
        OURS: float(sum(worth.loc[rows["customer_id"], rows["action"]].to_numpy().diagonal())),
        **{name: float(worth.loc[chosen, most].sum()) for name, chosen in ranked.items()},
        "random": float(worth.loc[drawn, most].sum()),
    }


def true_costs(contacts: pd.DataFrame) -> pd.Series[float]:
    """Give what each action costs with a treated customer, incentives at the rate redeemed."""
    treated = contacts[contacts["treated"]]
    redeemed = treated["redeemed_cost"].astype(float).fillna(0.0)
    spent = redeemed.groupby(treated["action"]).mean()
    return pd.Series({action.name: action.cost + spent[action.name] for action in ACTIONS})


def true_profits(truth: pd.DataFrame, costs: pd.Series[float]) -> pd.DataFrame:
    """Give the true profit of each action with each customer.

    Parameters
    ----------
    truth : DataFrame
        As the simulator writes it.
    costs : Series
        Of a treated customer, by action.

    Returns
    -------
    DataFrame
        A row a customer, a column an action, in the currency: the true effect on staying times
        what the last year's spend makes over the value horizon, less the costs.
    """
    stake = truth["wallet"] * truth["wallet_share"] * HORIZON / YEAR
    found = {name: -truth[f"effect_{name}"] * stake - cost for name, cost in costs.items()}
    return pd.DataFrame(found).set_axis(truth["customer_id"])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SMALL)
    parser.add_argument("--customers", type=int, default=3_000)
    parser.add_argument("--budget", type=float, default=1_000.0)
    given = parser.parse_args()
    found = []
    for seed in range(1, given.seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            found.append(profits(Path(folder), given.customers, seed, given.budget))
    out = Console(highlight=False, width=100)
    if given.seeds == SMALL:
        out.print("a small number of seeds; --seeds 20 gives more")
    out.print(shown(pd.DataFrame(found)))


def shown(found: pd.DataFrame) -> Table:
    """Make a table of the plans, a seed a row in what is given."""
    table = Table(title=f"true profit of plans, {len(found)} simulated companies")
    for name in ("plan", "mean", "standard error", "Keepwell better in", "by"):
        table.add_column(name, justify="left" if name == "plan" else "right")
    for column, profit in found.items():
        name = str(column)
        gain = found[OURS] - profit
        error = profit.std(ddof=1) / np.sqrt(len(found))
        better = "" if name == OURS else f"{(gain > 0).sum()} of {len(found)}"
        by = "" if name == OURS else f"{gain.mean():,.0f}"
        table.add_row(name, f"{profit.mean():,.0f}", f"{error:,.0f}", better, by)
    return table


if __name__ == "__main__":
    main()
