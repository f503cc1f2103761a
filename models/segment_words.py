"""The rules of the segments in words, with their thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

RULES = {"value_tier_rule": "value_tier", "grade_rule": "grade", "portfolio_rule": "portfolio_cell"}
"""Columns with the rule that put a customer into a segment, and the segment's column."""

_NO_CURRENCY = "XXX"

Limits = Mapping[str, float | None]
Words = dict[str, dict[str, str]]
Said = dict[str, str | None]


@dataclass(frozen=True)
class Terms:
    """What amounts mean.

    Parameters
    ----------
    currency : str
    horizon : int or None
        Days.
    measure : {"net", "margin", "price"}
    margins : bool
        Whether margins of sales are known.
    """

    currency: str
    horizon: int | None
    measure: str
    margins: bool

    def money(self, amount: float | None) -> str:
        """Write an amount over the value horizon."""
        unit = "" if self.currency == _NO_CURRENCY else f" {self.currency}"
        return "any amount" if amount is None else f"{amount:,.2f}{unit}"

    @property
    def span(self) -> str:
        """Say over which time."""
        return "" if self.horizon is None else f" in {self.horizon} days"

    @property
    def profit(self) -> str:
        """Say what profit is."""
        if self.measure == "margin" or self.margins:
            return "margin net of service cost"
        return "value net of service cost (margins are not known)"


def words(terms: Terms, rule: Mapping[str, float], limits: Limits, given: Limits) -> Words:
    """Say what puts a customer into each segment, by column and segment; "" stands for none.

    Parameters
    ----------
    terms : Terms
    rule, limits, given : mapping of str to float or None
        The fields of :class:`models.segments.Rule` and :class:`models.segments.Thresholds`.
    """
    return {
        "value_tier": _tiers(terms, rule, limits, given),
        "grade": _grades(terms, rule, limits, given),
        "portfolio_cell": _cells(terms, limits),
    }


def explain(said: Mapping[str, Mapping[str, str]] | None, row: Mapping[str, object]) -> Said:
    """Give the rules that put a customer into segments.

    Parameters
    ----------
    said : mapping or None
        What :func:`words` gave; None where the segments were not known.
    row : mapping of str to str or None
        The customer's segments by column.
    """
    if said is None:
        return dict.fromkeys(RULES)
    return {rule: said[name].get(str(row[name] or "")) for rule, name in RULES.items()}


def _tiers(
    terms: Terms, rule: Mapping[str, float], limits: Limits, given: Limits
) -> dict[str, str]:
    valuable, growable = _percent(rule["most_valuable"]), _percent(rule["most_growable"])
    mvc = _who(f"the most valuable {valuable} of customers", given["mvc_value"])
    mgc = _who(f"the {growable} with the most headroom", given["mgc_headroom"])
    return {
        "MVC": f"brings {terms.money(limits['mvc_value'])} or more{terms.span} if kept{mvc}",
        "MGC": f"could bring {terms.money(limits['mgc_headroom'])} or more besides{terms.span}: "
        f"headroom in the wallet{mgc}",
        "BZ": f"costs more than it brings: {terms.profit} is below zero",
        "standard": "not among the most valuable or most growable, nor below zero",
        "": "no value is predicted",
    }


def _grades(
    terms: Terms, rule: Mapping[str, float], limits: Limits, given: Limits
) -> dict[str, str]:
    total, most = _percent(rule["grade_a"]), _percent(rule["grade_a_customers"])
    best = f"who bring the first {total}, at most {most} of customers by each"
    a = _who(best, given["a_value"], given["a_potential"])
    total, most = _percent(rule["grade_b"]), _percent(rule["grade_b_customers"])
    next_best = f"who, with A, bring the first {total}, at most {most} of customers by each"
    b = _who(next_best, given["b_value"], given["b_potential"])
    return {
        "A": _graded(terms, limits, "a") + a,
        "B": _graded(terms, limits, "b") + b,
        "C": "less value and less potential than those graded A or B",
        "": "no value is predicted",
    }


def _graded(terms: Terms, limits: Limits, grade: str) -> str:
    value = terms.money(limits[f"{grade}_value"])
    said = f"value of {value} or more{terms.span} if kept"
    if limits["wallet_share"] is None:
        return said
    return f"{said}, or potential (with headroom) of {terms.money(limits[f'{grade}_potential'])}"


def _cells(terms: Terms, limits: Limits) -> dict[str, str]:
    share = limits["wallet_share"]
    if share is None:
        return {"": "no wallet is known, nor attributes or categories to estimate one from"}
    amount = terms.money(limits["profit"])
    found = {"": "the customer's wallet share is not known"}
    shares = {"high": f"of {_percent(share)} or more", "low": f"below {_percent(share)}"}
    for height, whole in shares.items():
        said = f"wallet share {whole}; {terms.profit}"
        found |= {
            f"{height} share, high profit": f"{said} of {amount} or more",
            f"{height} share, low profit": f"{said} below {amount}",
        }
    return found


def _who(said: str, *given: float | None) -> str:
    return f" ({said})" if set(given) == {None} else " (as configured)"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
