"""Commands that look after a model in service: what they are called and take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keepwell.cli_options import DEFAULT_CONFIG, AsOfOption, ConfigOption

BUSY = 3


def retrain(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
) -> None:
    """Train again if that is called for: new outcomes, drift, or promises that were not kept.

    Promotes what is not worse, and records why. Meant for a scheduler: exit status 0 whether it
    trained or not, 3 where another one is at work, which then goes on undisturbed.

    Example: `keepwell retrain --dry-run`
    """
    from keepwell.project import Project  # noqa: PLC0415 - keeps --help quick
    from keepwell.retraining import BusyError, run_retraining  # noqa: PLC0415
    from keepwell.show import console  # noqa: PLC0415

    day = as_of.date() if as_of else None
    try:
        run_retraining(Project.at(config), console(), day, dry_run=dry_run)
    except BusyError as error:
        typer.echo(f"keepwell: {error}", err=True)
        raise typer.Exit(BUSY) from None


def monitor(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
    html: Annotated[Path | None, typer.Option(help="Write the whole report here, too.")] = None,
) -> None:
    """Say what has changed since the champion learnt, what came true, and what needs action.

    Example: `keepwell monitor --html monitor.html`
    """
    from keepwell.monitoring import run_monitoring  # noqa: PLC0415 - keeps --help quick
    from keepwell.project import Project  # noqa: PLC0415
    from keepwell.show import console  # noqa: PLC0415

    run_monitoring(Project.at(config), console(), as_of.date() if as_of else None, html)
