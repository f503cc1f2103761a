"""Uplift models beside one-column rules on a real experiment, out of fold.

    KEEPWELL_BENCH_DATA=FOLDER .venv/bin/python -m benchmarks.hillstrom

The folder that ``KEEPWELL_BENCH_DATA`` names has ``hillstrom.parquet``: Kevin Hillstrom's e-mail
experiment of 64,000 customers, a third of them without an e-mail (MineThatData challenge, 2008).
Each fifth of the customers is judged by what the others tell. Which learner ``Keepwell``
takes, or that it takes none, is decided inside the others. Figures are means over the parts; for
visits the Qini coefficient as scikit-uplift's ``qini_auc_score`` gives it, for spend what a ranking
gains over a random one, a customer.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from features.catalogue import Feature, FeatureSet
from models.matrix import Encoder, Floats
from models.uplift_learners import LEARNERS, Experiment, fit
from training.measures_uplift import Estimated, mean_effect, policy_value
from training.uplift import FOLDS, Verdict, estimated, judge, ranked, ranking
from training.uplift_words import VERDICTS

KEEPWELL = "Keepwell"
ARMS = {
    "women's": ["Womens E-Mail"],
    "men's": ["Mens E-Mail"],
    "any": ["Mens E-Mail", "Womens E-Mail"],
}
OUTCOMES = ("visit", "spend")
RULES = {"recency": -1.0, "history": 1.0, "mens": 1.0, "womens": 1.0, "newbie": 1.0}
"""Columns, and whether more of each or less comes first."""

_NUMBERS = tuple(RULES)
_CATEGORIES = ("zip_code", "channel", "history_segment")
_SEED = 7


@dataclass(frozen=True)
class Compared:
    """What everybody reaches on an arm and an outcome.

    Parameters
    ----------
    arm, outcome : str
    mean : Estimated
        The mean effect.
    reached : mapping of str to Estimated
        By method, its measure: the mean over the parts, and its standard error over all customers.
    chosen : tuple of str
        What Keepwell takes for each part.
    verdict : str
        What it recommends, knowing all customers.
    policies : mapping of str to Estimated
        What a customer brings if nobody, everybody or, by Keepwell, the better ones are treated.
    """

    arm: str
    outcome: str
    mean: Estimated
    reached: dict[str, Estimated]
    chosen: tuple[str, ...]
    verdict: Verdict
    policies: dict[str, Estimated]


def features() -> FeatureSet:
    """Describe the columns that are known before the e-mail."""
    numbers = [Feature(n, "hillstrom", "", None, n) for n in _NUMBERS]
    return FeatureSet(
        (*numbers, *(Feature(n, "hillstrom", "", None, n, dtype="category") for n in _CATEGORIES))
    )


def experiment(table: pd.DataFrame, arm: str, outcome: str) -> tuple[Experiment, Encoder]:
    """Take the customers of an arm and those without an e-mail."""
    rows = table[table["segment"].isin([*ARMS[arm], "No E-Mail"])]
    encoder = Encoder.fit(rows, features())
    treated = np.where(rows["segment"] == "No E-Mail", 0.0, 1.0)
    order = np.random.default_rng(_SEED).permutation(len(rows))
    share = np.full(len(rows), treated.mean(), np.float64)
    given = rows[outcome].to_numpy(np.float64)
    return Experiment(encoder.matrix(rows), given, treated, share, order), encoder


def compared(table: pd.DataFrame, arm: str, outcome: str) -> Compared:
    """Run everybody."""
    given, encoder = experiment(table, arm, outcome)
    fold = given.folds(FOLDS)
    said: dict[str, Floats] = {kind: np.empty(len(given)) for kind in (*LEARNERS, KEEPWELL)}
    chosen = []
    for number in range(FOLDS):
        own = fold == number
        rest, held_out = given.part(~own), given.matrix[own]
        for kind in LEARNERS:
            said[kind][own] = fit(kind, rest, encoder, _SEED).predict(held_out)
        seen = judge(rest, encoder, _SEED)
        chosen.append(seen.chosen if seen.verdict == "target" else seen.verdict)
        said[KEEPWELL][own] = estimated(rest, seen, encoder, _SEED).predict(held_out)
    for column, sign in RULES.items():
        said[f"column {column}"] = sign * given.matrix[:, _NUMBERS.index(column)]
    whole = judge(given, encoder, _SEED)
    reached = {name: _reached(given, estimate, fold) for name, estimate in said.items()}
    policies = {
        "nobody": np.zeros(len(given)),
        "everybody": np.ones(len(given)),
        "better half": (said[KEEPWELL] > np.median(said[KEEPWELL])).astype(np.float64),
    }
    return Compared(
        arm,
        outcome,
        mean_effect(given.outcome, given.treated, given.propensity),
        reached,
        tuple(chosen),
        whole.verdict,
        {
            name: policy_value(given.outcome, given.treated, given.propensity, policy)
            for name, policy in policies.items()
        },
    )


def _reached(given: Experiment, estimate: Floats, fold: NDArray[np.intp]) -> Estimated:
    parts = (fold == number for number in range(FOLDS))
    found = [next(iter(ranking(given.part(own), estimate[own]).values())) for own in parts]
    error = next(iter(ranked(given, estimate, _SEED).values())).error
    return Estimated(float(np.mean(found)), error)


def show(results: Sequence[Compared], out: Console) -> None:
    """Print a table of all methods, and what follows for each arm."""
    for outcome in dict.fromkeys(r.outcome for r in results):
        some = [r for r in results if r.outcome == outcome]
        table = Table(title=f"{outcome}: Qini" if outcome == "visit" else f"{outcome}: gain a head")
        table.add_column("method")
        for result in some:
            table.add_column(f"{result.arm} (s.e.)", justify="right")
        for name in some[0].reached:
            cells = (f"{r.reached[name].estimate:.3f} ({r.reached[name].error:.3f})" for r in some)
            table.add_row(name, *cells)
        out.print(table)
        for result in some:
            _tell(result, out)


def _tell(result: Compared, out: Console) -> None:
    values = ", ".join(f"{n} {v.estimate:.4f} ± {v.error:.4f}" for n, v in result.policies.items())
    out.print(
        f"{result.arm} on {result.outcome}: mean effect {result.mean.estimate:+.4f} "
        f"± {result.mean.error:.4f}; {VERDICTS[result.verdict]} (by part: "
        f"{', '.join(result.chosen)}); a head, treating {values}",
        highlight=False,
        soft_wrap=True,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--arms", nargs="+", choices=tuple(ARMS), default=tuple(ARMS))
    parser.add_argument("--outcomes", nargs="+", choices=OUTCOMES, default=OUTCOMES)
    given = parser.parse_args(arguments)
    folder = os.environ.get("KEEPWELL_BENCH_DATA")
    if folder is None:
        sys.exit("KEEPWELL_BENCH_DATA: name the folder with hillstrom.parquet in it")
    table = pd.read_parquet(Path(folder, "hillstrom.parquet"))
    out = Console(width=110)
    show([compared(table, arm, o) for o in given.outcomes for arm in given.arms], out)


if __name__ == "__main__":
    main()
