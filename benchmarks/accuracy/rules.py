"""Peers that need no boosting: the longest silence, past spend, logistic RFM."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures, StandardScaler

from benchmarks.accuracy.plain import Floats
from benchmarks.accuracy.snapshots import ACTIVE_DAYS
from models.baselines import SilenceRule, monthly_rule

SILENCE = ["days_since_purchase"]
RFM = ["days_since_purchase", "purchase_days", "spend", "tenure_days"]


def rules(
    train: pd.DataFrame, test: pd.DataFrame, net: pd.Series[float], horizon: int
) -> dict[str, Floats]:
    """Predict by the rules that a company without a model uses, and by logistic RFM.

    Parameters
    ----------
    train : DataFrame
        Features and outcomes of the newest past cutoff.
    test : DataFrame
        Features of the cutoff.
    net : Series
        Net amount of the year before the cutoff, by customer as in ``test``.
    horizon : int
        Days of the window.

    Returns
    -------
    dict of str to ndarray
        ``"method/part"`` to predictions. The recency rule ranks by silence (``risk``) and says
        yes or no (``probability``).
    """
    churned = train["churned"].to_numpy(np.float64)
    silence = SilenceRule.fit(train[SILENCE], churned)
    logistic = logistic_rfm(train, test)
    spent = test.assign(net_sum_365d=net)
    return {
        "recency rule/risk": silence.rank(test),
        "recency rule/probability": silence.predict(test),
        "logistic RFM/probability": logistic,
        "past spend/value": net.to_numpy(np.float64) * horizon / ACTIVE_DAYS,
        "monthly spend × retention/value": monthly_rule(spent, horizon, logistic),
    }


def logistic_rfm(train: pd.DataFrame, test: pd.DataFrame) -> Floats:
    """Fit a logistic regression on the logarithms of :data:`RFM` and their products."""
    model = make_pipeline(
        FunctionTransformer(np.log1p),
        StandardScaler(),
        PolynomialFeatures(2, include_bias=False),
        LogisticRegression(max_iter=1000),
    )
    model.fit(train[RFM], train["churned"])
    return np.asarray(model.predict_proba(test[RFM])[:, 1], dtype=np.float64)
