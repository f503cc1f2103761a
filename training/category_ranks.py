"""How well rankings of the categories that are new to a customer meet what the customer begins."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.cross_sell import Window
from models.matrix import Floats
from training.bootstrap import Interval, intervals

MODEL, PLACES = "Keepwell", 3
POPULAR, LATELY = "popularity", "lately begun"
"""Rankings that are the same for everybody."""

Judged = Mapping[str, Mapping[str, Interval]]


def judge(window: Window, probability: Floats, seed: int) -> tuple[Judged, Judged]:
    """Measure how well a ranking of the new categories meets what was begun.

    Parameters
    ----------
    window : Window
    probability : ndarray of shape (customers, categories)
    seed : int
        Of the bootstrap over customers.

    Returns
    -------
    tuple of mapping
        By method, ``hit_rate`` and ``ndcg`` at 3, over the customers who began anything: beside
        the model the popularity of the categories, the share that lately began each, and the
        customer's own nearest neighbours. Then by how much the model is better than each.
    """
    shape = probability.shape
    rankings = {
        MODEL: probability,
        POPULAR: np.broadcast_to(window.tastes.popularity, shape),
        LATELY: np.broadcast_to(window.tastes.adoption, shape),
        "nearest neighbours": window.tastes.neighbours(window.baskets)[0],
    }
    told = {name: at_top(window, scores) for name, scores in rankings.items()}
    own = told[MODEL]
    judged = {name: intervals(_means, measured, seed=seed) for name, measured in told.items()}
    gains = {
        name: intervals(_means, [a - b for a, b in zip(own, other, strict=True)], seed=seed)
        for name, other in told.items()
        if name != MODEL
    }
    return judged, gains


def at_top(window: Window, scores: Floats, places: int = PLACES) -> tuple[Floats, Floats]:
    """Give whether one of the first places was begun, and the NDCG of these, by customer.

    Customers who began nothing are left out.
    """
    begun = window.begun
    some = begun.any(axis=1)
    ranked = np.where(window.baskets.new, scores, -np.inf)[some]
    top = np.argsort(-ranked, axis=1, kind="stable")[:, :places]
    hits = np.take_along_axis(begun[some], top, axis=1)
    discount = 1 / np.log2(np.arange(2, hits.shape[1] + 2))
    best = np.cumsum(discount)[np.minimum(begun[some].sum(axis=1), hits.shape[1]) - 1]
    return np.asarray(hits.any(axis=1), dtype=np.float64), np.asarray(hits @ discount / best)


def _means(hits: Floats, ndcg: Floats) -> dict[str, float]:
    return {"hit_rate": float(hits.mean()), "ndcg": float(ndcg.mean())}
