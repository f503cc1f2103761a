"""How time and memory grow with the number of transactions, as exponents and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from benchmarks.measured import Cost

mpl.use("agg")

Found = Mapping[int, Mapping[str, Cost]]
"""By millions of transactions, then by name."""


def exponents(found: Found) -> dict[str, tuple[float, float]]:
    """Fit time (of the processors) and memory to a power of the size, in logarithms.

    Returns
    -------
    dict of str to (float, float)
        Of those that were measured at two sizes at least.
    """
    fitted = {}
    for name in _names(found):
        sizes = [size for size, costs in found.items() if name in costs]
        if len(sizes) > 1:
            costs = [found[size][name] for size in sizes]
            time = slope(sizes, [cost.processor for cost in costs])
            fitted[name] = time, slope(sizes, [cost.memory for cost in costs])
    return fitted


def plot(found: Found, folder: Path) -> Path:
    """Draw processor time and memory against the size into ``aggregates.png``."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots(1, 2)
    for axis, measure, unit in zip(axes, ("processor", "memory"), ("s", "GB"), strict=True):
        for name in _names(found):
            sizes = [size for size, costs in found.items() if name in costs]
            figures = [getattr(found[size][name], measure) for size in sizes]
            axis.loglog(sizes, figures, marker="o", label=name)
        axis.set(xlabel="million transactions", ylabel=f"{measure} / {unit}")
    axes[0].legend(fontsize="small")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "aggregates.png"
    figure.savefig(path, dpi=120)
    return path


def _names(found: Found) -> list[str]:
    return list(dict.fromkeys(name for costs in found.values() for name in costs))


def slope(sizes: list[int], figures: list[float]) -> float:
    """Give the exponent of the power of the size that the figures follow."""
    return float(np.polyfit(np.log(sizes), np.log(figures), 1)[0])
