"""``keepwell contacts``: what its commands are called and take."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from keepwell.cli_options import DEFAULT_CONFIG, ConfigOption

contacts = typer.Typer(no_args_is_help=True, help="Who was contacted, and what came of it.")


@contacts.command("import")
def import_contacts(
    file: Annotated[Path, typer.Argument(help="A .csv or .parquet file, or a plan.")],
    config: ConfigOption = DEFAULT_CONFIG,
    contacted_at: Annotated[
        datetime | None,
        typer.Option(
            "--contacted-at",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
            help="When the contacts were made, local time, where the file does not say it.",
        ),
    ] = None,
) -> None:
    """Record contacts, and later what came of them; told again, they change nothing.

    Columns: customer_id, action, treated (or arm: treated, control), contacted_at; if known key,
    channel, cost, responded_at, redeemed_cost, recorded_at.

    Example: `keepwell contacts import plan.csv --contacted-at 2025-01-31T09:00`
    """
    from keepwell.contacts import run_import  # noqa: PLC0415 - keeps --help quick
    from keepwell.project import Project  # noqa: PLC0415
    from keepwell.show import console  # noqa: PLC0415

    run_import(Project.at(config), console(), file, contacted_at)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(contacts, name="contacts")
