"""Flat files with a ready-made outcome: five folds, everybody on the same ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.accuracy.logs import file
from benchmarks.accuracy.ours import TRACKING, empty, train_and_score
from benchmarks.accuracy.plain import Floats, threads

FOLDS = 5
_MOSTLY = 0.9
_MOST_TREES = 2000
_SHARED: dict[str, Any] = {"verbose": -1, "random_state": 0}
OUTCOME = "Churn"
_CONFIG = f"""name = "accuracy"

[tables.labelled]
source = "customers.parquet"
outcome = "{OUTCOME}"
positive = "Yes"

[churn]
kind = "labelled"

"""


@dataclass(frozen=True)
class File:
    """A flat file.

    Parameters
    ----------
    name : str
    read : callable
        Gives the rows by ``customer_id``; :data:`OUTCOME` is ``"Yes"`` or ``"No"``.
    """

    name: str
    read: Callable[[], pd.DataFrame]


def _telco() -> pd.DataFrame:
    return pd.read_parquet(file("telco.parquet")).set_index("customerID")


def _iranian() -> pd.DataFrame:
    table = pd.read_parquet(file("iranian_churn.parquet"))
    table[OUTCOME] = table[OUTCOME].map({1: "Yes", 0: "No"})
    return table.set_index("row " + table.index.astype(str))


FILES = {"telco": File("telco", _telco), "iranian": File("iranian", _iranian)}
"""The files that are always run."""


def folds(table: pd.DataFrame) -> list[NDArray[np.intp]]:
    """Give the rows of each fold, stratified, seed 0."""
    split = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    return [held_out for _, held_out in split.split(table, table[OUTCOME])]


def churned(table: pd.DataFrame) -> pd.Series[float]:
    """Give 1 for who left and 0 for who stayed."""
    return (table[OUTCOME] == "Yes").astype("float64").rename("churned")


def keepwell(table: pd.DataFrame, held_out: NDArray[np.intp], folder: Path) -> None:
    """Train and score with the outcomes of the fold left blank: what Keepwell is to predict."""
    empty(folder)
    hidden = table.index.isin(table.index[held_out])
    known = table.assign(**{OUTCOME: table[OUTCOME].mask(hidden, None)})
    known.rename_axis("customer_id").reset_index().to_parquet(folder / "customers.parquet")
    train_and_score(folder, _CONFIG + TRACKING, [])


def peers(table: pd.DataFrame, held_out: NDArray[np.intp]) -> dict[str, Floats]:
    """Predict a fold by models of the others.

    Returns
    -------
    dict of str to ndarray
        ``"method/probability"`` to churn probabilities.
    """
    x, y = inputs(table), churned(table)
    inside = np.ones(len(table), dtype=bool)
    inside[held_out] = False
    train, test = x[inside], x.iloc[held_out]
    left = y[inside]
    models = {
        "logistic regression": logistic(train, left),
        "LightGBM, defaults": lgb.LGBMClassifier(**_SHARED, n_jobs=threads()).fit(train, left),
        "LightGBM, early stop": stopped(train, left),
    }
    return {f"{n}/probability": np.asarray(m.predict_proba(test))[:, 1] for n, m in models.items()}


def inputs(table: pd.DataFrame) -> pd.DataFrame:
    """Give the columns to learn from: texts of numbers as numbers, other texts as categories."""
    x = table.drop(columns=OUTCOME)
    for name in x.columns[x.dtypes == "object"]:
        figures = pd.to_numeric(x[name], errors="coerce")
        x[name] = figures if figures.notna().mean() > _MOSTLY else x[name].astype("category")
    return x.rename(columns=lambda name: name.replace(" ", "_"))


def logistic(train: pd.DataFrame, left: pd.Series[float]) -> Pipeline:
    """Fit a logistic regression on standardised numbers, blanks as 0, and one-hot categories."""
    texts = list(train.columns[train.dtypes == "category"])
    numbers = [name for name in train.columns if name not in texts]
    filled = make_pipeline(SimpleImputer(strategy="constant", fill_value=0), StandardScaler())
    prepared = ColumnTransformer(
        [("texts", OneHotEncoder(handle_unknown="ignore"), texts), ("numbers", filled, numbers)]
    )
    return make_pipeline(prepared, LogisticRegression(max_iter=2000)).fit(train, left)


def stopped(train: pd.DataFrame, left: pd.Series[float]) -> lgb.LGBMClassifier:
    """Fit small trees slowly: as many as a fifth of the rows calls for, then on all rows."""
    fit, check, fit_left, check_left = train_test_split(
        train, left, test_size=0.2, stratify=left, random_state=0
    )
    tried = _small(_MOST_TREES).fit(
        fit,
        fit_left,
        eval_X=check,
        eval_y=check_left,
        callbacks=[lgb.early_stopping(50, verbose=False)],
    )
    return _small(tried.best_iteration_).fit(train, left)


def _small(trees: int) -> lgb.LGBMClassifier:
    return lgb.LGBMClassifier(
        n_estimators=trees,
        learning_rate=0.03,
        num_leaves=15,
        subsample=0.8,
        subsample_freq=1,
        colsample_bytree=0.6,
        n_jobs=threads(),
        **_SHARED,
    )
