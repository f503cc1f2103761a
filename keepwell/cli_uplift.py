"""``keepwell uplift``: what it is called and takes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from keepwell.cli_options import DEFAULT_CONFIG, ConfigOption


def add_to(app: typer.Typer) -> None:
    """Register the command of this file."""
    app.command()(uplift)


def uplift(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of",
            formats=["%Y-%m-%d"],
            help="First day that is not known; the one that the champion was trained as of by "
            "default.",
        ),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the whole report here, too.")] = None,
) -> None:
    """Say what each action does, on whom, and whether that is sure, from treated and controls.

    Example: `keepwell uplift --html uplift.html`
    """
    from keepwell.project import Project  # noqa: PLC0415 - keeps --help quick
    from keepwell.show import console  # noqa: PLC0415
    from keepwell.uplift import run_uplift  # noqa: PLC0415

    run_uplift(Project.at(config), console(), as_of.date() if as_of else None, html)
