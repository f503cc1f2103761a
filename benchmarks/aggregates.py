"""Keepwell's features beside the same aggregates by hand: ``python -m benchmarks.aggregates``.

Every piece of work reads made-up transactions (:mod:`benchmarks.transactions`) and runs in a fresh
process of its own (:mod:`benchmarks.measured`). The contestants take turns, round after round; the
least of each figure counts, and their results must be equal. Given several sizes, it shows how
time and memory grow, with the exponent: 1 is in proportion to the transactions.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.growth import exponents, plot
from benchmarks.measured import Cost, best, measured
from benchmarks.transactions import customers, transactions
from features.windows import WINDOWS

HAND = "DuckDB SQL by hand"
PEERS = ("a bare scan", HAND, "Keepwell", "… with stddev_samp", "Polars", "pandas by hand")
FULL = "Keepwell, all families"
SMALL = 5
Costs = dict[str, Cost]


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Parameters
    ----------
    peers : sequence of str
        Who takes part.
    rounds : int
    cutoffs : int
        Of the panel that is set against one cutoff; below 2: none.
    memory : str or None
        Keepwell's ``[data] memory_limit`` for all families.
    """

    peers: Sequence[str]
    rounds: int
    cutoffs: int
    memory: str | None


def contest(path: Path, plan: Plan, folder: Path) -> Costs:
    """Let the peers take turns, and compare what they found."""
    found: dict[str, list[Cost]] = {peer: [] for peer in plan.peers}
    for _ in range(plan.rounds):
        for peer, costs in found.items():
            result = folder / f"{peer}.parquet"
            costs.append(measured("benchmarks.contestants", peer, path, result))
    equal([folder / f"{peer}.parquet" for peer in plan.peers if peer != PEERS[0]])
    return {peer: best(costs) for peer, costs in found.items()}


def equal(results: Sequence[Path]) -> None:
    """Check that results agree: all figures exactly, deviations to 1e-9 of their size.

    Raises
    ------
    AssertionError
        When they do not.
    """
    frames = [_comparable(path) for path in results]
    for other in frames[1:]:
        exact = [column for column in frames[0] if column != "deviation"]
        pd.testing.assert_frame_equal(frames[0][exact], other[exact], check_exact=True)
        left, right = frames[0]["deviation"], other["deviation"]
        pd.testing.assert_series_equal(left, right, rtol=1e-9, atol=1e-9)


def _comparable(path: Path) -> pd.DataFrame:
    frame = pd.read_parquet(path).set_index("customer_id").sort_index().astype(float)
    # Money has four places: what is beyond them comes of adding up floating-point numbers.
    return frame[sorted(map(str, frame))].round({f"sum_{w}d": 4 for w in WINDOWS})


def families(path: Path, plan: Plan, folder: Path) -> Iterator[tuple[str, Cost]]:
    """Measure all families at one cutoff, then at several."""
    memory = [plan.memory] if plan.memory else []
    yield FULL, measured("benchmarks.full", 1, path, folder, *memory)
    if plan.cutoffs > 1:
        cost = measured("benchmarks.full", plan.cutoffs, path, folder, *memory)
        yield f"{FULL}, {plan.cutoffs} cutoffs", cost


def measure(millions: int, plan: Plan, place: Path) -> Costs:
    """Measure everything on transactions of one size."""
    path = transactions(millions * 1_000_000, place)
    customers(path)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        costs = contest(path, plan, Path(folder))
        return {**costs, **dict(families(path, plan, Path(folder)))}


def shown(millions: int, costs: Costs) -> Table:
    """Make a table of one size."""
    table = Table(title=f"{millions} million transactions")
    for name in ("", "seconds", "× by hand", "processor s", "× by hand", "peak GB"):
        table.add_column(name, justify="right" if name else "left")
    base = costs.get(HAND)
    for name, cost in costs.items():
        clock = f"{cost.seconds / base.seconds:.2f}" if base else ""
        work = f"{cost.processor / base.processor:.2f}" if base else ""
        times = f"{cost.seconds:.1f}", clock, f"{cost.processor:.1f}", work
        table.add_row(name, *times, f"{cost.memory:.2f}")
    return table


def grown(found: dict[int, Costs]) -> Table:
    """Make a table of exponents."""
    table = Table("", "time grows with n^", "memory with n^", title="growth")
    for name, (time, memory) in exponents(found).items():
        table.add_row(name, f"{time:.2f}", f"{memory:.2f}")
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--millions", type=int, nargs="+", default=[SMALL])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cutoffs", type=int, default=12)
    parser.add_argument("--memory", help="memory_limit of Keepwell for all families, as 4GB")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=PEERS)
    parser.add_argument("--data", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--results", type=Path, default=Path("build/benchmarks"))
    given = parser.parse_args()
    out = Console(highlight=False, width=100)
    out.print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    if given.millions == [SMALL]:
        out.print("a small size; --millions 5 50 200 shows larger ones and how they grow")
    plan = Plan(given.peers, given.rounds, given.cutoffs, given.memory)
    found: dict[int, Costs] = {}
    for millions in sorted(given.millions):
        found[millions] = measure(millions, plan, given.data)
        out.print(shown(millions, found[millions]))
    if len(found) > 1:
        out.print(grown(found))
    out.print(f"drawn in {plot(found, given.results)}")


if __name__ == "__main__":
    main()
