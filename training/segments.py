"""The segments of a release: their thresholds, by the newest customers that it has learnt from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from models.bundle import Definition
from models.matrix import Floats
from models.release import Release
from models.segments import Basis, learn
from training.settings import SegmentSettings


def segmented(
    release: Release, frame: pd.DataFrame, meant: Definition, settings: SegmentSettings
) -> Release:
    """Give a release its segments.

    Parameters
    ----------
    release : Release
    frame : DataFrame
        Snapshots of one cutoff with the features of the tables.
    meant : Definition
    settings : SegmentSettings

    Returns
    -------
    Release
        Where nothing is valued its customers are in no segment.
    """
    whole = release.completed(frame)
    names = set(release.encoder.features.names)

    def column(name: str) -> Floats:
        # As in serving, which knows the features that the release uses and no others.
        if name not in names:
            return np.full(len(whole), np.nan)
        return whole[name].to_numpy(np.float64, na_value=np.nan)

    value = release.score(whole)["value_if_retained"].to_numpy(np.float64)
    basis = Basis(meant.currency, meant.value_horizon, meant.value_measure)
    return replace(release, segments=learn(basis, value, column, settings.rule, settings.given))
