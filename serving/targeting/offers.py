"""What each action would bring and cost with each customer.

Where the champion's uplift has learnt an action's effect from an experiment, the offer rests on
that estimate; otherwise on what the user assumes: the share of would-be leavers who accept, or by
how much more begin to buy a category. An action is one or the other with all customers, and says
which.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import InputError
from models.economics import assumed_effect, effect_profit
from models.effect import Effect
from models.matrix import Floats
from models.release import Release
from serving.targeting.actions import ASSUMED, ESTIMATED, Action
from serving.targeting.begun import Begun
from serving.targeting.eligibility import Bools, Expression, check_columns, parse
from serving.targeting.settings import ActionSettings

Counts = NDArray[np.int64]
Batches = Iterable[tuple[pd.DataFrame, pd.DataFrame]]

CUSTOMER = ("customer_id", "churn_probability", "expected_value", "stake", "reasons")
"""What an offer says of its customer."""

MATRICES = ("profit", "cost", "deviation", "churn", "begins")
"""What is said of a customer and an action."""

_PLACES = 4
"""Of money, as everywhere: sums of costs are then exact whatever their order."""

_NORMAL_80 = 2.563
"""Width of the middle 80 % of a normal distribution, in standard deviations."""


class Uplift(Protocol):
    """Effects that were learnt from an experiment."""

    @property
    def actions(self) -> tuple[str, ...]:
        """Whose effect was learnt."""

    def effects(self, scores: pd.DataFrame, matrix: Floats) -> Mapping[str, Effect]:
        """Give the effect of each of them on some snapshots that are scored."""


@dataclass(frozen=True)
class Offers:
    """Offers to some customers.

    Parameters
    ----------
    actions : tuple of Action
    customers : DataFrame
        The columns :data:`CUSTOMER`, ordered by ``customer_id``: its ``stake`` is what is lost if
        the customer leaves, ``reasons`` are those of the score.
    profit : ndarray of shape (customers, actions)
        Expected, net of all costs, in the currency; -inf where there is no offer.
    cost : ndarray of shape (customers, actions)
        Expected: of the contact, and of the incentive times P(redeemed); 0 where there is none.
    deviation : ndarray of shape (customers, actions)
        Standard deviation of the profit by chance alone; 0 where there is none.
    churn : ndarray of shape (customers, actions)
        P(leave | left alone) - P(leave | treated), in [-1, 1]; 0 where there is none.
    begins : ndarray of shape (customers, actions)
        P(a first purchase in the action's category | left alone); 0 where there is none.
    """

    actions: tuple[Action, ...]
    customers: pd.DataFrame
    profit: Floats
    cost: Floats
    deviation: Floats
    churn: Floats
    begins: Floats

    @property
    def offered(self) -> Bools:
        """Which offers there are."""
        return np.asarray(np.isfinite(self.profit))

    def take(self, rows: Bools) -> Offers:
        """Keep some customers."""
        return Offers(
            self.actions,
            self.customers[rows].reset_index(drop=True),
            *(getattr(self, name)[rows] for name in MATRICES),
        )

    def without(self, gone: Bools) -> Offers:
        """Leave some offers out; `gone` has the shape (customers, actions)."""
        return replace(self, profit=np.where(gone, -np.inf, self.profit))


def check_actions(
    actions: Mapping[str, ActionSettings], columns: Iterable[str], *, valued: bool
) -> None:
    """Refuse what no offers can be computed for, before anything is.

    Parameters
    ----------
    actions : mapping of str to ActionSettings
    columns : iterable of str
        Scores and features, which expressions may use.
    valued : bool
        Whether the champion predicts values.

    Raises
    ------
    InputError
        When it predicts none, or an expression is over an unknown column.
    """
    if actions and not valued:
        raise InputError(
            "[actions]: what an offer brings rests on values, and the champion predicts none; give "
            "[value] amount and run `keepwell train --replace`, or remove [actions]"
        )
    known = set(columns)
    for name, action in actions.items():
        if action.eligible is not None:
            check_columns(name, parse(action.eligible), known)


def make_offers(
    actions: Mapping[str, ActionSettings],
    release: Release,
    uplift: Uplift | None,
    batches: Batches,
    first: pd.DataFrame | None = None,
) -> Offers:
    """Compute what each action would bring with each eligible customer.

    Parameters
    ----------
    actions : mapping of str to ActionSettings
    release : Release
        What derives and encodes the features.
    uplift : Uplift or None
        Decides which actions have an estimated effect.
    batches : iterable of (DataFrame, DataFrame)
        Snapshots with the features of the tables, and the scores of the same customers with
        their ``reasons``, row by row.
    first : DataFrame, optional
        First purchases, as in :meth:`models.cross_sell.CrossSell.matrix`, with amounts in the
        measure of values; wanted where an action has a category.

    Returns
    -------
    Offers
        Those that are expected to pay, of customers who have one, ordered by id.

    Raises
    ------
    InputError
        When an expression compares what cannot be compared.
    """
    wanted = {name: _Wanted.of(name, actions[name]) for name in sorted(actions)}
    learnt = uplift.actions if uplift else ()
    made = [_batch(wanted, release, uplift, first, *batch) for batch in batches]
    counts = np.sum([eligible for _, eligible in made], axis=0)
    facts = tuple(
        Action.of(name, actions[name], _basis(name, actions[name], learnt), int(count))
        for name, count in zip(wanted, counts, strict=True)
    )
    return _joined([offers for offers, _ in made], facts)


def _basis(name: str, action: ActionSettings, learnt: Sequence[str]) -> str | None:
    if name in learnt:
        return ESTIMATED
    return None if action.acceptance is None and action.lift is None else ASSUMED


@dataclass(frozen=True)
class _Wanted:
    """An action with its expression, read once."""

    name: str
    action: ActionSettings
    expression: Expression | None

    @classmethod
    def of(cls, name: str, action: ActionSettings) -> _Wanted:
        return cls(name, action, parse(action.eligible) if action.eligible else None)

    def eligible(self, frame: pd.DataFrame, scores: pd.DataFrame) -> Bools:
        """Tell who meets the expression."""
        met = np.ones(len(scores), dtype=bool)
        if self.expression is not None:
            columns = {c: (scores if c in scores else frame)[c] for c in self.expression.columns}
            try:
                met = self.expression.holds(pd.DataFrame(columns, index=scores.index))
            except ValueError as error:
                raise InputError(f"[actions.{self.name}] eligible: {error}") from None
        return met


def _batch(
    wanted: Mapping[str, _Wanted],
    release: Release,
    uplift: Uplift | None,
    first: pd.DataFrame | None,
    frame: pd.DataFrame,
    scores: pd.DataFrame,
) -> tuple[Offers, Counts]:
    """Make the offers to some customers, and count who is eligible for each action."""
    read = {c for one in wanted.values() if one.expression for c in one.expression.columns}
    if uplift is not None or read & set(release.derived_names):
        frame = release.completed(frame)
    begun = _begun(wanted, first, scores)
    lifted = {name: one.effect for name, one in begun.items() if one.effect}
    effects = lifted | dict(_effects(wanted, release, uplift, frame, scores))
    customers = _customers(scores)
    shape = (len(scores), len(wanted))
    made = Offers((), customers, np.full(shape, -np.inf), *(np.zeros(shape) for _ in range(4)))
    counts = np.zeros(len(wanted), dtype=np.int64)
    for n, (name, one) in enumerate(wanted.items()):
        eligible = one.eligible(frame, scores)
        if name in begun:
            eligible &= begun[name].new
        counts[n] = eligible.sum()
        if name in effects:
            _offer(made, n, one.action, effects[name], eligible, _spread(scores))
        if name in begun:
            _tell(made, n, begun[name], lifted=effects.get(name) is lifted.get(name))
    return made.take(np.asarray(made.offered.any(axis=1))), counts


def _begun(
    wanted: Mapping[str, _Wanted], first: pd.DataFrame | None, scores: pd.DataFrame
) -> Mapping[str, Begun]:
    """Look up the first purchases that offers of a category meet."""
    if first is None:
        return {}
    return {
        name: Begun.of(first, scores["customer_id"], one.action)
        for name, one in wanted.items()
        if one.action.category is not None
    }


def _effects(
    wanted: Mapping[str, _Wanted],
    release: Release,
    uplift: Uplift | None,
    frame: pd.DataFrame,
    scores: pd.DataFrame,
) -> Mapping[str, Effect]:
    """Give the effect of each action whose effect is known: as estimated, else as assumed."""
    p = scores["churn_probability"].to_numpy(np.float64)
    assumed = {
        name: assumed_effect(p, one.action.acceptance)
        for name, one in wanted.items()
        if one.action.acceptance is not None
    }
    return assumed | (dict(uplift.effects(scores, release.encoder.matrix(frame))) if uplift else {})


def _customers(scores: pd.DataFrame) -> pd.DataFrame:
    stake = scores["value_if_retained"] - scores["value_if_churned"]
    return scores.assign(stake=stake)[list(CUSTOMER)].reset_index(drop=True)


def _spread(scores: pd.DataFrame) -> Floats:
    """Give the standard deviation of what each customer will bring; 0 where nothing tells it."""
    width = scores["expected_value_high_80"] - scores["expected_value_low_80"]
    return width.fillna(0.0).to_numpy(np.float64) / _NORMAL_80


def _offer(
    made: Offers, n: int, action: ActionSettings, effect: Effect, eligible: Bools, spread: Floats
) -> None:
    """Fill the column of an action with the offers that are expected to pay."""
    d, f = action.incentive_cost, action.contact_cost
    stake = made.customers["stake"].to_numpy(np.float64)
    profit = effect_profit(effect, d, f, stake).round(_PLACES)
    pays = eligible & (profit > 0)
    made.profit[pays, n] = profit[pays]
    made.cost[pays, n] = (f + effect.redemption * d).round(_PLACES)[pays]
    made.churn[pays, n] = effect.churn[pays]
    # Whoever the action moves brings the stake or does not, give or take what customers differ by.
    moved = np.abs(effect.churn)
    variance = moved * (stake**2 + spread**2) - (moved * stake) ** 2
    variance += d**2 * effect.redemption * (1 - effect.redemption)
    made.deviation[pays, n] = np.sqrt(variance)[pays]


def _tell(made: Offers, n: int, begun: Begun, *, lifted: bool) -> None:
    """Add to the offers of a category how likely it is begun, and what chance makes of that."""
    pays = made.offered[:, n]
    made.begins[pays, n] = begun.probability[pays]
    if lifted:
        made.deviation[pays, n] = np.sqrt(made.deviation[:, n] ** 2 + begun.variance)[pays]


def _joined(parts: Sequence[Offers], actions: tuple[Action, ...]) -> Offers:
    """Put batches together, ordered by customer: no order of rows then changes a plan."""
    customers = pd.concat([part.customers for part in parts], ignore_index=True)
    order = np.argsort(customers["customer_id"].to_numpy(dtype=str), kind="stable")
    return Offers(
        actions,
        customers.iloc[order].reset_index(drop=True),
        *(np.concatenate([getattr(part, name) for part in parts])[order] for name in MATRICES),
    )
