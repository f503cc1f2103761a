from __future__ import annotations

import numpy as np
import pytest

from training.evaluate import MODEL, Evaluation, Prediction
from training.report_offer import Earned, along, curves_section, earned, profits
from training.settings import OfferSettings

OFFER = OfferSettings()
CHURNED = np.array([1.0, 0.0, 1.0, 0.0])
SAID = np.array([0.5, 0.2, 0.1, 0.0])
WORTH = np.full(4, 200.0)


def told(worth: dict[str, Prediction]) -> Evaluation:
    """Give an evaluation of four customers, and of a rule that calls them the other way round."""
    churn = {MODEL: Prediction(SAID, SAID), "rule": Prediction(-SAID, np.round(SAID))}
    return Evaluation(CHURNED, WORTH, churn, worth, {}, {}, {})


def test_the_profit_of_the_default_offer_by_hand() -> None:
    # p·0.3·190 - (1 - p)·10 - 1
    np.testing.assert_allclose(profits(SAID, WORTH, OFFER), [22.5, 2.4, -4.3, -11.0])


def test_an_offer_is_made_where_it_is_expected_to_pay() -> None:
    # A leaver brings 0.3·190 - 1, a stayer costs 10 + 1.
    found = earned(CHURNED, SAID, WORTH, OFFER)
    assert found.contacts == 2
    assert found.planned == pytest.approx(22.5 + 2.4)
    assert found.came == pytest.approx(56.0 - 11.0)


def test_an_offer_that_never_pays_is_made_to_nobody() -> None:
    dear = OfferSettings(incentive=500.0)
    assert earned(CHURNED, SAID, WORTH, dear) == Earned(0, 0.0, 0.0)


def test_profit_adds_up_along_a_ranking() -> None:
    np.testing.assert_array_equal(
        along(np.array([1.0, 3.0, 2.0]), np.array([10.0, 20.0, -5.0])), [0.0, 20.0, 15.0, 25.0]
    )


def test_the_section_tells_the_offer_and_what_came_of_it() -> None:
    section = curves_section(told({MODEL: Prediction(WORTH, WORTH)}), WORTH, OFFER, "EUR")
    # (d + f) / (γ(V - d) + d) = 11 / 67
    assert "it pays from a churn probability of 16.4 % on" in section.words[0]
    assert "only an experiment with a control group" in section.words[1]
    tables = {table.title: table for table in section.tables}
    rows = [row.cells for row in tables["What the offer would have earned"].rows]
    assert rows == [
        (f"{MODEL}, where it should pay", "2", "24.90", "45.00"),
        ("as many by rule", "2", "", "45.00"),
        ("everybody", "4", "", "90.00"),
    ]
    assert len(section.plots) == 4
    assert all(plot.alt for plot in section.plots)


def test_without_values_the_usual_worth_is_assumed_and_told() -> None:
    section = curves_section(told({}), np.full(4, np.nan), OFFER, "XXX")
    assert "worth 200 (assumed, as no value is predicted)" in section.words[0]
    assert len(section.plots) == 3
    assert "Deciles of expected value" not in {table.title for table in section.tables}


def test_the_deciles_find_all_leavers_in_the_end() -> None:
    section = curves_section(told({}), WORTH, OFFER, "EUR")
    deciles = section.tables[0]
    assert deciles.rows[0].cells == ("1", "50.0 %", "100.0 %", "20.0 %")
    assert deciles.rows[-1].cells[-1] == "100.0 %"


@pytest.mark.parametrize("key", ["incentive", "contact", "acceptance"])
def test_an_offer_has_no_negative_terms(key: str) -> None:
    with pytest.raises(ValueError, match=key):
        OfferSettings.model_validate({key: -1.0})
