"""What the commands print: progress, measures, lists."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from features.tables import Loaded
from serving.scorer import REASON_COLUMNS
from training.bootstrap import Interval
from training.evaluate import MODEL, Evaluation
from training.report_measures import CHURN, VALUE
from training.train import Trained

_PIPE_WIDTH = 110


def console(width: int = _PIPE_WIDTH) -> Console:
    """Give the console; one of fixed width where the output is piped."""
    found = Console()
    return found if found.is_terminal else Console(width=width)


class Bar:
    """A progress bar that training can tell how far it has come.

    Where the output is no terminal each stage is one line instead.
    """

    def __init__(self, out: Console, progress: Progress | None) -> None:
        self._out = out
        self._progress = progress
        self._task = progress.add_task("Starting", total=None) if progress else None

    def start(self, stage: str, steps: int) -> None:
        """Begin a stage of so many steps."""
        if self._progress is None or self._task is None:
            self._out.print(f"{stage} ({steps} {'step' if steps == 1 else 'steps'}) …")
            return
        self._progress.reset(self._task, total=steps, description=stage)

    def step(self) -> None:
        """Finish a step."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task)


@contextmanager
def progress_bar(out: Console) -> Iterator[Bar]:
    """Show a progress bar while a command works."""
    if not out.is_terminal:
        yield Bar(out, None)
        return
    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=out, transient=True) as progress:
        yield Bar(out, progress)


def print_rejected(loaded: Loaded, out: Console) -> None:
    """Say which rows were set apart while the tables were read."""
    for report in loaded.reports.values():
        for reason, count in report.rejected.items():
            said = f"rejected {report.table}: {count:,} x {reason}, see {report.quarantine}"
            out.print(escape(said), highlight=False, soft_wrap=True)


def print_warnings(loaded: Loaded, out: Console) -> None:
    """Say what is odd about the tables."""
    own = [f"{r.table}: {w}" for r in loaded.reports.values() for w in r.warnings]
    for warning in [*own, *loaded.warnings]:
        out.print(escape(f"warning: {warning}"), highlight=False)


def print_trained(made: Trained, out: Console) -> None:
    """Print the roles, the held-out measures beside the baselines, and notes."""
    _print_roles(made, out)
    if made.evaluation:
        print_evaluation(made.evaluation, out, "")
        if made.without_attributes:
            _print_without(made, made.without_attributes, out)
        out.print(f"Grade {made.grade}", highlight=False)
        for name, area in made.evaluation.leaks.items():
            out.print(f"suspected leak: {name} alone separates leavers (AUC {area:.3f})")
    for note in made.notes:
        out.print(f"note: {escape(note)}", highlight=False)


def print_evaluation(evaluation: Evaluation, out: Console, title: str) -> None:
    """Print both tables of measures, with the model's 90 % intervals."""
    out.print(_measures(f"Churn {title}".strip(), CHURN, evaluation.churn_measures))
    if evaluation.value_measures:
        out.print(_measures(f"Value {title}".strip(), VALUE, evaluation.value_measures))


def print_list(ranked: pd.DataFrame, out: Console, title: str) -> None:
    """Print a risk list with its reasons in words."""
    table = Table(title=title, show_lines=False, title_justify="left")
    for name in ("rank", "customer", "risk", "value if kept", "at risk"):
        table.add_column(name, justify="right" if name != "customer" else "left", no_wrap=True)
    contacted = "last_action" in ranked and ranked["last_action"].notna().any()
    if contacted:
        table.add_column("last contact")
    table.add_column("reasons", overflow="fold")
    for row in ranked.to_dict("records"):
        words = [escape(row[c]) for c in REASON_COLUMNS if isinstance(row[c], str)]
        table.add_row(
            str(row["rank"]),
            escape(row["customer_id"]),
            f"{row['churn_probability']:.0%}",
            _money(row["value_if_retained"]),
            _money(row["value_at_risk"]),
            *([_contact(row)] if contacted else []),
            "\n".join(words),
        )
    out.print(table)


def _contact(row: Mapping[Hashable, Any]) -> str:
    action, at = row["last_action"], row["last_contacted_at"]
    return escape(f"{at:%Y-%m-%d} {action}") if isinstance(action, str) else ""


def print_facts(out: Console, title: str, facts: Mapping[str, str]) -> None:
    """Print named facts under a title, aligned."""
    grid = Table.grid(padding=(0, 2))
    for name, fact in facts.items():
        grid.add_row(f"  {escape(name)}", escape(fact))
    out.print(f"{title}:", highlight=False)
    out.print(grid, highlight=False)


def _print_roles(made: Trained, out: Console) -> None:
    roles, aim = made.history.roles, made.aim
    out.print(
        f"As of {roles.as_of}; churn: {aim.words}"
        + (f" after a gap of {aim.gap}" if aim.gap else "")
        + f"; value: {aim.worth}; {len(made.features)} features.",
        highlight=False,
    )
    out.print(
        f"Serving fit: {_span(roles.serving)}. Evaluation fit: {_span(roles.evaluation)}, "
        f"measured once on {roles.newest}."
        if roles.evaluation
        else f"Serving fit: {_span(roles.serving)}. No cutoff could be held out.",
        highlight=False,
    )


def _span(cutoffs: Sequence[object]) -> str:
    ordered = sorted(map(str, cutoffs))
    if len(ordered) == 1:
        return f"1 cutoff, {ordered[0]}"
    return f"{len(ordered)} cutoffs, {ordered[0]} to {ordered[-1]}"


def _print_without(made: Trained, other: Evaluation, out: Console) -> None:
    if made.evaluation is None:
        return
    ours, theirs = made.evaluation.flat(), other.flat()
    out.print(
        "Without the customers' attributes, which are as extracted today and may leak: "
        f"ROC AUC {theirs['churn_roc_auc']:.4f} (with them {ours['churn_roc_auc']:.4f}), "
        f"normalised Gini {theirs['value_normalised_gini']:.4f} "
        f"(with them {ours['value_normalised_gini']:.4f}).",
        highlight=False,
    )


def _measures(
    title: str, names: Mapping[str, str], by_method: Mapping[str, Mapping[str, Interval]]
) -> Table:
    table = Table(title=f"{title}, held out", title_justify="left")
    table.add_column("measure", no_wrap=True)
    for method in by_method:
        table.add_column(method, justify="right")
        if method == MODEL:
            table.add_column("90 % interval", justify="right", no_wrap=True, style="dim")
    for name, words in names.items():
        cells: list[str] = []
        for method, measures in by_method.items():
            cells.append(cell(measures[name].estimate))
            if method == MODEL:
                cells.append(f"{cell(measures[name].low)} – {cell(measures[name].high)}")
        table.add_row(words, *cells)
    return table


def _money(amount: float | None) -> str:
    return "-" if amount is None or math.isnan(amount) else f"{amount:,.2f}"


def cell(number: float) -> str:
    """Write a measure for a table; a dash where it is unknown."""
    return "-" if math.isnan(number) else _figure(number)


def _figure(number: float) -> str:
    return f"{number:.2f}" if abs(number) >= 10 else f"{number:.3f}"  # noqa: PLR2004 - two digits
