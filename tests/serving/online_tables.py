"""The tables of a company beside its sales, made up; times are moments, with an offset."""

from __future__ import annotations

import numpy as np
import pandas as pd

CUSTOMERS = 250
DAYS = 290


def ids(rng: np.random.Generator, count: int) -> list[str]:
    """Draw customers, each perhaps several times."""
    return [f"{n:05d}" for n in rng.integers(0, CUSTOMERS, count)]


def moments(rng: np.random.Generator, count: int) -> pd.Series:
    """Draw moments of the company's history."""
    hours = pd.to_timedelta(rng.integers(0, 24 * DAYS, count), unit="h")
    return pd.Series(pd.Timestamp("2023-01-01 06:00", tz="UTC") + hours)


def later(rng: np.random.Generator, start: pd.Series, hours: int, share: float) -> pd.Series:
    """Give moments after others; a share of them are known."""
    took = pd.to_timedelta(rng.integers(1, hours, len(start)), unit="h")
    return (start + took).where(rng.random(len(start)) < share)


def table(rng: np.random.Generator, count: int, time: str) -> pd.DataFrame:
    """Make rows of customers with an event time and, for some, a late record of it."""
    made = pd.DataFrame({"customer_id": ids(rng, count), time: moments(rng, count)})
    return made.assign(recorded_at=later(rng, made[time], 500, 0.3))


def customers(rng: np.random.Generator) -> pd.DataFrame:
    """Make attributes, some of which change."""
    first = pd.DataFrame({"customer_id": [f"{n:05d}" for n in range(240)]})
    first["joined_at"] = pd.Timestamp("2022-12-01", tz="UTC")
    first["valid_from"] = pd.Timestamp("2022-12-01", tz="UTC")
    first["region"] = rng.choice(["north", "south", "east"], len(first))
    first["region"] = first["region"].mask(rng.random(len(first)) < 0.2)
    first["age"] = rng.integers(18, 80, len(first)).astype(float)
    first["children"] = rng.integers(0, 4, len(first))
    first["vip"] = rng.random(len(first)) < 0.1
    first["email"] = first["customer_id"] + "@example.org"
    first["birthday"] = pd.Timestamp("1980-05-05", tz="UTC") + pd.to_timedelta(
        rng.integers(0, 9000, len(first)), unit="D"
    )
    moved = first.sample(80, random_state=1).assign(region="west")
    moved["valid_from"] = pd.Timestamp("2023-09-01", tz="UTC") + pd.to_timedelta(
        rng.integers(0, 60, len(moved)), unit="D"
    )
    return pd.concat([first, moved], ignore_index=True)


def complaints(rng: np.random.Generator) -> pd.DataFrame:
    """Make complaints with what became of them."""
    made = table(rng, 200, "opened_at").drop(columns="recorded_at")
    made["resolved_at"] = later(rng, made["opened_at"], 900, 0.8)
    made["promised_at"] = made["opened_at"] + pd.Timedelta(days=5)
    made["category"] = rng.choice(["late", "broken"], len(made))
    made["severity"] = rng.integers(1, 4, len(made)).astype(float)
    made["channel"] = rng.choice(["phone", "shop"], len(made))
    made["satisfaction"] = rng.integers(1, 6, len(made)).astype(float)
    made["compensation"] = np.round(rng.random(len(made)) * 20, 2)
    made["cost"] = np.round(rng.random(len(made)) * 9, 2)
    return made


def wallets(rng: np.random.Generator) -> pd.DataFrame:
    """Make observed wallets of some customers."""
    made = table(rng, 150, "observed_at")
    made["period_days"] = rng.choice([30.0, 365.0], len(made))
    return made.assign(amount=np.round(made["period_days"] * rng.gamma(2.0, 3.0, len(made)), 2))


def contacts(rng: np.random.Generator) -> pd.DataFrame:
    """Make contacts with their responses, a part of them control."""
    made = table(rng, 400, "contacted_at")
    made["action"] = rng.choice(["call", "voucher"], len(made))
    made["treated"] = rng.random(len(made)) < 0.8
    made["channel"] = rng.choice(["mail", "phone"], len(made))
    made["cost"] = np.round(rng.random(len(made)), 2)
    made["responded_at"] = later(rng, made["contacted_at"], 400, 0.4).where(made["treated"])
    redeemed = np.round(rng.random(len(made)) * 10, 2)
    return made.assign(redeemed_cost=pd.Series(redeemed).where(made["responded_at"].notna()))


def subscriptions(rng: np.random.Generator) -> pd.DataFrame:
    """Make subscriptions, some ended, some changed."""
    made = table(rng, 300, "started_at")
    made["ended_at"] = later(rng, made["started_at"], 4_000, 0.6)
    made["plan"] = rng.choice(["basic", "plus", "pro"], len(made))
    made["price"] = rng.choice([5.0, 9.99, 20.0], len(made))
    made["price_period_days"] = rng.choice([30.0, 365.0], len(made))
    made["renews_at"] = later(rng, made["started_at"], 9_000, 0.8)
    made["auto_renew"] = rng.random(len(made)) < 0.7
    return made


def activities(rng: np.random.Generator) -> pd.DataFrame:
    """Make visits and log-ins with balances of points."""
    made = table(rng, 1_500, "occurred_at")
    made["kind"] = rng.choice(["visit", "login", "call"], len(made))
    made["count"] = rng.integers(0, 5, len(made)).astype(float)
    points = rng.integers(0, 900, len(made)).astype(float)
    return made.assign(points_balance=pd.Series(points).where(rng.random(len(made)) < 0.5))


def surveys(rng: np.random.Generator) -> pd.DataFrame:
    """Make answers, of which some leave a question out."""
    made = table(rng, 300, "answered_at")
    for name, most in (("nps", 11), ("csat", 6)):
        scores = pd.Series(rng.integers(0, most, len(made)).astype(float))
        made[name] = scores.where(rng.random(len(made)) < 0.8)
    return made


def referrals(rng: np.random.Generator) -> pd.DataFrame:
    """Make referrals among the customers, and of some who never became one."""
    made = table(rng, 200, "occurred_at")
    made["referred_id"] = ids(rng, len(made))
    made["referred_id"] = made["referred_id"].mask(rng.random(len(made)) < 0.1, "stranger")
    return made[made["customer_id"] != made["referred_id"]].reset_index(drop=True)
