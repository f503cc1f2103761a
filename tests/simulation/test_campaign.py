"""Campaigns of a simulated company, beside what is true of them."""

from __future__ import annotations

import json
import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

import keepwell
from features.errors import InputError
from features.tables import Tables
from keepwell.campaign_rows import Asked, scores_then
from keepwell.campaigns import judge
from keepwell.cli import main
from keepwell.project import Project
from keepwell.simulate.actions import ACTIONS
from keepwell.simulate.story import HORIZON
from serving.store import RunInfo
from tests.simulated import Company
from training.arms import adjusted, difference


@pytest.fixture(scope="module")
def project(company: Company) -> Project:
    return Project.at(company.folder / "keepwell.toml")


@pytest.fixture(scope="module")
def tables(project: Project) -> Tables:
    return project.load().tables


@pytest.mark.parametrize("action", ["voucher", "call"])
def test_the_estimate_lies_within_its_interval_of_the_true_mean_effect(
    company: Company, project: Project, tables: Tables, action: str
) -> None:
    found = judge(project, tables, Asked(action), 0.5)
    retention = found.measures[0]
    truth = company.truth[company.truth["alive"]]
    true_effect = -float(truth[f"effect_{action}"].mean())
    assert 0.02 < true_effect < 0.06
    assert retention.best is not None
    assert retention.best.low < true_effect < retention.best.high
    assert found.treated + found.control > 300
    assert not found.suspect
    assert retention.adjusted is not None
    assert retention.plain is not None
    assert found.measures[1].adjusted is not None
    assert found.measures[1].plain is not None
    assert found.measures[1].adjusted.error < 0.95 * found.measures[1].plain.error


def test_those_who_truly_left_are_fewer_among_the_treated(company: Company) -> None:
    # What a company never sees: who left within the time that an effect lasts.
    contacts, truth = company.table("contacts"), company.truth
    first = contacts.sort_values("contacted_at").drop_duplicates(["customer_id", "action"])
    first = first[first["contacted_at"] < company.as_of - timedelta(days=HORIZON)]
    left = truth.loc[first["customer_id"], "left_at"].to_numpy()
    stays = (left >= (first["contacted_at"] + pd.Timedelta(days=HORIZON)).to_numpy()).astype(float)
    treated = first["treated"].to_numpy()
    risk = np.log(truth.loc[first["customer_id"], "leaving_hazard"].to_numpy())
    found = difference(stays, treated)
    effects = truth.loc[truth["alive"], [f"effect_{action.name}" for action in ACTIONS]]
    assert found.low < -float(effects.to_numpy().mean()) < found.high
    assert found.low > 0
    narrowed = adjusted(stays, treated, risk[:, None])
    assert narrowed is not None
    assert narrowed.error < found.error


def test_the_command_writes_what_it_prints(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    config, path = str(company.folder / "keepwell.toml"), company.folder / "campaign.json"
    command = ["campaign", "voucher", "-c", config, "--control", "0.2", "--out", str(path)]
    assert main([*command, "--from", "2024-01-01", "--to", "2024-11-15"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    told = json.loads(path.read_text())
    assert f"{told['treated']:,} treated and {told['control']:,} control customers" in said
    assert told["suspect"] is True
    assert "planned 20.0%: chance hardly ever does that" in said
    assert f"{told['waiting']:,} customers are left out: their time is not over" in said
    assert told["judged_treated"] + told["judged_control"] + told["waiting"] == (
        told["treated"] + told["control"]
    )
    assert [one["measure"] for one in told["measures"]] == ["retention", "revenue", "profit"]
    (retention, _, _) = told["measures"]
    assert retention["total_low"] == pytest.approx(retention["low"] * told["judged_treated"])
    path.unlink()


def test_too_little_is_told(company: Company, project: Project, tables: Tables) -> None:
    late = Asked("voucher", company.as_of.date() - timedelta(days=40), company.as_of.date())
    found = judge(project, tables, late, None)
    assert found.waiting == found.treated + found.control > 0
    assert [one.verdict for one in found.measures] == ["not enough data"] * 3
    assert found.measures[0].missing.startswith("0 treated and 0 control customers whose time is")
    with pytest.raises(InputError, match=r'nobody was contacted with "voucher" from the beginning'):
        judge(project, tables, Asked("voucher", until=date(2020, 1, 1)), None)
    said = 'no contact has the action "vouchers". Did you mean "voucher"\\? Contacts: advice \\('
    with pytest.raises(InputError, match=said):
        judge(project, tables, Asked("vouchers"), None)
    others = {name: table for name, table in tables.items() if name != "contacts"}
    with pytest.raises(InputError, match="no contacts are known: record them with `keepwell cont"):
        judge(project, others, Asked("voucher"), None)


def test_wrong_options_are_refused_before_any_work(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    for options, refusal in (
        (["--control", "1.5"], "--control 1.5: give the planned share, between 0 and 1"),
        (["--out", "x.html"], "name a file that ends in .json or .csv"),
    ):
        config = str(company.folder / "keepwell.toml")
        assert main(["campaign", "voucher", "--config", config, *options]) == 2
        assert refusal in " ".join(capsys.readouterr().err.split())


def test_the_scores_from_before_the_contact_are_the_covariates(
    company: Company, project: Project
) -> None:
    days = [company.as_of.date() - timedelta(days=n) for n in (200, 100, 100)]
    with project.store() as store:
        for number, day in enumerate(days):
            frame = pd.DataFrame(
                {
                    "customer_id": ["a", "b"][: 2 - (number == 0)],
                    "churn_probability": 0.1 * (number + 1),
                    "value_if_retained": 9.0,
                    "value_if_churned": 0.0,
                    "expected_value": 5.0,
                    "value_at_risk": 1.0,
                }
            )
            info = RunInfo(
                as_of=day,
                model_name="shop",
                model_version=str(number),
                currency="EUR",
                churn_horizon=90,
                value_horizon=90,
            )
            store.publish(info, [frame])
        asked = [("a", 99), ("a", 100), ("a", 101), ("b", 101), ("b", 0), ("a", 201)]
        rows = pd.DataFrame(
            {
                "customer_id": [customer for customer, _ in asked],
                "cutoff": [company.as_of - pd.Timedelta(days=n) for _, n in asked],
            },
            index=[7, 3, 5, 1, 9, 2],
        )
        found = scores_then(store, rows, "shop")
        nothing = scores_then(store, rows, "another")
    assert found.index.tolist() == rows.index.tolist()
    expected = [0.3, 0.3, 0.1, math.nan, 0.3, math.nan]
    assert found["churn_probability"].tolist() == pytest.approx(expected, nan_ok=True)
    assert nothing.isna().all(axis=None)


def test_sizes_in_a_notebook_and_in_the_terminal(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    size = keepwell.open(company.folder / "keepwell.toml").campaign_size(0.2, 0.03, 0.1)
    assert (
        main(["campaign-size", "--base-rate", "0.2", "--effect", "0.03", "--control", "0.1"]) == 0
    )
    said = " ".join(capsys.readouterr().out.split())
    assert (
        f"{size.customers:,} customers, {size.treated:,} treated and {size.control:,} control"
        in said
    )
    some = ["campaign-size", "--base-rate", "0.2", "--effect", "0.03", "--customers", "500"]
    assert main(some) == 0
    assert "250 treated and 250 control, have a chance of" in " ".join(
        capsys.readouterr().out.split()
    )
    assert main(["campaign-size", "--base-rate", "1.2", "--effect", "0.03"]) == 2
    assert "base rate is 1.2; give a share between 0 and 1" in capsys.readouterr().err
