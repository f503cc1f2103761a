"""Commands about campaigns: what they are called and take."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from keepwell.cli_options import DEFAULT_CONFIG, ConfigOption

_DAY = ["%Y-%m-%d"]


def campaign(
    name: Annotated[str, typer.Argument(help="The action, as in the contacts.")],
    config: ConfigOption = DEFAULT_CONFIG,
    since: Annotated[
        datetime | None,
        typer.Option("--since", "--from", formats=_DAY, help="First day of contacts."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--until", "--to", formats=_DAY, help="First day that does not count."),
    ] = None,
    control: Annotated[
        float | None, typer.Option(help="The planned share of controls, such as 0.1.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write here, too: .json or .csv.")] = None,
) -> None:
    """Measure what a campaign brought: treated against control, with intervals.

    Example: `keepwell campaign voucher --from 2025-01-01 --control 0.1`
    """
    from keepwell.campaign_rows import Asked  # noqa: PLC0415 - keeps --help quick
    from keepwell.campaigns import run_campaign  # noqa: PLC0415
    from keepwell.project import Project  # noqa: PLC0415
    from keepwell.show import console  # noqa: PLC0415

    asked = Asked(name, since.date() if since else None, until.date() if until else None)
    run_campaign(Project.at(config), console(), asked, control, out)


def campaign_size(
    base_rate: Annotated[float, typer.Option(help="Share of the controls who leave.")],
    effect: Annotated[float, typer.Option(help="By how much it is to fall, such as 0.03.")],
    control: Annotated[float, typer.Option(help="Share of controls.")] = 0.5,
    customers: Annotated[
        int | None, typer.Option(min=2, help="Give the chance of so many instead.")
    ] = None,
    power: Annotated[float, typer.Option(help="Chance to find the effect.")] = 0.8,
) -> None:
    """Say how many customers a campaign needs to show an effect, or what chance it has.

    Example: `keepwell campaign-size --base-rate 0.2 --effect 0.03 --control 0.1`
    """
    from keepwell.campaigns import run_size  # noqa: PLC0415 - keeps --help quick
    from keepwell.show import console  # noqa: PLC0415

    run_size(console(), base_rate, effect, control, customers, power)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(campaign)
    app.command()(campaign_size)
