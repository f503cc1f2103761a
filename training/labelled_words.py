"""Words for the columns of a flat file: what a customer's figure is beside the usual one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from features.catalogue import Feature, FeatureSet, Reason, Risk
from models.release import Release
from training.measures import roc_auc

_LEAST = 0.02
"""A column whose area is nearer to one half than this does not tell which side is risky."""


def speaking(release: Release, frame: pd.DataFrame) -> Release:
    """Give the same release with a sentence for each of its columns.

    What a column means nobody has told, so a sentence states the figure and names no cause.

    Parameters
    ----------
    release : Release
    frame : DataFrame
        Labelled rows.
    """
    encoder = release.encoder
    named = tuple(_named(f, frame, release.medians.get(f.name)) for f in encoder.features)
    return replace(release, encoder=replace(encoder, features=FeatureSet(named)))


def _named(feature: Feature, frame: pd.DataFrame, usual: float | None) -> Feature:
    words = feature.name.replace("_", " ")
    if feature.dtype == "category":
        return replace(feature, reason=Reason(f"{words}: {{{feature.name}}}", None, "high"))
    risk = _risky_side(frame, feature)
    if risk is None or usual is None:
        return feature
    side = "above" if risk == "high" else "below"
    text = f"{words} is {{{feature.name}:number}}, {side} the usual {round(usual, 1):,g}"
    return replace(feature, reason=Reason(text, None, risk))


def _risky_side(frame: pd.DataFrame, feature: Feature) -> Risk | None:
    if feature.unit == "days" or feature.family == "value":
        return None
    known = frame[frame[feature.name].notna()]
    if known["churned"].nunique() < 2:  # noqa: PLR2004 - both outcomes
        return None
    area = roc_auc(known["churned"].to_numpy(np.float64), known[feature.name].to_numpy(np.float64))
    if abs(area - 0.5) < _LEAST:
        return None
    return "high" if area > 0.5 else "low"  # noqa: PLR2004 - no difference
