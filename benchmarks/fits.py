"""Both fits of a training beside the bare boosters: ``python -m benchmarks.fits``.

Each size is worked out in a fresh process (:mod:`benchmarks.fitting`) on a made-up panel
(:mod:`benchmarks.panels`): without tuning, all that ``keepwell train`` does between the panel and
the registry. Up to :data:`BESIDE` snapshots every booster is trained a second time by
``lightgbm.train`` alone, on the same matrices. Times are those of the processors.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from benchmarks.growth import slope

mpl.use("agg")

SMALL = [10_000, 50_000]
BESIDE = 1_000_000
"""Snapshots up to which the matrices of the bare boosters are in memory."""

Found = Mapping[int, Mapping[str, Any]]
"""By snapshots: what :mod:`benchmarks.fitting` has measured."""


def measure(snapshots: int, given: argparse.Namespace) -> dict[str, Any]:
    """Work one size out in a process of its own."""
    bare = "bare" if snapshots <= BESIDE else "alone"
    arguments = (snapshots, given.features, given.rate, given.data, bare)
    command = [sys.executable, "-m", "benchmarks.fitting", *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def parts(found: Mapping[str, Any]) -> dict[str, float]:
    """Give the processor seconds by what they were spent on."""
    stages, inside = found["stages"], found["inside"]
    return {
        "checks of the panel": stages["check"],
        "boosters": inside,
        "the rest of the fits": stages["fits"] - inside,
        "evaluation": stages["evaluation"],
        "plots": stages["plots"],
    }


def shown(found: Found) -> Table:
    """Make a table of all sizes: seconds, the ratio, memory."""
    table = Table(title="processor seconds by snapshots")
    for name in ("", *(f"{size:,}" for size in found)):
        table.add_column(name, justify="right" if name else "left")
    for name in parts(next(iter(found.values()))):
        table.add_row(name, *(f"{parts(one)[name]:.1f}" for one in found.values()))
    table.add_section()
    table.add_row("fits", *(f"{one['stages']['fits']:.1f}" for one in found.values()))
    table.add_row("bare boosters", *(_bare(one, "{:.1f}") for one in found.values()))
    table.add_row("fits / bare", *(_ratio(one) for one in found.values()))
    table.add_row("boosters", *(f"{one['boosters']:,}" for one in found.values()))
    table.add_row("trees", *(f"{one['trees']:,}" for one in found.values()))
    table.add_row("peak GB", *(f"{one['memory']:.2f}" for one in found.values()))
    return table


def grown(found: Found) -> Table:
    """Make a table of exponents: how each figure grows with the snapshots."""
    sizes = list(found)
    table = Table("", "grows with n^", title="growth")
    for name in parts(found[sizes[0]]):
        table.add_row(name, f"{slope(sizes, [parts(one)[name] for one in found.values()]):.2f}")
    table.add_row("memory", f"{slope(sizes, [one['memory'] for one in found.values()]):.2f}")
    return table


def plot(found: Found, folder: Path) -> Path:
    """Draw time by part, and memory, against the snapshots into ``fits.png``."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    times, memory = figure.subplots(1, 2)
    for name in parts(next(iter(found.values()))):
        times.loglog(list(found), [parts(one)[name] for one in found.values()], "o-", label=name)
    memory.loglog(list(found), [one["memory"] for one in found.values()], "o-")
    times.set(xlabel="snapshots", ylabel="processor / s")
    memory.set(xlabel="snapshots", ylabel="memory / GB")
    times.legend(fontsize="small")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "fits.png"
    figure.savefig(path, dpi=120)
    return path


def _bare(found: Mapping[str, Any], form: str) -> str:
    return form.format(found["bare"]) if found["again"] else ""


def _ratio(found: Mapping[str, Any]) -> str:
    return f"{found['stages']['fits'] / found['bare']:.2f}" if found["again"] else ""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--snapshots", type=int, nargs="+", default=SMALL)
    parser.add_argument("--features", type=int, default=100)
    parser.add_argument("--rate", type=float, default=0.05, help="the larger, the fewer trees")
    parser.add_argument("--data", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--results", type=Path, default=Path("build/benchmarks"))
    given = parser.parse_args()
    out = Console(highlight=False, width=100)
    out.print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    if given.snapshots == SMALL:
        out.print("small sizes; --snapshots 10000 100000 1000000 shows larger ones")
    found = {size: measure(size, given) for size in sorted(given.snapshots)}
    out.print(shown(found))
    if len(found) > 1:
        out.print(grown(found))
    out.print(f"drawn in {plot(found, given.results)}")


if __name__ == "__main__":
    main()
