"""Effects that are known: learnt from a simulated company's contacts, and from none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from features.contacted import contacted, write_contacted
from features.labels import Target
from features.panel import features_at, write
from features.population import population
from keepwell.cli import main
from keepwell.project import Project
from keepwell.simulate.story import HORIZON, Story
from models.matrix import Encoder, Floats
from models.uplift_learners import Experiment, fit
from tests.simulated import Company
from training.dates import known_by
from training.measures import spearman
from training.uplift import judge
from training.uplift_data import counted, lacking, propensity

STORY = Story(customers=20_000, seed=3)
ACTIVE = 120
TABLES = ("transactions", "customers", "contacts")
# Who leaves within the 90 days of an effect buys nothing in the 90 days after them; purchases
# before would hide it.
AIM = Target("inactivity", HORIZON, HORIZON, HORIZON)

MARGIN = 0.03
"""By which rank correlations with the true effects exceed those of risk, on average."""


@dataclass(frozen=True)
class Sent:
    """The contacts of a simulated company, and its customers as of the end of the records.

    Parameters
    ----------
    rows : DataFrame
        Contacts with features and labels.
    encoder : Encoder
    now : ndarray
        The customers who are there at the end, encoded.
    truth : DataFrame
        Theirs.
    """

    rows: pd.DataFrame
    encoder: Encoder
    now: Floats
    truth: pd.DataFrame

    def experiment(self, action: str) -> Experiment:
        """Give an action's experiment on staying."""
        rows = self.rows[self.rows["action"] == action]
        stayed, treated = 1.0 - rows["churned"].to_numpy(), rows["treated"].to_numpy(np.float64)
        matrix = self.encoder.matrix(rows)
        return Experiment(matrix, stayed, treated, propensity(rows), rows["customer_id"].to_numpy())

    @property
    def actions(self) -> list[str]:
        """Those of its campaigns."""
        return sorted(self.rows["action"].unique())


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    folder = tmp_path_factory.mktemp("sent")
    arguments = ["--customers", str(STORY.customers), "--seed", str(STORY.seed)]
    assert main(["simulate", *arguments, "--out", str(folder / "company")]) == 0
    company = Company(folder / "company", STORY)
    loaded = Project.at(company.folder / "keepwell.toml").load().tables
    known = known_by({name: loaded[name] for name in TABLES}, STORY.as_of)
    rows, now = folder / "contacted.parquet", folder / "now.parquet"
    features = write_contacted(known, contacted(known, AIM, ACTIVE, STORY.as_of), rows)
    here = population(known, STORY.as_of, AIM.kind, ACTIVE)
    write(features_at(known, here).table, now)
    frame, present = pd.read_parquet(rows), pd.read_parquet(now).set_index("customer_id")
    truth = company.truth.loc[present.index]
    encoder = Encoder.fit(frame, features)
    alive = truth["alive"].to_numpy(bool)
    return Sent(frame, encoder, encoder.matrix(present[alive]), truth[alive])


def test_uplift_ranks_customers_better_than_risk(sent: Sent) -> None:
    gained = []
    for action in sent.actions:
        # The truth is what a contact adds to the probability to leave.
        true = -sent.truth[f"effect_{action}"]
        learnt = fit("x", sent.experiment(action), sent.encoder, 7).predict(sent.now)
        gained.append(spearman(true, learnt) - spearman(true, sent.truth["churn_probability"]))
    assert np.mean(gained) > MARGIN


def test_arms_dealt_anew_have_no_effect(sent: Sent) -> None:
    dealt = sent.rows.assign(treated=lambda rows: _dealt(rows, seed=1))
    nothing = Sent(dealt, sent.encoder, sent.now, sent.truth)
    given = nothing.experiment("voucher")
    assert judge(given, sent.encoder, 7, len(sent.actions)).verdict == "none"


def test_small_companies_have_too_few_contacts(sent: Sent) -> None:
    some = sent.rows[sent.rows["customer_id"] < "c0001000"]
    counts = counted(some)
    reasons = lacking(counts, None)
    for one in counts:
        said = f"{one.action}: not enough contacts: {one.treated:,} treated and "
        assert reasons[one.action].startswith(said)


def _dealt(rows: pd.DataFrame, seed: int) -> pd.Series[bool]:
    """Deal the arms of each campaign anew among its customers: nobody has had anything."""
    rng = np.random.default_rng(seed)
    campaigns = rows.groupby(["action", rows["contacted_at"].dt.normalize()])["treated"]
    return campaigns.transform(lambda arms: rng.permutation(arms.to_numpy()))
