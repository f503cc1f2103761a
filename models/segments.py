"""Segments: what a customer is worth keeping for, each with the rule that put the customer there.

All rest on what the customer brings *if kept* (``value_if_retained``): the best customers stay the
best while they are about to leave, which the churn probability tells apart. Figures of a customer,
in the currency over the value horizon:

* *value*: ``value_if_retained``;
* *headroom*: what the rest of the wallet would bring;
* *potential*: value and headroom together;
* *profit*: the margin of the value, less what serving the customer costs in that time, as in the
  last 365 days (handling complaints, contacts).

``value_tier``, the first that applies: BZ, profit below zero; MVC, among the highest values; MGC,
among the largest headrooms; else standard. ``grade``: A, B or C by the share of the total that
those of at least this value, or at least this potential, bring together, if they are not too many;
the better of the two counts. ``portfolio_cell``: wallet share and profit, each high or low, with
its ``strategy``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.matrix import Floats
from models.segment_words import RULES, Terms, words

TIERS = ("MVC", "MGC", "BZ", "standard")
GRADES = ("A", "B", "C")
STRATEGIES = {
    "high share, high profit": "defend",
    "low share, high profit": "grow",
    "high share, low profit": "maintain",
    "low share, low profit": "let go",
}
"""By cell of the portfolio."""
CELLS = tuple(STRATEGIES)

SEGMENTS = ("value_tier", "grade", "portfolio_cell", "strategy")
PASSED = ("lifecycle_stage", "loyalty_type", "loyalty_evidence")
"""Features that are segments by themselves, with the measure that decided the last."""

_COSTS = ("complaint_cost_sum_365d", "contact_cost_sum_365d")
_YEAR = 365

Column = Callable[[str], Floats]
"""Gives a feature of all customers by name; NaN where it is unknown."""

Names = NDArray[np.object_]


@dataclass(frozen=True)
class Rule:
    """Where thresholds are set, as long as nobody names them.

    Parameters
    ----------
    most_valuable, most_growable : float
        Shares of the customers: by value, and by headroom.
    grade_a, grade_b : float
        Shares of the total that customers graded A, and A or B, bring together.
    grade_a_customers, grade_b_customers : float
        Shares of the customers who are at most that by each measure: where everybody brings much
        the same, most would be graded A.
    """

    most_valuable: float = 0.2
    most_growable: float = 0.2
    grade_a: float = 0.8
    grade_b: float = 0.95
    grade_a_customers: float = 0.2
    grade_b_customers: float = 0.5


@dataclass(frozen=True)
class Thresholds:
    """From where on a customer is in a segment; None: nobody is.

    Parameters
    ----------
    mvc_value, mgc_headroom, a_value, a_potential, b_value, b_potential, profit : float or None
        In the currency, over the value horizon.
    wallet_share : float or None
        None where no wallet is known, and there is no portfolio.
    """

    mvc_value: float | None = None
    mgc_headroom: float | None = None
    a_value: float | None = None
    a_potential: float | None = None
    b_value: float | None = None
    b_potential: float | None = None
    wallet_share: float | None = None
    profit: float | None = None


@dataclass(frozen=True)
class Basis:
    """What turns predictions and features into the figures that segments rest on.

    Parameters
    ----------
    currency : str
    horizon : int or None
        Days of the value; None where nobody knows.
    measure : {"net", "margin", "price"}
        What a value is.
    margin : float or None
        Margin over spend of all customers together; None where margins are not known.
    """

    currency: str
    horizon: int | None
    measure: str = "net"
    margin: float | None = None

    @property
    def years(self) -> float:
        """The value horizon as a part of a year."""
        return (self.horizon or _YEAR) / _YEAR

    def figures(self, value: Floats, column: Column) -> Figures:
        """Work the figures of customers out."""
        known = 1.0 if self.margin is None else self.margin
        own = column("margin_share_365d")
        kept = np.where(np.isnan(own), known, own) if self.measure == "net" else 1.0
        cost = sum(_known(column(name)) for name in _COSTS)
        headroom = column("wallet_headroom") * self.years
        return Figures(
            value,
            headroom * known if self.measure == "margin" else headroom,
            column("wallet_share"),
            np.asarray(value * kept - self.years * cost),
        )


@dataclass(frozen=True)
class Figures:
    """Figures of customers, arrays of shape (customers,); NaN where one is unknown."""

    value: Floats
    headroom: Floats
    share: Floats
    profit: Floats

    @property
    def potential(self) -> Floats:
        """Value and headroom; the value alone where the wallet is unknown."""
        return np.asarray(self.value + _known(self.headroom))


@dataclass(frozen=True)
class Segments:
    """The segments of a release: their thresholds, and where these come from.

    Parameters
    ----------
    basis : Basis
    rule : Rule
    thresholds : Thresholds
        Learnt, but for those that were given.
    given : Thresholds
    """

    basis: Basis
    rule: Rule
    thresholds: Thresholds
    given: Thresholds = Thresholds()

    @cached_property
    def words(self) -> dict[str, dict[str, str]]:
        """The rules in words, by column and segment; "" stands for none."""
        basis = self.basis
        terms = Terms(basis.currency, basis.horizon, basis.measure, basis.margin is not None)
        return words(terms, asdict(self.rule), asdict(self.thresholds), asdict(self.given))

    def assign(self, value: Floats, column: Column) -> dict[str, Names]:
        """Put customers into segments.

        Parameters
        ----------
        value : ndarray of shape (customers,)
            ``value_if_retained``; NaN where none is predicted.
        column : callable
            Gives features by name.

        Returns
        -------
        dict of str to ndarray of object
            The columns of :data:`SEGMENTS` and :data:`models.segment_words.RULES`; None where the
            figures that a segment rests on are unknown, which its rule then says.
        """
        figures = self.basis.figures(value, column)
        cells = self._cells(figures)
        made: dict[str, Names] = {
            "value_tier": _TIERS[self._tiers(figures)],
            "grade": _GRADES[self._grades(figures)],
            "portfolio_cell": _CELLS[cells],
            "strategy": _STRATEGIES[cells],
        }
        return made | {rule: self._why(name, made[name]) for rule, name in RULES.items()}

    def _why(self, name: str, found: Names) -> Names:
        said = self.words[name]
        return np.array([said[segment or ""] for segment in found], dtype=object)

    @cached_property
    def _limits(self) -> dict[str, float]:
        # Nothing reaches infinity: of a threshold that is None nobody is above.
        limits = asdict(self.thresholds).items()
        return {name: np.inf if limit is None else limit for name, limit in limits}

    def _tiers(self, figures: Figures) -> NDArray[np.intp]:
        # As for one customer, so for all: np.select takes three times as long for one.
        limits = self._limits
        growable = np.where(figures.headroom >= limits["mgc_headroom"], 1, 3)
        valued = np.where(figures.value >= limits["mvc_value"], 0, growable)
        return np.where(np.isnan(figures.value), -1, np.where(figures.profit < 0, 2, valued))

    def _grades(self, figures: Figures) -> NDArray[np.intp]:
        limits, value, potential = self._limits, figures.value, figures.potential
        first = (value >= limits["a_value"]) | (potential >= limits["a_potential"])
        second = (value >= limits["b_value"]) | (potential >= limits["b_potential"])
        return np.where(np.isnan(value), -1, np.where(first, 0, np.where(second, 1, 2)))

    def _cells(self, figures: Figures) -> NDArray[np.intp]:
        limits = self._limits
        low_share, low_profit = (
            figures.share < limits["wallet_share"],
            figures.profit < limits["profit"],
        )
        unknown = np.isnan(figures.share) | np.isnan(figures.profit)
        if self.thresholds.wallet_share is None:
            unknown = np.ones_like(unknown)
        return np.where(unknown, -1, low_share + 2 * low_profit)

    def to_dict(self) -> dict[str, Any]:
        """Give JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` gave."""
        return cls(
            Basis(**fields["basis"]),
            Rule(**fields["rule"]),
            Thresholds(**fields["thresholds"]),
            Thresholds(**fields["given"]),
        )


def learn(
    basis: Basis, value: Floats, column: Column, rule: Rule, given: Thresholds | None = None
) -> Segments:
    """Set thresholds by some customers.

    Parameters
    ----------
    basis : Basis
        Its margin is learnt here.
    value : ndarray of shape (customers,)
        ``value_if_retained``.
    column : callable
        Gives features by name.
    rule : Rule
    given : Thresholds, optional
        What is not None takes the place of what is learnt.
    """
    margin = margin_share(column("margin_sum_365d"), column("spend_sum_365d"))
    basis = Basis(basis.currency, basis.horizon, basis.measure, margin)
    figures = basis.figures(value, column)
    profit = figures.profit[~np.isnan(figures.profit)]
    learnt = Thresholds(
        mvc_value=of_customers(figures.value, rule.most_valuable),
        mgc_headroom=of_customers(figures.headroom, rule.most_growable),
        a_value=_stricter(figures.value, rule.grade_a, rule.grade_a_customers),
        a_potential=_stricter(figures.potential, rule.grade_a, rule.grade_a_customers),
        b_value=_stricter(figures.value, rule.grade_b, rule.grade_b_customers),
        b_potential=_stricter(figures.potential, rule.grade_b, rule.grade_b_customers),
        wallet_share=of_customers(figures.share, 0.5),
        profit=float(np.mean(profit)) if len(profit) else None,
    )
    named = {k: v for k, v in asdict(given or Thresholds()).items() if v is not None}
    return Segments(basis, rule, Thresholds(**{**asdict(learnt), **named}), given or Thresholds())


def margin_share(margin: Floats, spend: Floats) -> float | None:
    """Give the margin over the spend of all whose margin is known; None where nobody's is."""
    known = ~np.isnan(margin) & ~np.isnan(spend)
    whole = float(np.sum(spend[known]))
    return float(np.sum(margin[known])) / whole if whole > 0 else None


def of_customers(figures: Floats, share: float) -> float | None:
    """Give from where on a figure is among the highest, of such a share of the customers.

    Parameters
    ----------
    figures : ndarray of shape (customers,)
        NaN where unknown: these do not count.
    share : float
        Within (0, 1).

    Returns
    -------
    float or None
        None where nobody has one above zero.
    """
    ordered = _descending(figures)
    count = round(share * np.count_nonzero(~np.isnan(figures)))
    return _below(ordered, min(max(count, 1), len(ordered)))


def of_total(figures: Floats, share: float) -> float | None:
    """Give from where on figures sum up to such a share of all that is above zero.

    Parameters and returns are those of :func:`of_customers`.
    """
    ordered = _descending(figures)
    if not len(ordered):
        return None
    sums = np.cumsum(ordered)
    count = int(np.searchsorted(sums, share * sums[-1])) + 1
    return _below(ordered, min(count, len(ordered)))


def _stricter(figures: Floats, total: float, customers: float) -> float | None:
    found = of_total(figures, total), of_customers(figures, customers)
    return max((limit for limit in found if limit is not None), default=None)


def _below(ordered: Floats, count: int) -> float | None:
    """Give the middle between the first so many, with their ties, and the next figure.

    No customer lies on it, so that the last digit of a prediction decides nothing.
    """
    if not count:
        return None
    last = ordered[count - 1]
    rest = ordered[ordered < last]
    return float((last + (rest[0] if len(rest) else 0.0)) / 2)


def _descending(figures: Floats) -> Floats:
    return -np.sort(-figures[figures > 0])


def _known(figures: Floats) -> Floats:
    """Give figures with 0 for what is unknown."""
    return np.where(np.isnan(figures), 0.0, figures)


def _names(*segments: str) -> Names:
    # Code -1 takes the last: none.
    return np.array([*segments, None], dtype=object)


_TIERS, _GRADES, _CELLS = _names(*TIERS), _names(*GRADES), _names(*CELLS)
_STRATEGIES = _names(*STRATEGIES.values())
