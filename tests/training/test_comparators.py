from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from features.catalogue import FeatureSet
from features.errors import InputError
from models.matrix import Encoder
from training.comparators import compare, find
from training.measures import normalised_gini, roc_auc

Maker = Callable[..., pd.DataFrame]

FOREST = "sklearn.ensemble.RandomForestClassifier"
RIDGE = "sklearn.linear_model.Ridge"


def test_a_classifier_predicts_churn_and_a_regressor_value(
    features: FeatureSet, snapshots: Maker
) -> None:
    train, held_out = snapshots(600), snapshots(300, seed=2)
    train.loc[:9, "attribute_region"] = None
    encoder = Encoder.fit(train, features)
    found = compare(find([FOREST, RIDGE], seed=1), train, held_out, encoder)
    assert list(found.churn) == [FOREST]
    assert list(found.value) == [RIDGE]
    assert found.notes == ()
    assert roc_auc(held_out["churned"], found.churn[FOREST]) > 0.6
    assert normalised_gini(held_out["value"], found.value[RIDGE]) > 0.4
    again = compare(find([FOREST], seed=1), train, held_out, encoder)
    np.testing.assert_array_equal(again.churn[FOREST], found.churn[FOREST])


def test_nobody_who_leaves_has_a_probability_of_zero(
    features: FeatureSet, snapshots: Maker
) -> None:
    train = snapshots(100).assign(churned=0)
    encoder = Encoder.fit(train, features)
    found = compare(find(["sklearn.dummy.DummyClassifier"], 1), train, train, encoder)
    assert not found.churn["sklearn.dummy.DummyClassifier"].any()


def test_a_comparator_that_cannot_learn_from_the_features_is_noted(
    features: FeatureSet, snapshots: Maker
) -> None:
    train = snapshots(100)
    encoder = Encoder.fit(train, features)
    found = compare(find(["sklearn.naive_bayes.MultinomialNB"], 1), train, train, encoder)
    (note,) = found.notes
    assert "comparator sklearn.naive_bayes.MultinomialNB could not be fitted: Negative" in note
    assert not found.churn


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Ridge", '"Ridge" has no module in front; name a classifier or regressor'),
        ("sklearn.linear.Ridge", "sklearn.linear.Ridge cannot be imported"),
        (
            "sklearn.linear_model.LogisticRegresion",
            'there is no LogisticRegresion in sklearn.linear_model. Did you mean "Logistic',
        ),
        ("sklearn.metrics.roc_auc_score", "is not an estimator of scikit-learn"),
        ("sklearn.cluster.KMeans", "is neither a classifier nor a regressor"),
        ("sklearn.svm.LinearSVC", "gives no probabilities"),
        ("sklearn.ensemble.VotingClassifier", "cannot be made without arguments"),
    ],
)
def test_a_name_that_cannot_be_compared_is_an_error(name: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        find([name], 1)
    assert str(error.value).startswith("training.comparators: ")
    assert said in str(error.value)
