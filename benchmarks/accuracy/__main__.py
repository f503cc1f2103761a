"""Accuracy on real logs and files, Keepwell beside its peers, in one command.

    KEEPWELL_BENCH_DATA=FOLDER .venv/bin/python -m benchmarks.accuracy [--quick] [--only cdnow]

Tables, plots and the peers' predictions go to ``--out``; peers that are there already are not run
again (``--fresh`` does). Another log: ``--log FILE --customer COL --time COL --amount COL
--cutoff DAY --horizon DAYS``.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

from rich.console import Console

from benchmarks.accuracy.automl import installed
from benchmarks.accuracy.comparison import LEVEL, Comparison, compare
from benchmarks.accuracy.flat import FILES
from benchmarks.accuracy.logs import LOGS, DataError, Log, lines
from benchmarks.accuracy.paper import Paper
from benchmarks.accuracy.plots import plot_differences, plot_one
from benchmarks.accuracy.running import Cut, Wanted, run_file, run_log
from benchmarks.accuracy.tables import intervals, print_one, summary, verdicts

TABLES, DIFFERENCES = "accuracy.md", "differences.png"


def main() -> int:
    """Run the benchmark; 2 where it cannot run."""
    given = _options().parse_args()
    wanted = Wanted(given.out, given.quick, given.flaml, given.fresh, given.resume)
    try:
        _run(_chosen(given), wanted, Paper(Console(width=180)))
    except DataError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _run(chosen: dict[str, Callable[[Wanted], list[Cut]]], wanted: Wanted, paper: Paper) -> None:
    wanted.out.mkdir(parents=True, exist_ok=True)
    if not installed():
        paper.say("FLAML is not installed and takes no part: pip install 'flaml[automl]'")
    found: dict[str, list[Comparison]] = {}
    covered: dict[str, list[Cut]] = {}
    for name, run in chosen.items():
        cuts = covered[name] = run(wanted)
        found[name] = compare([cut.judged for cut in cuts])
        print_one(paper, name, cuts, found[name])
        plot_one(wanted.out / f"{name}.png", name, cuts, found[name])
        paper.write(wanted.out / TABLES)
    paper.heading("Verdict")
    paper.say(
        f"Better or worse: the {LEVEL:.0%} interval of the paired difference, averaged over "
        f"cutoffs or folds, leaves 0 out. Load of this machine: {os.getloadavg()[0]:.1f}."
    )
    paper.table("Keepwell beside the best peer", verdicts(found))
    paper.table("In short", summary(found))
    paper.table("Values within Keepwell's intervals", intervals(covered))
    paper.write(wanted.out / TABLES)
    plot_differences(wanted.out / DIFFERENCES, found)
    paper.out.print(f"Wrote {wanted.out / TABLES} and the plots beside it", highlight=False)


def _chosen(given: argparse.Namespace) -> dict[str, Callable[[Wanted], list[Cut]]]:
    """Give what is to be run, by name."""
    if given.log:
        own = _own(given)
        return {own.name: lambda wanted: run_log(own, wanted)}
    logs = {n: lambda wanted, log=log: run_log(log, wanted) for n, log in LOGS.items()}
    files = {n: lambda wanted, file=file: run_file(file, wanted) for n, file in FILES.items()}
    return {name: run for name, run in {**logs, **files}.items() if name in given.only}


def _own(given: argparse.Namespace) -> Log:
    missing = [name for name in ("cutoff", "horizon") if not getattr(given, name)]
    if missing:
        raise DataError(f"--log needs --{' and --'.join(missing)} too")
    path: Path = given.log
    return Log(
        path.stem,
        lambda: lines(path, given.customer, given.time, given.amount),
        tuple(given.cutoff),
        given.horizon,
    )


def _options() -> argparse.ArgumentParser:
    known = [*LOGS, *FILES]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "--quick", action="store_true", help="one cutoff or fold each, without FLAML"
    )
    parser.add_argument(
        "--no-flaml",
        dest="flaml",
        action="store_false",
        help="leave FLAML out, which takes longest",
    )
    parser.add_argument("--only", nargs="+", choices=known, default=known)
    parser.add_argument("--out", type=Path, default=Path("build/accuracy"), metavar="DIR")
    parser.add_argument("--fresh", action="store_true", help="run the peers again")
    parser.add_argument(
        "--resume", action="store_true", help="take what Keepwell scored in an earlier run"
    )
    own = parser.add_argument_group("another log")
    own.add_argument("--log", type=Path, metavar="FILE", help="Parquet or CSV")
    own.add_argument("--customer", default="customer_id", metavar="COL")
    own.add_argument("--time", default="occurred_at", metavar="COL")
    own.add_argument("--amount", default="amount", metavar="COL")
    own.add_argument("--cutoff", type=date.fromisoformat, action="append", metavar="DAY")
    own.add_argument("--horizon", type=int, metavar="DAYS")
    return parser


if __name__ == "__main__":
    sys.exit(main())
