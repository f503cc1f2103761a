"""What an offer would have earned: profit along the ranking, planned and as it came out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.economics import break_even, contact_profit
from models.matrix import Floats
from training.curves import equal_mass_bins
from training.evaluate import MODEL, Evaluation
from training.measures_value import DECILES
from training.plots import decile_plot, gains_curve, profit_curve, reliability_plot
from training.profit import empc
from training.report import Plot, Section, Table, figure, money, percent, plain_rows
from training.settings import OfferSettings

WORTH = 200.0
"""Value of a kept customer where none is predicted: the one that EMPC assumes."""


@dataclass(frozen=True)
class Earned:
    """What an offer earns that is made to the customers of whom it is expected to pay.

    Parameters
    ----------
    contacts : int
    planned, came : float
        Profit by the probabilities, and by who really left; currency.
    """

    contacts: int
    planned: float
    came: float


def earned(churned: Floats, said: Floats, worth: Floats, offer: OfferSettings) -> Earned:
    """Work out what the offer earns where it is made to all of whom it is expected to pay.

    Parameters
    ----------
    churned, said : ndarray of shape (rows,)
        Outcomes and probabilities.
    worth : ndarray of shape (rows,)
        Value if retained less value if churned, currency.
    offer : OfferSettings
    """
    planned, came = profits(said, worth, offer), profits(churned, worth, offer)
    chosen = planned > 0
    return Earned(int(chosen.sum()), float(planned[chosen].sum()), float(came[chosen].sum()))


def profits(p: Floats, worth: Floats, offer: OfferSettings) -> Floats:
    """Give the profit of the offer to each customer, who leaves with probability ``p``."""
    return contact_profit(p, offer.acceptance, offer.incentive, offer.contact, worth)


def along(ranking: Floats, profit: Floats) -> Floats:
    """Give the total profit of 0, 1, 2, … contacts in the order of a ranking, highest first."""
    order = np.argsort(-ranking, kind="stable")
    return np.concatenate([[0.0], np.cumsum(profit[order])])


def curves_section(
    evaluation: Evaluation, worth: Floats, offer: OfferSettings, currency: str
) -> Section:
    """Show reliability, gains, deciles and profits.

    Parameters
    ----------
    evaluation : Evaluation
    worth : ndarray of shape (rows,)
        Value if retained less value if churned; NaN where no value is predicted.
    offer : OfferSettings
    currency : str
    """
    valued = bool(np.isfinite(worth).all())
    kept = worth if valued else np.full(len(worth), WORTH)
    p = evaluation.churn[MODEL].response
    tables = [_churn_deciles(evaluation)]
    if MODEL in evaluation.worth:
        tables.append(_value_deciles(evaluation))
    found = earned(evaluation.churned, p, kept, offer)
    tables += [_profit_table(evaluation, found, kept, offer), _empc_table(evaluation)]
    words = (_economics(offer, kept, valued=valued), _CAUTION)
    plots = _plots(evaluation, kept, offer, currency)
    return Section("curves", "Calibration, gains and profit", words, tuple(tables), plots)


_CAUTION = (
    "Profit assumes that whoever is likely to leave can be kept by the offer as often as assumed. "
    "High risk is not high sensitivity: only an experiment with a control group can show it."
)


def _economics(offer: OfferSettings, worth: Floats, *, valued: bool) -> str:
    mean = float(worth.mean())
    point = float(break_even(offer.acceptance, offer.incentive, offer.contact, mean))
    whose = "on average" if valued else "assumed, as no value is predicted"
    pays = (
        f"it pays from a churn probability of {percent(point)} on"
        if point <= 1
        else "it pays for nobody"
    )
    return (
        f"The offer: an incentive of {money(offer.incentive)}, {money(offer.contact)} a contact, "
        f"accepted by {percent(offer.acceptance)} of those about to leave. A customer kept is "
        f"worth {money(mean)} ({whose}); for such a customer {pays}."
    )


def _profit_table(
    evaluation: Evaluation, found: Earned, worth: Floats, offer: OfferSettings
) -> Table:
    came = profits(evaluation.churned, worth, offer)
    rows = [
        (
            f"{MODEL}, where it should pay",
            f"{found.contacts:,}",
            money(found.planned),
            money(found.came),
        )
    ]
    others = {n: said.ranking for n, said in evaluation.churn.items() if n != MODEL}
    rows += [
        (f"as many by {n}", f"{found.contacts:,}", "", money(along(r, came)[found.contacts]))
        for n, r in others.items()
    ]
    rows.append(("everybody", f"{len(came):,}", "", money(float(came.sum()))))
    columns = ("contacted", "contacts", "profit planned", "profit by who left")
    return Table("What the offer would have earned", columns, plain_rows(rows))


def _empc_table(evaluation: Evaluation) -> Table:
    found = {n: empc(evaluation.churned, said.ranking) for n, said in evaluation.churn.items()}
    rows = [(n, figure(e.profit), percent(e.target_fraction)) for n, e in found.items()]
    columns = ("method", "EMPC per customer", "contacted")
    title = "EMPC: acceptance Beta(6, 14), value 200, incentive 10, contact 1"
    return Table(title, columns, plain_rows(rows))


def _churn_deciles(evaluation: Evaluation) -> Table:
    deciles = equal_mass_bins(evaluation.churned, evaluation.churn[MODEL].response, DECILES)
    observed, said = deciles.actual[::-1], deciles.predicted[::-1]
    total = float(observed.sum())
    found = np.cumsum(observed) / total if total else np.full(DECILES, np.nan)
    rows = [
        (str(n + 1), percent(said[n]), percent(observed[n]), percent(found[n]))
        for n in range(DECILES)
    ]
    columns = ("tenth, riskiest first", "expected", "left", "of all leavers, so far")
    return Table("Deciles of churn probability", columns, plain_rows(rows), detail=True)


def _value_deciles(evaluation: Evaluation) -> Table:
    deciles = equal_mass_bins(evaluation.value, evaluation.worth[MODEL].response, DECILES)
    rows = [
        (str(n + 1), money(p), money(a))
        for n, (p, a) in enumerate(zip(deciles.predicted[::-1], deciles.actual[::-1], strict=True))
    ]
    columns = ("tenth, highest first", "expected", "came true")
    return Table("Deciles of expected value", columns, plain_rows(rows), detail=True)


def _plots(
    evaluation: Evaluation, worth: Floats, offer: OfferSettings, currency: str
) -> tuple[Plot, ...]:
    churned, p = evaluation.churned, evaluation.churn[MODEL].response
    rankings = {name: said.ranking for name, said in evaluation.churn.items()}
    came = profits(churned, worth, offer)
    ours = {MODEL: profits(p, worth, offer)}
    curves = {name: along(r, came) for name, r in {**rankings, **ours}.items()}
    found = earned(churned, p, worth, offer)
    made = [
        Plot(
            reliability_plot(churned, p),
            "Observed churn share against predicted probability in 15 bins of equal size; "
            f"{percent(churned.mean())} left, {percent(p.mean())} were expected.",
        ),
        Plot(
            gains_curve(churned, rankings),
            "Share of leavers found against share of customers called, for each method.",
        ),
    ]
    if MODEL in evaluation.worth:
        worths = evaluation.worth[MODEL].response
        made.append(
            Plot(
                decile_plot(evaluation.value, worths, currency=currency),
                "Mean expected and mean actual value by tenth of expected value.",
            )
        )
    made.append(
        Plot(
            profit_curve(curves, chosen=found.contacts, currency=currency),
            "Profit of the offer against the share of customers contacted; the model would "
            f"contact {found.contacts:,} of {len(churned):,} and earn {money(found.came)}.",
        )
    )
    return tuple(made)
