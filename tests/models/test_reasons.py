from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from features.catalogue import FeatureSet
from features.settings import TablesSettings
from models.baselines import RFM, LogisticRFM
from models.bundle import Bundle
from models.churn import ChurnModel
from models.matrix import Encoder
from models.reasons import MOST, Said, reasons
from models.release import Release

Maker = Callable[..., pd.DataFrame]


def by_contribution(shop: Bundle, frame: pd.DataFrame) -> list[dict[str, float]]:
    matrix = shop.release.encoder.matrix(frame)
    names, shares = shop.release.churn.contributions(frame, matrix)
    return [dict(zip(names, row, strict=True)) for row in shares]


def with_weights(shop: Bundle, medians: dict[str, float], **weights: float) -> Release:
    """Give a release whose churn model adds known parts to the log odds."""
    chosen = tuple(weights.get(name, 0.0) for name in RFM)
    model = LogisticRFM((0.0,) * 4, (1.0,) * 4, chosen, 0.0)
    return replace(shop.release, churn=ChurnModel(model), medians=medians)


def test_contributions_add_up_to_the_log_odds(shop: Bundle, snapshots: Maker) -> None:
    frame = snapshots(50)
    matrix = shop.release.encoder.matrix(frame)
    parts = shop.release.churn.estimator.predict(matrix, pred_contrib=True)  # type: ignore[call-arg,arg-type]
    odds = shop.release.churn.estimator.predict(matrix, raw_score=True)  # type: ignore[call-arg,arg-type]
    assert np.asarray(parts).sum(axis=1) == pytest.approx(odds)


def test_only_what_raises_the_risk_speaks_and_a_family_once(shop: Bundle, snapshots: Maker) -> None:
    frame = snapshots(300, seed=4)
    found = reasons(shop.release, frame, "GBP")
    raising = [
        {shop.features[n].family for n, share in row.items() if share > 0}
        for row in by_contribution(shop, frame)
    ]
    assert len(found) == len(frame)
    assert max(len(row) for row in found) == MOST
    assert min(len(row) for row in found) < MOST
    for said, families in zip(found, raising, strict=True):
        assert len(said) <= len(families)
        assert len({r.text for r in said}) == len(said)
        assert not any("_" in r.text for r in said)


def test_the_strongest_reason_comes_first(shop: Bundle, snapshots: Maker) -> None:
    release = with_weights(
        shop,
        {"days_since_purchase": 10, "tenure_days": 5000},
        days_since_purchase=0.1,
        tenure_days=0.5,
    )
    frame = snapshots(1).assign(days_since_purchase=41.0, purchase_gap_mean=9.0, tenure_days=100.0)
    assert reasons(release, frame.assign(overdue_ratio=4.6), "GBP") == [
        [
            Said("a customer for only 100 days", "changed needs"),
            Said("no purchase for 41 days; usually every 9", "changed needs"),
        ]
    ]


def test_the_safe_side_of_the_median_gives_no_reason(shop: Bundle, snapshots: Maker) -> None:
    release = with_weights(shop, {"days_since_purchase": 50}, days_since_purchase=1.0)
    frame = snapshots(1).assign(days_since_purchase=41.0)
    assert reasons(release, frame, "GBP") == [[]]


def test_what_lowers_the_risk_gives_no_reason(shop: Bundle, snapshots: Maker) -> None:
    release = with_weights(shop, {"days_since_purchase": 10}, days_since_purchase=-1.0)
    assert reasons(release, snapshots(1).assign(days_since_purchase=41.0), "GBP") == [[]]


@pytest.mark.parametrize("unknown", [np.nan, None])
def test_one_time_buyers_have_no_rhythm_to_tell(
    shop: Bundle, snapshots: Maker, unknown: float | None
) -> None:
    release = with_weights(shop, {"days_since_purchase": 10}, days_since_purchase=1.0)
    frame = snapshots(1).assign(
        days_since_purchase=41.0, purchase_gap_mean=unknown, overdue_ratio=unknown
    )
    assert [r.text for r in reasons(release, frame, "GBP")[0]] == ["no purchase for 41 days"]


def test_reasons_do_not_depend_on_who_is_asked_besides(shop: Bundle, snapshots: Maker) -> None:
    frame = snapshots(40, seed=6)
    together = reasons(shop.release, frame, "GBP")
    alone = [reasons(shop.release, frame.iloc[[i]], "GBP")[0] for i in range(len(frame))]
    assert alone == together


def test_features_read_from_json_speak_alike(
    shop: Bundle, features: FeatureSet, snapshots: Maker
) -> None:
    frame = snapshots(30, seed=8)
    read = Encoder.from_dict(json.loads(json.dumps(shop.release.encoder.to_dict())))
    assert read.features == features
    again = reasons(replace(shop.release, encoder=read), frame, "GBP")
    assert again == reasons(shop.release, frame, "GBP")


@pytest.mark.parametrize("name", ["home town", "a.b", "plan:kind", "a{b}", "x,y"])
def test_an_attribute_name_that_no_sentence_can_hold_is_refused(name: str) -> None:
    tables = {
        "transactions": {"source": "t.csv"},
        "customers": {"source": "c.csv", "columns": {name: "x"}},
    }
    expected = rf'columns has a column "{name}"; name it with letters, digits and'
    with pytest.raises(ValidationError, match=expected.replace("{b}", r"\{b\}")):
        TablesSettings.model_validate(tables)
