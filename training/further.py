"""How good the lesser models of a release are, on the held-out cutoff, and which are missing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.purchase import LABEL
from models.release import Release
from training.intervals import FEWEST
from training.measures import log_loss
from training.wallet import wallet_measures


def further_measures(release: Release, held_out: pd.DataFrame) -> dict[str, float]:
    """Judge wallets, intervals and the next purchase.

    Parameters
    ----------
    release : Release
    held_out : DataFrame
        Labelled snapshots of a cutoff that it was not fitted on.

    Returns
    -------
    dict of str to float
        :func:`training.wallet.wallet_measures`; ``interval_coverage_90`` and ``_80``, the part of
        customers whose value lies within their interval; ``purchase_log_loss`` and
        ``purchase_bias``, expected over actual buyers, of those whose 30 days have ended. What the
        release has no model of is left out.
    """
    scores = release.score(held_out)
    return {
        **wallet_measures(release, held_out),
        **_coverage(release, held_out, scores),
        **_purchase(release, held_out, scores),
    }


def unsaid(release: Release) -> tuple[str, ...]:
    """Say what the scores of a release will not tell, and why."""
    if release.intervals is not None:
        return ()
    why = f"fewer than {FEWEST} held-out predictions to learn them from, or nobody brings anything"
    return (f"no intervals of expected value: {why}",)


def _coverage(release: Release, held_out: pd.DataFrame, scores: pd.DataFrame) -> dict[str, float]:
    if release.intervals is None:
        return {}
    return {
        f"interval_coverage_{c}": float(
            held_out["value"]
            .between(scores[f"expected_value_low_{c}"], scores[f"expected_value_high_{c}"])
            .mean()
        )
        for c in (90, 80)
    }


def _purchase(release: Release, held_out: pd.DataFrame, scores: pd.DataFrame) -> dict[str, float]:
    if release.purchase is None or LABEL not in held_out:
        return {}
    known = held_out[LABEL].notna().to_numpy()
    bought = held_out[LABEL].to_numpy(np.float64)[known]
    said = scores["purchase_probability_30d"].to_numpy(np.float64)[known]
    if not bought.any():
        return {}
    return {
        "purchase_log_loss": log_loss(bought, said),
        "purchase_bias": float(said.sum() / bought.sum()),
    }
