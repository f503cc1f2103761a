"""Commands that decide who is offered what: what they are called and take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keepwell.cli_options import DEFAULT_CONFIG, ConfigOption


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    app.command()(plan)


def plan(
    budget: Annotated[float, typer.Option(help="What may be spent, in the currency.")],
    config: ConfigOption = DEFAULT_CONFIG,
    control: Annotated[
        float, typer.Option(help="Share of planned customers who are left alone, at random.")
    ] = 0.0,
    out: Annotated[
        Path | None, typer.Option(help="Write a .csv file here, and the profit curve beside it.")
    ] = None,
) -> None:
    """Choose an action or none for each scored customer: the most profit within a budget.

    Example: `keepwell plan --budget 20000 --control 0.1 --out plan.csv`
    """
    from keepwell.planning import run_plan  # noqa: PLC0415 - keeps --help quick
    from keepwell.project import Project  # noqa: PLC0415
    from keepwell.show import console  # noqa: PLC0415

    run_plan(Project.at(config), console(), budget, control, out)
