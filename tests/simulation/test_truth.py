from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from keepwell.simulate import actions, customers, purchases, rivals, service
from keepwell.simulate.block import Life, state
from keepwell.simulate.customers import BURSTY, REGULAR
from keepwell.simulate.leaving import FLOOR, NEVER
from keepwell.simulate.story import HORIZON, Bools, Floats
from keepwell.simulate.truth import churn_probability, courses, stays
from tests.simulated import Company

EFFECTS = [f"effect_{action.name}" for action in actions.ACTIONS]
COLUMNS = [
    "customer_id",
    "alive",
    "left_at",
    "leaving_hazard",
    "churn_probability",
    "wallet",
    "wallet_share",
    *EFFECTS,
]
DRAWS = 4_000


def test_the_truth_has_its_columns_a_row_a_customer_and_no_nulls(company: Company) -> None:
    truth = company.table("truth")
    assert list(truth.columns) == COLUMNS
    assert not truth.isna().any(axis=None)
    assert list(truth["customer_id"]) == list(company.table("customers")["customer_id"])
    assert truth["churn_probability"].between(0, 1).all()
    assert (truth["leaving_hazard"] > 0).all()


def test_the_departed_have_left_and_the_others_have_not(company: Company) -> None:
    truth = company.truth
    gone = truth[~truth["alive"]]
    assert 0.4 < len(gone) / len(truth) < 0.8
    assert (gone["left_at"] < company.as_of).all()
    assert (gone["churn_probability"] == 1).all()
    assert (gone[EFFECTS] == 0).all(axis=None)
    assert (truth["left_at"][truth["alive"]] == pd.Timestamp("2200-01-01")).all()
    assert (truth["churn_probability"][truth["alive"]] < 1).all()


def test_the_departed_have_the_hazard_of_the_day_they_left(
    lives: list[Life], truth: pd.DataFrame
) -> None:
    found = np.split(truth["leaving_hazard"].to_numpy(), len(lives))
    for life, hazard in zip(lives, found, strict=True):
        eventful = np.union1d(life.complaints.customer, life.fate.contacts[:, 0])
        quiet = np.asarray(~life.offers.reached.any(axis=1))
        quiet[eventful] = False
        gone = life.fate.left < NEVER
        assert (gone & quiet).sum() > 30
        np.testing.assert_allclose(hazard[gone & quiet], life.people.hazard[gone & quiet])
        least = FLOOR * np.exp(-1.5) * life.people.hazard
        assert (hazard[gone] > least[gone]).all()


def test_the_share_of_wallet_is_the_spend_of_the_year_over_the_wallet(company: Company) -> None:
    lines, truth = company.table("transactions"), company.truth
    year = lines["occurred_at"] >= company.as_of - pd.Timedelta(days=365)
    spend = lines[year & (lines["amount"] > 0)].groupby("customer_id")["amount"].sum()
    share = spend.reindex(truth.index).fillna(0) / truth["wallet"]
    np.testing.assert_allclose(truth["wallet_share"], share, atol=1e-9)
    assert truth["wallet_share"].between(0, 1).all()


def test_observed_wallets_are_those_of_three_in_ten_and_near_the_truth(company: Company) -> None:
    seen = company.table("wallets")
    assert 0.27 < seen["customer_id"].nunique() / company.story.customers < 0.33
    annual = seen["amount"] * 365 / seen["period_days"]
    error = np.log(annual / seen["customer_id"].map(company.truth["wallet"]))
    assert abs(error.mean()) < 0.05
    assert error.std() < 0.2


@pytest.mark.parametrize("day", [150, 365, 600])
def test_who_was_asked_for_the_wallet_tells_nothing_of_who_leaves(
    lives: list[Life], records: dict[str, pd.DataFrame], day: int
) -> None:
    moment = pd.Timestamp(lives[0].story.start) + pd.Timedelta(days=day)
    seen, truth = records["wallets"], records["truth"]
    there = truth[
        (truth["left_at"] > moment) & truth["customer_id"].isin(joined_by(records, moment))
    ]
    leaves = there["left_at"] <= moment + pd.Timedelta(days=180)
    asked = there["customer_id"].isin(seen["customer_id"][seen["observed_at"] < moment])
    error = np.sqrt(leaves.var() * (1 / asked.sum() + 1 / (~asked).sum()))
    assert asked.mean() == pytest.approx(0.3, abs=0.03)
    assert abs(leaves[asked].mean() - leaves[~asked].mean()) < 3 * error


def joined_by(records: dict[str, pd.DataFrame], moment: pd.Timestamp) -> pd.Series[str]:
    """Give the customers who joined before a moment."""
    people = records["customers"]
    joined: pd.Series[str] = people["customer_id"][people["joined_at"] < moment]
    return joined


def test_base_churn_at_every_cutoff_is_as_promised(company: Company) -> None:
    lines = company.table("transactions")
    lines = lines[lines["amount"] > 0]
    truth = company.truth.loc[company.active(company.as_of), "churn_probability"]
    rates = [float(truth.mean())]
    for back in (90, 180, 270, 360):
        cutoff = company.as_of - pd.Timedelta(days=back)
        window = lines["occurred_at"].between(cutoff, cutoff + pd.Timedelta(days=HORIZON), "left")
        stayed = set(lines["customer_id"][window])
        rates.append(float(np.mean([c not in stayed for c in company.active(cutoff)])))
    assert all(0.15 < rate < 0.35 for rate in rates)


