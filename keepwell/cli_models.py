"""``keepwell models``: what its commands are called and take."""

from __future__ import annotations

from typing import Annotated

import typer

from keepwell.cli_options import DEFAULT_CONFIG, AsOfOption, ConfigOption

app = typer.Typer(no_args_is_help=True, help="The versions, and which of them is champion.")

Number = Annotated[int, typer.Argument(min=1, help="A version's number.")]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Why, for the record.")]


@app.command("list")
def list_versions(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Print every version, why it was promoted or not, and who was champion from when to when.

    Example: `keepwell models list`
    """
    from keepwell.project import Project  # noqa: PLC0415 - keeps --help quick
    from keepwell.show import console  # noqa: PLC0415
    from keepwell.versions import run_list  # noqa: PLC0415

    run_list(Project.at(config), console())


@app.command()
def compare(
    first: Number,
    second: Number,
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
) -> None:
    """Judge the recipes of two versions on the same customers, with the paired differences.

    Both are fitted on what was known at the newest cutoff whose outcomes are known as of the later
    data cutoff of the two, or of `--as-of`. Versions that mean different things are refused.

    Example: `keepwell models compare 3 4`
    """
    from keepwell.project import Project  # noqa: PLC0415 - keeps --help quick
    from keepwell.show import console  # noqa: PLC0415
    from keepwell.versions import run_compare  # noqa: PLC0415

    day = as_of.date() if as_of else None
    run_compare(Project.at(config), console(), (first, second), day)


@app.command()
def promote(
    version: Number, config: ConfigOption = DEFAULT_CONFIG, reason: ReasonOption = None
) -> None:
    """Make a version the champion, whatever its measures are.

    Example: `keepwell models promote 3 --reason "the spring model, for the sale"`
    """
    from keepwell.project import Project  # noqa: PLC0415 - keeps --help quick
    from keepwell.show import console  # noqa: PLC0415
    from keepwell.versions import run_promote  # noqa: PLC0415

    run_promote(Project.at(config), console(), version, reason)


@app.command()
def rollback(config: ConfigOption = DEFAULT_CONFIG, reason: ReasonOption = None) -> None:
    """Go back to the version that was champion before; again, and it goes further back.

    Example: `keepwell models rollback --reason "it calls everybody"`
    """
    from keepwell.project import Project  # noqa: PLC0415 - keeps --help quick
    from keepwell.show import console  # noqa: PLC0415
    from keepwell.versions import run_rollback  # noqa: PLC0415

    run_rollback(Project.at(config), console(), reason)
