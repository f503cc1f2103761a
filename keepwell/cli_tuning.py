"""Commands around a training: what they are called and take."""

from __future__ import annotations

import math
from typing import Annotated

import typer

from keepwell.cli_options import DEFAULT_CONFIG, AsOfOption, ConfigOption


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    app.command()(tune)
    app.command()(reproduce)


def tune(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
    trials: Annotated[
        int,
        typer.Option(min=1, help="Finished trials of each model, earlier ones included."),
    ] = 50,
    timeout: Annotated[
        float | None, typer.Option(min=0, help="Seconds after which no trial begins.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Trials at the same time.")] = 1,
) -> None:
    """Search for parameters that predict better than the default ones; `train` then uses them.

    Broken off, it goes on with the remaining trials when it is called again.

    Example: `keepwell tune --trials 50 --timeout 3600`
    """
    from keepwell.project import Project  # noqa: PLC0415 - keeps --help quick
    from keepwell.show import console  # noqa: PLC0415
    from keepwell.tuning import run_tuning  # noqa: PLC0415
    from training.tune_work import Order  # noqa: PLC0415

    order = Order(trials, math.inf if timeout is None else timeout, jobs)
    run_tuning(Project.at(config), console(), order, as_of.date() if as_of else None)


def reproduce(
    run: Annotated[str, typer.Argument(help="A training run's id, or a version's number.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Train as a run did and compare both releases byte by byte; nothing is registered.

    Exit status 1 where they differ; what differs is printed.

    Example: `keepwell reproduce 3`
    """
    from keepwell.project import Project  # noqa: PLC0415 - keeps --help quick
    from keepwell.reproducing import run_reproduction  # noqa: PLC0415
    from keepwell.show import console  # noqa: PLC0415

    if run_reproduction(Project.at(config), console(), run):
        raise typer.Exit(1)
