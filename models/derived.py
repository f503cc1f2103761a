"""Features that need a fitted model, derived from those of the tables: the wallet's share.

One function computes them, for training, batch and service alike.
"""

from __future__ import annotations

from typing import Any, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.catalogue import Feature, FeatureSet, Reason
from models.matrix import Floats
from models.stored import Frame, Stored
from models.wallet import CUSTOMER, OBSERVED, SPEND, Columns, WalletModel, columns_of, inputs

FAMILY = "wallet_share"
OBSERVED_EARLIER = "wallet_observed_before_180d"
SPEND_HALF = "spend_sum_180d"
SPEND_EARLIER = "spend_before_sum_180d"

_HALF = 180 / 365
_RIVAL = "price or a rival's offer"

FEATURES = (
    Feature(
        "wallet_estimate",
        FAMILY,
        "currency",
        None,
        "What customers like this one spend in the category a year, with anybody, as estimated.",
    ),
    Feature(
        "wallet_share",
        FAMILY,
        "share",
        None,
        "Spend of the last 365 days over the wallet, observed or else estimated; 1 at most.",
        Reason(
            "spends only about {wallet_share:percent} of the likely category budget here",
            _RIVAL,
            "low",
            gauge="wallet_share",
            beyond=0.5,
        ),
    ),
    Feature(
        "wallet_headroom",
        FAMILY,
        "currency",
        None,
        "The wallet, observed or else estimated, less the spend of the last 365 days; 0 at least.",
    ),
    Feature(
        "wallet_share_trend",
        FAMILY,
        "share",
        None,
        "Share of the wallet over the last 180 days less that over the 180 days before.",
        Reason(
            "spends {wallet_share:percent} of the likely category budget here, "
            "less than half a year before",
            _RIVAL,
            "low",
            gauge="wallet_share_trend",
            beyond=-0.1,
        ),
    ),
    Feature(
        "wallet_source",
        FAMILY,
        "category",
        None,
        "Where the wallet comes from: observed, estimated or none.",
        dtype="category",
    ),
)
"""All that can be derived, in the order of the catalogue."""

NAMES = tuple(f.name for f in FEATURES)
_ESTIMATE = NAMES[0]
_NEEDED = (SPEND, SPEND_HALF, SPEND_EARLIER)
_OBSERVATIONS = (OBSERVED, OBSERVED_EARLIER)


def derivable(features: FeatureSet) -> FeatureSet:
    """Give the features that can be derived from those of the tables.

    None where spend is unknown, or where there is neither an observed wallet nor an input to
    estimate one from; without such an input there is no estimate either.
    """
    estimable = len(inputs(features)) > 0
    names = set(features.names)
    if not names.issuperset(_NEEDED) or not (estimable or OBSERVED in names):
        return FeatureSet(())
    return FeatureSet(tuple(f for f in FEATURES if estimable or f.name != _ESTIMATE))


def with_derived(features: FeatureSet) -> FeatureSet:
    """Add the features that can be derived from those of the tables."""
    return FeatureSet((*features, *derivable(features)))


def derived_names(features: FeatureSet) -> tuple[str, ...]:
    """Name the features that are derived."""
    return tuple(f.name for f in features if f.name in NAMES)


def of_tables(features: FeatureSet) -> FeatureSet:
    """Leave out the features that are derived."""
    return FeatureSet(tuple(f for f in features if f.name not in NAMES))


@overload
def derive(wallet: WalletModel | None, frame: pd.DataFrame) -> pd.DataFrame: ...
@overload
def derive(wallet: WalletModel | None, frame: Frame) -> Frame: ...
def derive(wallet: WalletModel | None, frame: Frame) -> Frame:
    """Add the derived features to snapshots.

    Parameters
    ----------
    wallet : WalletModel or None
        None: nothing is estimated.
    frame : DataFrame or Stored
        ``customer_id``, the model's inputs, the spend that shares are measured with and, where
        wallets are known, the observed ones.

    Returns
    -------
    DataFrame or Stored
        A new one with the columns of :data:`FEATURES` behind; those that it has already are used
        as they are, all or none.
    """
    if frame.columns.isin(NAMES).any():
        return frame
    if isinstance(frame, Stored):
        inputs_of = wallet.encoder.features.names if wallet else []
        wanted = dict.fromkeys((CUSTOMER, *inputs_of, *_NEEDED, *_OBSERVATIONS))
        read = [c for c in wanted if c in frame]
        return frame.added(read, lambda rows: _derived(wallet, rows))
    return pd.concat([frame, _derived(wallet, frame)], axis=1, copy=False)


def _derived(wallet: WalletModel | None, frame: pd.DataFrame) -> pd.DataFrame:
    read = [f for f in (wallet.encoder.features if wallet else ()) if f.name in frame]
    amounts = {n: _amounts(frame[n]) for n in (*_NEEDED, *_OBSERVATIONS) if n in frame}
    made = derived_columns(wallet, {**columns_of(frame, read), **amounts})
    return pd.DataFrame(made, index=frame.index)


def derived_columns(
    wallet: WalletModel | None, columns: Columns, threads: int = 0
) -> dict[str, NDArray[Any]]:
    """Derive features from columns: the same as :func:`derive`, without a table around them.

    Parameters
    ----------
    wallet : WalletModel or None
    columns : mapping of str to sequence
        As in :func:`derive`, of equal length; a missing number is None or NaN.
    threads : int
        0: as many as there are. One row is estimated many times faster on 1.

    Returns
    -------
    dict of str to ndarray
        The columns of :data:`FEATURES`. A share is unknown where the wallet is, or where both it
        and the spend are zero.
    """
    unknown = np.full(len(columns[CUSTOMER]), np.nan)
    estimate = wallet.estimate(columns, threads) if wallet else unknown
    spend, half, earlier = (np.asarray(columns[n], dtype=np.float64) for n in _NEEDED)
    observed, before = (np.asarray(columns.get(n, unknown), np.float64) for n in _OBSERVATIONS)
    seen = ~np.isnan(observed)
    now = np.where(seen, observed, estimate)
    # A wallet that nobody had looked at by then is taken to have been what it is now.
    then = np.where(np.isnan(before), now, before)
    figures = (
        estimate,
        _share(spend, now),
        np.maximum(now - spend, 0.0),
        _share(half, now * _HALF) - _share(earlier, then * _HALF),
        np.where(seen, "observed", np.where(np.isnan(now), "none", "estimated")).astype(object),
    )
    return dict(zip(NAMES, figures, strict=True))


def _share(spend: Floats, wallet: Floats) -> Floats:
    whole = np.maximum(spend, wallet)
    return np.asarray(np.divide(spend, whole, out=np.full(len(spend), np.nan), where=whole > 0))


def _amounts(column: pd.Series[Any]) -> Floats:
    return column.to_numpy(np.float64, na_value=np.nan)
