"""Learning prediction intervals from forward predictions: what was said, beside what came of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.catalogue import Feature, FeatureSet
from models import booster
from models.intervals import (
    INPUTS,
    LEVELS,
    Ends,
    Intervals,
    Quantiles,
    Scale,
    Units,
    groups,
    moved,
)
from models.matrix import Encoder, Floats
from models.recipe import default_parameters

FEWEST = 200
"""Predictions below which there are no intervals: half of them teach, half of them correct."""

_GROUP, _GROUPS = 200, 20
"""Customers in a group of expected value at least, and groups at most."""

_MOST = 20_000
"""Predictions that the boosters learn from at most: four columns need no more."""

_ROUNDS = 60
_SHAPE = {"learning_rate": 0.1, "num_leaves": 8, "feature_fraction": 1.0, "lambda_l2": 0.0}

_FLOOR, _LEAST = 0.01, 0.01
"""Of the median value the smallest unit, and the quantile that is next to nothing."""

_SPARE = 0.02
"""What a group may cover less where others cover more than was promised."""

_COLUMNS = FeatureSet(tuple(Feature(n, "prediction", "", None, "Predicted.") for n in INPUTS))
_ENCODER = Encoder(_COLUMNS, {})


@dataclass(frozen=True)
class Forward:
    """Predictions of snapshots that the models behind them had not seen, and their values.

    Parameters
    ----------
    scores : ndarray of shape (rows, 4)
        :data:`models.intervals.INPUTS`.
    value : ndarray of shape (rows,)
    half : ndarray of shape (rows,)
        True or false, the same in all snapshots of a customer.
    """

    scores: Floats
    value: Floats
    half: NDArray[np.bool_]


@dataclass(frozen=True)
class _Group:
    """Snapshots of alike expected value: measured ends and values, and their scale."""

    ends: Ends
    value: Floats
    scale: Scale


def fit(known: Forward, seed: int) -> Intervals | None:
    """Learn quantiles from one half of the customers, and correct them on the other.

    Parameters
    ----------
    known : Forward
    seed : int

    Returns
    -------
    Intervals or None
        None where there are fewer predictions than :data:`FEWEST`, or where nobody brought
        anything.
    """
    taught, corrected = np.flatnonzero(known.half), np.flatnonzero(~known.half)
    bought = known.value[known.value > 0]
    if 2 * min(len(taught), len(corrected)) < FEWEST or not len(bought):
        return None
    units = Units(_FLOOR * float(np.median(bought)), float(np.quantile(bought, _LEAST)))
    chosen = np.random.default_rng(seed).permutation(taught)[:_MOST]
    quantiles = _quantiles(known, np.sort(chosen), units, seed)
    expected = known.scores[corrected, INPUTS.index("expected_value")]
    edges = _edges(expected)
    scale, group = units.scale(expected), groups(expected, edges)
    measured = scale.measured(known.value[corrected])
    said = quantiles.ends(known.scores[corrected], scale)
    corrections = {}
    for coverage, (low, high) in said.items():
        parts = [
            _Group((low[rows], high[rows]), measured[rows], scale.part(rows))
            for rows in (group == number for number in range(len(edges) + 1))
        ]
        level = _level(parts, coverage / 100)
        corrections[coverage] = tuple(_correction(part, level) for part in parts)
    return Intervals(quantiles, edges, corrections)


def _quantiles(known: Forward, rows: NDArray[np.intp], units: Units, seed: int) -> Quantiles:
    scores = known.scores[rows]
    scale = units.scale(scores[:, INPUTS.index("expected_value")])
    design = booster.Design(scores, scale.measured(known.value[rows]))
    shape = {**default_parameters(len(rows)), **_SHAPE, "objective": "quantile"}
    boosters = (
        booster.train(design, _ENCODER, {**shape, "alpha": level}, _ROUNDS, seed)
        for level in LEVELS
    )
    return Quantiles(tuple(boosters), units)


def _edges(expected: Floats) -> tuple[float, ...]:
    count = max(1, min(_GROUPS, len(expected) // _GROUP))
    inner = np.linspace(0, 1, count + 1)[1:-1]
    return tuple(float(edge) for edge in np.unique(np.quantile(expected, inner)))


def _level(parts: list[_Group], coverage: float) -> float:
    """Give the part of each group that is to be covered, so that the whole is as promised.

    Where nearly everybody brings nothing no interval covers fewer than those. The others then may
    cover a little less than is promised of the whole.
    """
    sizes = [len(part.value) for part in parts]
    nothing = np.asarray([np.mean(part.value == 0) for part in parts])
    levels = np.linspace(coverage, coverage - _SPARE, 11)
    whole = [np.average(np.maximum(nothing, level), weights=sizes) for level in levels]
    enough = int(np.sum(np.asarray(whole) > coverage))
    return float(levels[min(enough, len(levels) - 1)])


def _correction(part: _Group, level: float) -> tuple[float, float]:
    """Move the lower end until half of the misses may lie below it, the upper one for the rest."""
    low, high = part.ends
    down = _order(low - part.value, (1 + level) / 2)
    below = float(np.mean(part.value < moved(part.ends, (down, 0.0), part.scale)[0]))
    return down, _order(part.value - high, level + below)


def _order(excess: Floats, level: float) -> float:
    """Give the conformal quantile: that of the sample with one more, which may be anything."""
    rank = min(int(np.ceil((len(excess) + 1) * level)), len(excess))
    return float(np.partition(excess, rank - 1)[rank - 1])