def test_attributes_explain_half_of_the_log_wallet(truth: pd.DataFrame, lives: list[Life]) -> None:
    people = [life.people for life in lives]
    codes = [
        np.concatenate([getattr(p, n) for p in people]) for n in ("region", "income", "household")
    ]
    columns = [np.eye(5)[c][:, 1:] for c in codes]
    design = np.column_stack([np.ones(len(truth)), *columns])
    logs = np.log(truth["wallet"].to_numpy())
    rest = logs - design @ np.linalg.lstsq(design, logs)[0]
    assert 1 - rest.var() / logs.var() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("effect", EFFECTS)
def test_effects_have_the_promised_moments(truth: pd.DataFrame, effect: str) -> None:
    effects = truth.loc[truth["alive"], effect]
    assert effects.mean() == pytest.approx(-0.04, abs=0.005)
    assert effects.std() == pytest.approx(0.05, abs=0.006)
    assert 0.15 < (effects > 0).mean() < 0.25


def test_effects_are_another_thing_than_risk(truth: pd.DataFrame) -> None:
    alive = truth[truth["alive"]]
    risk = alive["leaving_hazard"]
    assert all(abs(np.corrcoef(risk, alive[effect])[0, 1]) < 0.4 for effect in EFFECTS)
    assert np.corrcoef(alive[EFFECTS].T)[np.triu_indices(4, 1)].max() < 0.75


def gaps(rng: np.random.Generator, life: Life, one: int, shape: tuple[int, ...]) -> Floats:
    """Draw gaps on the clock from their definition."""
    pattern = life.people.pattern[one]
    drawn = rng.exponential(size=(*shape, 4))
    if pattern == REGULAR:
        unit = drawn.mean(axis=-1)
    elif pattern == BURSTY:
        unit = drawn[..., 0] * rng.choice([0.3, 3.8], p=[0.8, 0.2], size=shape)
    else:
        unit = drawn[..., 0]
    return np.asarray(unit / life.people.rate[one])


def offers_to_come(rng: np.random.Generator, life: Life, one: int) -> Bools:
    """Draw whether an offer of a rival runs on each day of the horizon, shape (draws, days)."""
    days = life.story.days + np.arange(-1, HORIZON)
    region = life.people.region[[one]]
    offer = rivals.offer_of(region, days)[0]
    reached = rng.random((DRAWS, offer.max() + 1)) < life.offers.chance[one]
    known = min(life.offers.reached.shape[1], offer[0] + 1)
    reached[:, :known] = life.offers.reached[one, :known]
    return np.asarray(reached[:, offer[1:]])


def simulated(rng: np.random.Generator, life: Life, one: int) -> tuple[float, float]:
    """Simulate futures of one customer: how often nothing is bought, and how often they leave."""
    story, people = life.story, life.people
    days = story.days + np.arange(HORIZON)
    running = offers_to_come(rng, life, one)
    pace = purchases.season(story, days) * np.where(running, rivals.SHARE_KEPT, 1.0)
    clock = np.cumsum(pace, axis=1)
    age = state(life).age[one]
    first = gaps(rng, life, one, (400_000,))
    first = rng.choice(first[first > age], DRAWS) - age
    later = np.cumsum(gaps(rng, life, one, (DRAWS, 80)), axis=1)
    orders = np.column_stack([first, first[:, None] + later])
    complains = rng.random(orders.shape) < service.chance(people)[one]
    complains &= orders < clock[:, -1:]
    factor = 1.0 + running + life.added[one, story.days :]
    chances, sizes = service.kinds()
    for draw, number in zip(*np.nonzero(complains), strict=True):
        day = np.searchsorted(clock[draw], orders[draw, number])
        factor[draw, day + 1 :] += rng.choice(sizes, p=chances)
    hazard = people.hazard[one] * np.maximum(factor, FLOOR) * life.fate.treatment[one]
    patience = rng.exponential(size=DRAWS)[:, None]
    there = np.cumsum(hazard, axis=1) < patience
    midnights = np.column_stack([np.zeros(DRAWS), clock])
    until = midnights[np.arange(DRAWS), there.sum(axis=1)]
    return float(np.mean(orders[:, 0] >= until)), float(np.mean(~there[:, -1]))


@pytest.mark.parametrize("pattern", [customers.RANDOM, REGULAR, BURSTY])
def test_probabilities_are_those_of_simulated_futures(lives: list[Life], pattern: int) -> None:
    life, rng = lives[0], np.random.default_rng(pattern)
    now = state(life)
    futures = list(courses(life.story, now))
    assert np.allclose(sum(course.chance for course in futures), 1)
    churns, leaves = churn_probability(now, futures), 1 - stays(now, futures, np.zeros(2_000))
    there = (life.fate.left == NEVER) & (life.people.pattern == pattern)
    recent = there & (now.age * life.people.rate < 2)
    chosen = np.flatnonzero(recent)[:12]
    found = np.array([simulated(rng, life, one) for one in chosen])
    for told, counted in zip((churns[chosen], leaves[chosen]), found.T, strict=True):
        error = np.sqrt(told * (1 - told) / DRAWS)
        assert (np.abs(told - counted) < 4.5 * error + 0.003).all()
        assert abs(np.mean(told - counted)) < 0.003
