"""The command of cross-selling: what it is called and takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keepwell.cli_options import DEFAULT_CONFIG, AsOfOption, ConfigOption


def cross_sell(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
    out: Annotated[Path | None, typer.Option(help="Write them as .parquet or .csv.")] = None,
    top: Annotated[
        int | None, typer.Option(min=1, help="Categories of a customer at most, the likeliest.")
    ] = None,
) -> None:
    """Score every category that is new to a customer: will they begin to buy it, and for how much.

    Prints how good such scores were in the newest window, beside popularity and the customer's
    nearest neighbours.

    Example: `keepwell cross-sell --top 3 --out next.csv`
    """
    from keepwell.cross_selling import run_cross_selling  # noqa: PLC0415 - keeps --help quick
    from keepwell.project import Project  # noqa: PLC0415
    from keepwell.show import console  # noqa: PLC0415

    run_cross_selling(Project.at(config), console(), out, as_of.date() if as_of else None, top)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("cross-sell")(cross_sell)
