"""``keepwell uplift``: what it is called and takes."""

from __future__ import annotations

import typer

from keepwell.cli_options import (
    DEFAULT_CONFIG,
    ChampionsDayOption,
    ConfigOption,
    ReportOption,
)


def add_to(app: typer.Typer) -> None:
    """Register the command of this file."""
    app.command()(uplift)


def uplift(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: ChampionsDayOption = None,
    html: ReportOption = None,
) -> None:
    """Say what each action does, on whom, and whether that is sure, from treated and controls.

    Example: `keepwell uplift --html uplift.html`
    """
    from keepwell.project import Project  # noqa: PLC0415 - keeps --help quick
    from keepwell.show import console  # noqa: PLC0415
    from keepwell.uplift import run_uplift  # noqa: PLC0415

    run_uplift(Project.at(config), console(), as_of.date() if as_of else None, html)
