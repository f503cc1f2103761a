"""Options that several commands take."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_CONFIG = Path("keepwell.toml")

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration file.", show_default=True)
]

AsOfOption = Annotated[
    datetime | None,
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d"],
        help="First day that is not known; the day after the last transaction by default.",
    ),
]

ChampionsDayOption = Annotated[
    datetime | None,
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d"],
        help="First day that is not known; the one that the champion was trained as of by default.",
    ),
]

ReportOption = Annotated[Path | None, typer.Option(help="Write the whole report here, too.")]
