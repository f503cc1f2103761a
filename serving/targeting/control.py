"""The control group of a plan: chosen customers who are left alone, to learn what the others do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.matrix import Floats
from serving.targeting.eligibility import Bools
from serving.targeting.prices import Choices

_STRATA = 10
"""Groups of like value in which as large a share is held out."""


def control_group(
    actions: Sequence[str], choice: Choices, value: Floats, share: float, seed: int
) -> Bools:
    """Draw a control group at random among the customers chosen for each action.

    Parameters
    ----------
    actions : sequence of str
    choice : ndarray of shape (customers,)
        Number of each customer's action.
    value : ndarray of shape (customers,)
        By which the draw is stratified.
    share : float
        Probability of each customer to be held out, 0 to below 1.
    seed : int

    Returns
    -------
    ndarray of bool, shape (customers,)
        The draw of an action does not depend on the other actions.
    """
    held_out = np.zeros(len(choice), dtype=bool)
    for number, name in enumerate(actions):
        rows = np.flatnonzero(choice == number)
        ranked = rows[np.argsort(-value[rows], kind="stable")]
        rng = np.random.default_rng([seed, *name.encode()])
        held_out[_drawn(ranked, share, rng)] = True
    return held_out


def _drawn(ranked: Choices, share: float, rng: np.random.Generator) -> Choices:
    strata = np.array_split(ranked, min(_STRATA, max(1, len(ranked))))
    sizes = np.cumsum([0, *map(len, strata)])
    # Rounded along the strata from a random start: each has its share on average, and the sum of
    # all is less than one customer away from it.
    counts = np.diff(np.floor(sizes * share + rng.random()).astype(np.int64))
    drawn = [rng.permutation(s)[:n] for s, n in zip(strata, counts, strict=True)]
    return np.concatenate(drawn)
