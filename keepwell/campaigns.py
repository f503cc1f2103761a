"""``keepwell campaign``: what a campaign brought; ``keepwell campaign-size``: what it takes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from features.errors import InputError
from features.labels import Target
from features.tables import Tables
from keepwell.campaign_facts import Campaign
from keepwell.campaign_rows import (
    PRIOR,
    SCORES,
    Asked,
    assigned,
    last_day,
    outcomes,
    scores_then,
)
from keepwell.campaign_show import print_campaign
from keepwell.labelled import is_labelled
from keepwell.output import check_format, write_frame, write_text
from keepwell.project import Project
from keepwell.retrain_facts import has_runs
from keepwell.training import champion_of, task_of
from models.registry import store
from training.campaign import SHARE, measured
from training.campaign_size import Size, mismatch, power, size
from training.dates import dates
from training.task import target

FORMATS = (".json", ".csv")


def run_campaign(
    project: Project,
    out: Console,
    asked: Asked,
    control: float | None = None,
    target_file: Path | None = None,
) -> Campaign:
    """Measure what a campaign brought, treated against control by the arm assigned.

    Parameters
    ----------
    project : Project
    out : Console
    asked : Asked
    control : float, optional
        Share of the control group that was planned.
    target_file : Path, optional
        A .json or .csv file to write, too.

    Raises
    ------
    InputError
        For a flat file, without such contacts, or a share that is none.
    """
    check_format(target_file, FORMATS)
    if is_labelled(project):
        raise InputError("a flat file ([tables.labelled]) has no time: nothing follows a contact")
    if control is not None and not 0 < control < 1:
        raise InputError(f"--control {control:g}: give the planned share, between 0 and 1")
    made = judge(project, project.load().tables, asked, control)
    print_campaign(out, made)
    if target_file is not None:
        _write(made, target_file)
        out.print(f"Wrote {target_file}", highlight=False, markup=False)
    return made


def _write(made: Campaign, path: Path) -> None:
    if path.suffix.lower() == ".csv":
        write_frame(made.table().assign(action=made.action), path)
    else:
        write_text(json.dumps(made.facts(), indent=2, default=str), path)


def judge(project: Project, tables: Tables, asked: Asked, control: float | None) -> Campaign:
    """Measure a campaign; see :func:`run_campaign`."""
    when = dates(tables, None, project.today())
    aim = _aim(project, when.history, tables)
    found = assigned(tables, asked, aim.value_horizon)
    over = found.rows["cutoff"] + pd.Timedelta(days=aim.reach) <= pd.Timestamp(when.as_of)
    ended = found.rows[over]
    judged = outcomes(project, tables, ended, aim) if len(ended) else _nothing()
    covariates = _covariates(project, judged)
    treated = judged["treated"].to_numpy(bool)
    arms = int(found.rows["treated"].sum()), int((~found.rows["treated"]).sum())
    known = [c for c in covariates.columns if covariates[c].notna().any()]
    measures = tuple(
        measured(name, judged[name].to_numpy(np.float64), treated, covariates.to_numpy(np.float64))
        for name in (SHARE, "revenue", "profit")
    )
    return Campaign(
        action=asked.action,
        first=found.rows["cutoff"].min().date(),
        last=found.rows["cutoff"].max().date(),
        treated=arms[0],
        control=arms[1],
        repeated=found.repeated,
        waiting=int((~over).sum()),
        complete_at=last_day(found.rows, aim),
        judged_treated=int(treated.sum()),
        judged_control=int((~treated).sum()),
        planned_control=control,
        mismatch=None if control is None else mismatch(*arms, control),
        covariates=tuple(known) if any(one.adjusted for one in measures) else (),
        currency=project.settings.currency,
        retention_horizon=aim.horizon,
        value_horizon=aim.value_horizon,
        measures=measures,
    )


def _nothing() -> pd.DataFrame:
    columns = ["customer_id", "cutoff", "treated", SHARE, "revenue", "profit", PRIOR]
    return pd.DataFrame(columns=columns).astype({"treated": bool})


def _aim(project: Project, history: int, tables: Tables) -> Target:
    """Give what leaving means, from the contact on: a gap is for acting, which is done."""
    champion = None
    if has_runs(project):
        with store(project.settings.tracking_uri):
            _, champion = champion_of(project)
    meant = champion.definition if champion else None
    aim, _ = target(task_of(project, None), tables, history, meant)
    return replace(aim, gap=0)


def _covariates(project: Project, judged: pd.DataFrame) -> pd.DataFrame:
    known = judged[[PRIOR]].astype(float)
    if judged.empty or not project.has_store():
        return known
    with project.store() as published:
        scores = scores_then(published, judged, project.settings.name)
    return pd.concat([scores, known], axis=1)[[*SCORES, PRIOR]]


def run_size(
    out: Console, base: float, effect: float, control: float, customers: int | None, chance: float
) -> Size:
    """Say how many customers a campaign needs, or what chance so many have.

    Raises
    ------
    InputError
        For numbers that are no shares.
    """
    try:
        if customers is None:
            made = size(base, effect, control, power=chance)
        else:
            made = power(base, effect, customers, control)
    except ValueError as error:
        raise InputError(str(error)) from None
    out.print(
        f"To see {base:.1%} of the controls leave and {base - effect:.1%} of the treated: "
        f"{made.customers:,} customers, {made.treated:,} treated and {made.control:,} control, "
        f"have a chance of {made.power:.0%} that the 90 % interval does not hold 0.",
        highlight=False,
    )
    return made
