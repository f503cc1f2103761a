"""Who the customers are: attributes that anybody sees, and traits that nobody does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepwell.simulate.story import YEAR, Floats, Ints, Story, stream

REGIONS = ("north", "south", "east", "west", "centre")
INCOMES = ("lowest", "low", "middle", "high", "highest")
AGES = ("under 30", "30 to 44", "45 to 59", "60 and over")
CATEGORIES = ("food", "drinks", "home", "garden", "care", "toys", "books", "sports")

_REGION = (np.array([0.25, 0.2, 0.2, 0.2, 0.15]), np.array([0.4, 0.15, 0.0, -0.25, -0.4]))
_INCOME = (np.array([0.2, 0.25, 0.25, 0.2, 0.1]), np.array([-1.1, -0.5, 0.0, 0.6, 1.3]))
_HOUSEHOLD = (np.array([0.3, 0.33, 0.15, 0.15, 0.07]), np.array([-0.7, -0.1, 0.2, 0.6, 0.8]))
_AGE = np.array([0.2, 0.3, 0.3, 0.2])
"""Probability of each level, and what it adds to the score of the wallet."""

STRONG_RIVAL = (0, 2)
"""Regions with a strong rival."""

WALLET_MEDIAN, WALLET_DEVIATION = 2_400.0, 0.55
SHARE_LOGIT, SHARE_DEVIATION = -0.5, 1.15
GAP_DAYS = 21.0
MEMBERS, DISCOUNT_PRONE = 0.35, 0.25
RANDOM, REGULAR, BURSTY = 0, 1, 2
_PATTERN = (0.3, 0.4, 0.3)
HAZARD_MEDIAN = 0.0021
_LIFE_DAYS = 600.0
_TENURE_DAYS = 700.0


@dataclass(frozen=True)
class Customers:
    """A block of customers, an array of a row each.

    Attributes
    ----------
    number
        From 0, of the whole company.
    joined
        Day of joining; below 0 before the records begin.
    region, income, household, age
        Codes of the attributes.
    wallet
        Expected spend in the category a year, with anybody.
    share
        Part of it that is spent here while no rival interferes.
    rate
        Orders a day while no rival interferes.
    pattern
        RANDOM, REGULAR or BURSTY.
    service, attachment, engagement
        Standard normal: service as experienced, logit of the share, use of digital channels.
    member, discount_prone
        0 or 1: takes the loyalty plan; waits for discounts.
    tastes
        Probability of each category.
    hazard
        Of leaving, a day, while nothing happens.
    """

    number: Ints
    joined: Ints
    region: Ints
    income: Ints
    household: Ints
    age: Ints
    wallet: Floats
    share: Floats
    rate: Floats
    pattern: Ints
    service: Floats
    attachment: Floats
    engagement: Floats
    member: Ints
    discount_prone: Ints
    tastes: Floats
    hazard: Floats

    @property
    def first(self) -> Ints:
        """First day with records of each customer."""
        return np.maximum(self.joined, 0)

    def __len__(self) -> int:
        """Count the customers."""
        return len(self.number)


def draw(story: Story, block: int, number: Ints) -> Customers:
    """Draw a block of customers."""
    rng, n = stream(story, block, "customers"), len(number)
    region, income, household = (_levels(rng, p, n) for p, _ in (_REGION, _INCOME, _HOUSEHOLD))
    service, attachment, engagement = rng.standard_normal((3, n))
    member = (rng.random(n) < MEMBERS).astype(np.int64)
    prone = (rng.random(n) < DISCOUNT_PRONE).astype(np.int64)
    wallet = _wallet(_score(region, income, household), rng.standard_normal(n))
    share = 1 / (1 + np.exp(-(SHARE_LOGIT + SHARE_DEVIATION * attachment)))
    joined = _joined(rng, story, n)
    return Customers(
        number=number,
        joined=joined,
        region=region,
        income=income,
        household=household,
        age=_levels(rng, _AGE, n),
        wallet=wallet,
        share=share,
        rate=_rate(share * wallet, rng.standard_normal(n)),
        pattern=_levels(rng, np.array(_PATTERN), n),
        service=service,
        attachment=attachment,
        engagement=engagement,
        member=member,
        discount_prone=prone,
        tastes=_tastes(rng, n),
        hazard=_hazard(
            -0.4 * service
            - 0.45 * attachment
            - 0.3 * engagement
            - 0.5 * (member - MEMBERS)
            + 0.4 * (prone - DISCOUNT_PRONE)
            + 0.3 * np.isin(region, STRONG_RIVAL)
            - 0.4 * np.log1p(np.maximum(-joined, 0) / YEAR)
            + 0.4 * rng.standard_normal(n)
        ),
    )


def _levels(rng: np.random.Generator, chances: Floats, n: int) -> Ints:
    return np.searchsorted(np.cumsum(chances)[:-1], rng.random(n), side="right").astype(np.int64)


def _joined(rng: np.random.Generator, story: Story, n: int) -> Ints:
    # The company neither grows nor shrinks much: who joins replaces who leaves.
    there_before = rng.random(n) < _LIFE_DAYS / (_LIFE_DAYS + story.days)
    before = -1 - np.floor(rng.exponential(_TENURE_DAYS, n))
    during = np.floor(rng.random(n) * (story.days - 1))
    return np.where(there_before, before, during).astype(np.int64)


def _score(region: Ints, income: Ints, household: Ints) -> Floats:
    """Give the score of the attributes, with mean 0 and variance 1 over all customers."""
    parts = ((region, _REGION), (income, _INCOME), (household, _HOUSEHOLD))
    total = sum((effects[codes] for codes, (_, effects) in parts), np.zeros(len(region)))
    means = [float(p @ e) for _, (p, e) in parts]
    variance = sum(float(p @ e**2) - m**2 for (_, (p, e)), m in zip(parts, means, strict=True))
    return np.asarray((total - sum(means)) / np.sqrt(variance))


def _wallet(score: Floats, noise: Floats) -> Floats:
    return np.asarray(WALLET_MEDIAN * np.exp(WALLET_DEVIATION * (score + noise) / np.sqrt(2)))


def _rate(spend: Floats, noise: Floats) -> Floats:
    usual = WALLET_MEDIAN / (1 + np.exp(-SHARE_LOGIT))
    rate = (spend / usual) ** 0.5 * np.exp(0.4 * noise) / GAP_DAYS
    return np.asarray(np.clip(rate, 1 / 60, 1 / 3))


def _tastes(rng: np.random.Generator, n: int) -> Floats:
    popularity = 4 * np.array([0.28, 0.16, 0.14, 0.1, 0.12, 0.07, 0.07, 0.06])
    drawn = rng.standard_gamma(popularity, (n, len(CATEGORIES))) + 1e-9
    return np.asarray(drawn / drawn.sum(axis=1, keepdims=True))


def _hazard(log_ratio: Floats) -> Floats:
    return np.clip(HAZARD_MEDIAN * np.exp(log_ratio), 5e-5, 0.02)
