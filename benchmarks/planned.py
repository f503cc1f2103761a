"""What a plan brings in truth, beside simpler plans: ``python -m benchmarks.planned``.

Simulated companies know the true effect of every action on every customer, and what each is worth.
For each seed a company is simulated, a model trained on it and a plan made within a budget; what
the treated really bring is set against plans that spend as much, with the action that Keepwell's
plan chose most, on whoever is most likely to leave, whoever is worth most, and anybody. All plans
leave out whom the configuration says to let rest. A last plan is what ranking by value brings a
company that has not looked at its experiments, and offers what it believes in. To be quick, models
learn from transactions, customers and contacts alone, at two cutoffs.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

import keepwell
from features.errors import InputError
from keepwell.simulate.actions import ACTIONS
from keepwell.simulate.story import HORIZON, YEAR

SMALL = 3
OURS = "Keepwell"
VALUE = "value-ranked"
ORDERS = {"risk-ranked": "churn_probability", VALUE: "expected_value"}
BELIEVED = f"{VALUE}, believed action"
TIGHT, AMPLE = 0.75, 3.0
"""Budgets a customer scored: the cheapest action for three in eight of them, and for all."""

TABLES = ("transactions", "customers", "contacts")

REST = pd.Timedelta(days=30)
"""As the simulated company's configuration has it."""


def profits(config: Path, seed: int, budgets: Sequence[float]) -> dict[str, dict[str, float]]:
    """Train, score and plan for a simulated company, and give what each plan brings in truth.

    Parameters
    ----------
    config : Path
        Of a company as ``keepwell simulate`` writes it.
    seed : int
        Of the random plan.
    budgets : sequence of float
        In the company's currency, a customer scored; every plan spends it as far as there are
        customers.

    Returns
    -------
    dict of str to dict of str to float
        Profit in the currency, by budget and by name of plan.
    """
    company, folder = keepwell.open(config), config.parent
    company.train()
    scores = company.score().set_index("customer_id")
    contacts = pd.read_parquet(folder / "contacts.parquet")
    costs = true_costs(contacts)
    worth = true_profits(pd.read_parquet(folder / "truth.parquet"), costs)
    by_offer = worth.stack()  # noqa: PD013 - one column, to look offers up in
    found = {}
    for each in budgets:
        budget = each * len(scores)
        rows = planned(company, budget)
        reach, belief = open_to(scores, contacts), believed(costs)
        if not set(rows["customer_id"]) <= set(reach.index):
            raise AssertionError("the plan addresses customers who are to rest")
        most = str(rows["action"].mode().iloc[0]) if len(rows) else belief
        of_plan = pd.MultiIndex.from_frame(rows[["customer_id", "action"]])
        ours = by_offer.loc[of_plan].sum()
        simple = ranked(reach, int(budget // costs[most]), seed)
        others = {name: float(worth.loc[chosen, most].sum()) for name, chosen in simple.items()}
        unmeasured = ranked(reach, int(budget // costs[belief]), seed)[VALUE]
        others[BELIEVED] = float(worth.loc[unmeasured, belief].sum())
        found[f"{each:g} a customer"] = {OURS: float(ours), **others}
    return found


def planned(company: keepwell.Company, budget: float) -> pd.DataFrame:
    """Plan; nobody is contacted where no offer is expected to pay."""
    try:
        return company.plan(budget).rows
    except InputError as error:
        if "no offer is expected to pay" not in str(error):
            raise
        return pd.DataFrame(columns=["customer_id", "action"])


def lighter(config: Path) -> Path:
    """Leave out the tables that matter less, and learn from few cutoffs."""
    sections = re.split(r"(?m)^(?=\[)", config.read_text())
    kept = [s for s in sections if not s.startswith("[tables.") or s[8:].startswith(TABLES)]
    config.write_text("".join(kept).replace("cutoffs = 12", "cutoffs = 2\nfolds = 1"))
    return config


def open_to(scores: pd.DataFrame, contacts: pd.DataFrame) -> pd.DataFrame:
    """Leave out the customers who are to rest."""
    latest = contacts.groupby("customer_id")["contacted_at"].max()
    resting = latest.index[latest >= pd.Timestamp(scores["as_of"].iloc[0]) - REST]
    return scores[~scores.index.isin(resting)]


def ranked(scores: pd.DataFrame, many: int, seed: int) -> dict[str, pd.Index[str]]:
    """Choose so many customers by each simple rule."""
    found = {name: scores[by].nlargest(many).index for name, by in ORDERS.items()}
    drawn = scores.sample(min(many, len(scores)), random_state=seed).index
    return {**found, "random": drawn}


def believed(costs: pd.Series[float]) -> str:
    """Name the action that the company expects most of, the cheaper one of equals."""
    return max(ACTIONS, key=lambda action: (action.acceptance, -costs[action.name])).name


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
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--budgets", type=float, nargs="+", default=[TIGHT, AMPLE])
    given = parser.parse_args()
    found, out = [], Console(highlight=False, width=100)
    for seed in range(1, given.seeds + 1):
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made) / "company"
            keepwell.simulated(folder, customers=given.customers, seed=seed)
            found.append(profits(lighter(folder / "keepwell.toml"), seed, given.budgets))
        for budget, plans in found[-1].items():
            told = ", ".join(f"{name} {profit:,.0f}" for name, profit in plans.items())
            out.print(f"seed {seed}, {budget}: {told}")
    if given.seeds == SMALL:
        out.print("a small number of seeds; --seeds 20 gives more")
    for budget in found[0]:
        out.print(shown(pd.DataFrame([one[budget] for one in found]), budget))


def shown(found: pd.DataFrame, budget: str) -> Table:
    """Make a table of the plans, a seed a row in what is given."""
    table = Table(title=f"true profit of plans, {len(found)} simulated companies, {budget}")
    for name in ("plan", "mean", "standard error", "Keepwell better in", "by"):
        table.add_column(name, justify="left" if name == "plan" else "right")
    for column, profit in found.items():
        name = str(column)
        gain = (found[OURS] - profit).round(2)
        error = profit.std(ddof=1) / np.sqrt(len(found))
        better = "" if name == OURS else f"{(gain > 0).sum()} of {len(found)}"
        by = "" if name == OURS else f"{gain.mean():,.0f}"
        table.add_row(name, f"{profit.mean():,.0f}", f"{error:,.0f}", better, by)
    return table


if __name__ == "__main__":
    main()
