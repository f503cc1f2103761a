"""Any of scikit-learn's classifiers and regressors beside the model: measured, never promoted.

A classifier predicts churn, and a regressor the value in one go, without the mixture; both learn
from the snapshots that the evaluation fit learns from.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from features.catalogue import FeatureSet
from features.errors import InputError, suggestion
from models.matrix import Encoder, Floats

KEY = "training.comparators"
EXAMPLE = "sklearn.ensemble.HistGradientBoostingClassifier"

_MOST_LEVELS = 30
"""Levels of a category with a column of their own."""


@dataclass(frozen=True)
class Comparator:
    """A class by its dotted name, and an unfitted estimator of it with default parameters."""

    name: str
    estimator: BaseEstimator

    @property
    def predicts_churn(self) -> bool:
        """Whether it is a classifier; else it predicts value."""
        return bool(is_classifier(self.estimator))


@dataclass(frozen=True)
class Compared:
    """What comparators predict of the held-out snapshots.

    Parameters
    ----------
    churn, value : mapping of str to ndarray of shape (rows,)
        Churn probabilities and values, by the comparator's name.
    notes : tuple of str
        Which of them could not be fitted, and why.
    """

    churn: Mapping[str, Floats] = field(default_factory=dict)
    value: Mapping[str, Floats] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def find(names: Sequence[str], seed: int) -> list[Comparator]:
    """Make the estimators of classes that are named.

    Parameters
    ----------
    names : sequence of str
        Dotted, such as ``sklearn.linear_model.Ridge``.
    seed : int

    Raises
    ------
    InputError
        When there is no such class, or it is neither a classifier with probabilities nor a
        regressor, or cannot be made without arguments.
    """
    return [Comparator(name, _estimator(name, seed)) for name in names]


def compare(
    comparators: Sequence[Comparator],
    train: pd.DataFrame,
    held_out: pd.DataFrame,
    encoder: Encoder,
) -> Compared:
    """Fit comparators, and predict snapshots that they have not seen.

    Parameters
    ----------
    comparators : sequence of Comparator
    train, held_out : DataFrame
        Labelled snapshots with the encoder's features.
    encoder : Encoder
        Whose categories get a column a level, and whose missing numbers the median.
    """
    churn: dict[str, Floats] = {}
    value: dict[str, Floats] = {}
    notes = []
    learnt, asked = encoder.matrix(train), encoder.matrix(held_out)
    for one in comparators:
        model = _pipeline(encoder, one.estimator)
        label = "churned" if one.predicts_churn else "value"
        try:
            model.fit(learnt, train[label].to_numpy(np.float64))
        except ValueError as error:
            # An estimator may ask for what the features do not have: no negative numbers, say.
            notes.append(f"the comparator {one.name} could not be fitted: {_first_line(error)}")
            continue
        if one.predicts_churn:
            churn[one.name] = _probability(model, asked)
        else:
            value[one.name] = np.asarray(model.predict(asked), np.float64)
    return Compared(churn, value, tuple(notes))


def cross_compare(
    comparators: Sequence[Comparator],
    frame: pd.DataFrame,
    fold: NDArray[np.intp],
    features: FeatureSet,
) -> Compared:
    """Predict who leaves, each fold by comparators that were fitted on the others.

    Parameters
    ----------
    comparators : sequence of Comparator
        Regressors are left out, and noted: such a file has no value to predict.
    frame : DataFrame
        Labelled rows.
    fold : ndarray of shape (rows,)
    features : FeatureSet
    """
    classifiers = [c for c in comparators if c.predicts_churn]
    churn = {c.name: np.full(len(frame), np.nan) for c in classifiers}
    notes = [
        f"the comparator {c.name} predicts values, which a flat file does not tell"
        for c in comparators
        if not c.predicts_churn
    ]
    for number in range(fold.max() + 1):
        train, held_out = frame[fold != number], frame[fold == number]
        found = compare(classifiers, train, held_out, Encoder.fit(train, features))
        notes += [note for note in found.notes if note not in notes]
        for name, probability in found.churn.items():
            churn[name][fold == number] = probability
    return Compared({n: p for n, p in churn.items() if not np.isnan(p).any()}, {}, tuple(notes))


def _estimator(name: str, seed: int) -> BaseEstimator:
    found = _class(name)
    if not (inspect.isclass(found) and issubclass(found, BaseEstimator)):
        raise InputError(f"{KEY}: {name} is not an estimator of scikit-learn; {_wanted()}")
    try:
        made: Any = found()
    except TypeError as error:
        raise InputError(
            f"{KEY}: {name} cannot be made without arguments ({error}); {_wanted()}"
        ) from None
    if is_classifier(made) and not hasattr(made, "predict_proba"):
        raise InputError(f"{KEY}: {name} gives no probabilities; {_wanted()}")
    if not (is_classifier(made) or is_regressor(made)):
        raise InputError(f"{KEY}: {name} is neither a classifier nor a regressor; {_wanted()}")
    if "random_state" in made.get_params():
        made.set_params(random_state=seed)
    return cast("BaseEstimator", made)


def _class(name: str) -> object:
    place, _, last = name.rpartition(".")
    if not place:
        raise InputError(f'{KEY}: "{name}" has no module in front; {_wanted()}')
    module = _module(place, name)
    if not hasattr(module, last):
        known = [n for n in dir(module) if not n.startswith("_")]
        raise InputError(f"{KEY}: there is no {last} in {place}.{suggestion(last, known)}")
    found: object = getattr(module, last)
    return found


def _module(place: str, name: str) -> ModuleType:
    try:
        return import_module(place)
    except ImportError as error:
        raise InputError(f"{KEY}: {name} cannot be imported ({error}); {_wanted()}") from None


def _wanted() -> str:
    return f'name a classifier or regressor with its module, such as "{EXAMPLE}"'


def _pipeline(encoder: Encoder, estimator: BaseEstimator) -> Pipeline:
    """Prepare the matrix as most estimators want it: no gaps, one scale, no codes."""
    codes = encoder.categorical_positions
    numbers = [i for i in range(len(encoder.features)) if i not in codes]
    median = SimpleImputer(strategy="median", keep_empty_features=True)
    unknown = SimpleImputer(strategy="constant", fill_value=-1.0, keep_empty_features=True)
    levels = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=_MOST_LEVELS, sparse_output=False
    )
    parts: list[Any] = [
        ("numbers", make_pipeline(median, StandardScaler()), numbers),
        ("categories", make_pipeline(unknown, levels), codes),
    ]
    return make_pipeline(ColumnTransformer(parts), estimator)


def _probability(model: Pipeline, matrix: Floats) -> Floats:
    classes = list(model.classes_)
    if 1.0 not in classes:
        return np.zeros(len(matrix))
    return np.asarray(model.predict_proba(matrix)[:, classes.index(1.0)], np.float64)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
