"""From scores to a plan, as a user does it."""

from __future__ import annotations

import pandas as pd

import keepwell
from serving.targeting.plan import COLUMNS
from tests.support import BASE, Shop

CALL = """
[actions.call]
level = "social"
contact_cost = 0.5
capacity = 30
acceptance = 0.3
"""
ACTIONS = (
    CALL
    + """
[actions.voucher]
level = "financial"
contact_cost = 0.1
incentive_cost = 2.0
eligible = "churn_probability > 0.3 and days_since_purchase > 20"
acceptance = 0.25

[actions.visit]
level = "structural"
contact_cost = 5.0
eligible = "days_since_purchase > 9999"
acceptance = 0.5

[actions.advice]
level = "customised"
contact_cost = 1.0
"""
)


def test_a_plan_on_the_command_line(trained: Shop) -> None:
    assert "describe what can be offered in [actions.NAME] sections" in trained.refuses(
        "plan", "--budget", "20"
    )
    trained.write(config=BASE + ACTIONS)
    assert "there are no scores to plan with yet; run `keepwell score` first" in trained.refuses(
        "plan", "--budget", "20"
    )
    said = trained.does("score").all
    assert "Offer call: expected to pay with " in said
    assert "note: [actions.visit] is not planned: no customer is eligible" in said
    path = trained.folder / "plan.csv"
    refused = trained.refuses("plan", "--budget", "0", "--out", path)
    assert "budget = 0: nobody can be contacted for that. Give what may be spent" in refused
    assert not path.exists()
    said = trained.does("plan", "--budget", "20", "--control", "0.2", "--out", path).all
    assert "note: [actions.visit] is not planned: no customer is eligible" in said
    assert "note: [actions.advice] is not planned: it has neither an estimated effect nor" in said
    assert "chance alone makes" in said
    rows = pd.read_csv(path, dtype={"customer_id": str})
    assert tuple(rows.columns) == COLUMNS
    assert rows["customer_id"].is_monotonic_increasing
    assert rows["cost"].sum() <= 20
    assert set(rows["action"]) <= {"call", "voucher"}
    assert (rows["action"] == "call").sum() <= 30
    assert set(rows["arm"]) == {"treated", "control"}
    assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    again = keepwell.open(trained.config).plan(20.0, control=0.2)
    assert list(again.rows["customer_id"]) == list(rows["customer_id"])
    assert list(again.rows["arm"]) == list(rows["arm"])

    trained.write(config=BASE + ACTIONS.replace("capacity = 30", "capacity = 3"))
    said = trained.refuses("plan", "--budget", "20")
    assert "[actions.call] capacity was 30 and is 3. Run `keepwell score` again" in said
    trained.does("score")
    said = trained.refuses("plan", "--budget", "20", "--control", "0.1")
    assert "[actions.call] capacity = 3: a control group of 10% of that is less than one" in said


def test_an_expression_over_an_unknown_column_is_refused_before_any_work(trained: Shop) -> None:
    trained.write(config=BASE + CALL + 'eligible = "days_since_purchas > 3"\n')
    said = trained.refuses("score")
    assert '[actions.call] eligible: there is no column "days_since_purchas".' in said
    assert 'Did you mean "days_since_purchase"?' in said
    assert not trained.scores.exists()
