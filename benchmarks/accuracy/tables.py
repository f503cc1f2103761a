"""What a log or file comes to, as tables of texts."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import pandas as pd

from benchmarks.accuracy.comparison import MEAN, Comparison, average
from benchmarks.accuracy.coverage import Coverage, coverages
from benchmarks.accuracy.floors import Floor, bias_floor, calibration_floor
from benchmarks.accuracy.judging import KEEPWELL, MEASURES, measured
from benchmarks.accuracy.paper import Paper, figure, signed
from benchmarks.accuracy.running import Cut
from training.bootstrap import Interval
from training.measures import bias

CHURN = [m.name for m in MEASURES if m.part != "value"]
MOST_COLUMNS = 4
"""Cutoffs whose differences are shown one by one; folds are not."""

_WORDS = {
    "better": {"better"},
    "level, ahead": {"level, ahead", "level"},
    "level, behind": {"level, behind"},
    "worse": {"worse"},
}


def print_one(paper: Paper, name: str, cuts: Sequence[Cut], found: Sequence[Comparison]) -> None:
    """Print a log or file: measures, floors, coverage, and Keepwell less the best peer."""
    paper.heading(name)
    valued = "value" in cuts[0].judged.outcome.columns
    if valued:
        for cut in cuts:
            _print_cut(paper, name, cut)
    if len(cuts) > 1 or not valued:
        means = average([cut.judged for cut in cuts])
        word = "cutoffs" if valued else "folds"
        _print_measures(paper, f"{name}, mean of {len(cuts)} {word}", means)
    paper.table(f"{name}: the least that chance allows", floors(cuts))
    for cut in cuts:
        for one in coverages(cut.judged.outcome.get("value"), cut.scores):
            paper.table(coverage_title(f"{name} {cut.judged.name}", one), deciles(one))
    paper.table(f"{name}: Keepwell less the best peer", differences(found))


def _print_cut(paper: Paper, name: str, cut: Cut) -> None:
    outcome, said = cut.judged.outcome, cut.judged.predictions
    title = (
        f"{name} {cut.judged.name}: {len(outcome):,} customers, {outcome['churned'].mean():.1%} "
        f"left, value {outcome['value'].sum():,.0f} (Keepwell trained in {cut.seconds:.0f} s)"
    )
    ratios = {
        str(column).rsplit("/", 1)[0]: bias(outcome["value"], said[column])
        for column in said.filter(like="/value").columns
    }
    _print_measures(paper, title, measured(outcome, said).assign(bias=pd.Series(ratios)))


def _print_measures(paper: Paper, title: str, table: pd.DataFrame) -> None:
    paper.table(f"{title}: churn", table[CHURN].dropna(how="all").map(figure))
    values = table[[c for c in table.columns if c not in CHURN]].dropna(how="all")
    if len(values.columns) and len(values):
        paper.table(f"{title}: value", values.map(figure))


def floors(cuts: Sequence[Cut]) -> pd.DataFrame:
    """Show Keepwell's ECE and |log bias| beside a perfectly calibrated model's, a cutoff a row."""
    table = pd.DataFrame.from_dict({c.judged.name: _floors(c) for c in cuts}, orient="index")
    if len(table) > 1:
        table.loc[MEAN] = table.mean()
    return table.map(figure)


def _floors(cut: Cut) -> dict[str, float]:
    outcome, said = cut.judged.outcome, cut.judged.predictions
    ours = measured(outcome, said).loc[KEEPWELL].to_dict()
    shown = _beside("ECE", ours, calibration_floor(said[f"{KEEPWELL}/probability"]))
    if "value" in outcome.columns:
        least = bias_floor(outcome["value"], said[f"{KEEPWELL}/value"])
        shown |= _beside("|log bias|", ours, least)
    return shown


def _beside(name: str, ours: Mapping[Hashable, float], least: Floor) -> dict[str, float]:
    return {
        name: ours[name],
        f"{name} by chance": least.mean,
        f"{name} by chance, 95 %": least.high,
    }


def coverage_title(name: str, found: Coverage) -> str:
    """Say how often intervals hold the value, and whether that is what they promise."""
    faults = f"; deciles out of bounds: {found.faults}" if found.faults else ""
    word = "holds" if found.holds else "does not hold"
    return f"{name}: {found.level} % intervals cover {found.overall:.1%} ({word}{faults})"


def intervals(cuts: Mapping[str, Sequence[Cut]]) -> pd.DataFrame:
    """Show how often intervals hold the value, a cutoff a row; empty where there are none."""
    rows = {
        f"{name} {cut.judged.name}": {
            **{f"{one.level} %": f"{one.overall:.1%}" for one in found},
            "deciles out of bounds at 90 %": str(found[-1].faults or "–"),
        }
        for name, own in cuts.items()
        for cut in own
        if (found := coverages(cut.judged.outcome.get("value"), cut.scores))
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def deciles(found: Coverage) -> pd.DataFrame:
    """Show the coverage by decile of predicted value, a decile a column."""
    return found.deciles.map(figure).T


def differences(found: Sequence[Comparison]) -> pd.DataFrame:
    """Show Keepwell less the best peer, a measure a row, by cutoff and on average."""
    return pd.DataFrame.from_dict({c.measure.name: _difference(c) for c in found}, orient="index")


def _difference(c: Comparison) -> dict[str, str]:
    single = {name: span(change) for name, change in c.differences.items() if name != MEAN}
    return {
        "Keepwell": figure(c.ours),
        "best peer": figure(c.theirs),
        "which": c.peer,
        **(single if 1 < len(single) <= MOST_COLUMNS else {}),
        MEAN: span(c.differences[MEAN]),
        "verdict": c.verdict,
    }


def verdicts(found: Mapping[str, Sequence[Comparison]]) -> pd.DataFrame:
    """Show the last word, a log and measure a row."""
    rows = {
        f"{name}: {c.measure.name}": {
            "Keepwell": figure(c.ours),
            "best peer": figure(c.theirs),
            "which": c.peer,
            "difference [90 %]": span(c.differences[MEAN]),
            "verdict": c.verdict,
        }
        for name, comparisons in found.items()
        for c in comparisons
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def summary(found: Mapping[str, Sequence[Comparison]]) -> pd.DataFrame:
    """Show which measures came to which verdict, a log a row."""
    rows = {
        name: {
            word: ", ".join(c.measure.name for c in comparisons if c.verdict in words) or "–"
            for word, words in _WORDS.items()
        }
        for name, comparisons in found.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def span(change: Interval) -> str:
    """Show a difference and its interval."""
    return f"{signed(change.estimate)} [{signed(change.low)}, {signed(change.high)}]"
