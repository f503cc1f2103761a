"""The settings of serving."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field

from features.settings import Days, Section

STORE_VARIABLE = "KEEPWELL_STORE_URL"
_SQLITE = "sqlite:///"


class StoreSettings(Section):
    """`[store]`: where scores are published.

    Attributes
    ----------
    url
        "sqlite:///keepwell.db" (relative to the configuration) or
        "postgresql+psycopg://user:password@host/database". The environment variable
        KEEPWELL_STORE_URL wins, and keeps a password out of the file.
    keep_runs
        Publications whose scores are kept whole; backtests are counted apart.
    history_days
        Days, by as-of date, over which the compact history of scores goes back.
    """

    url: str = "sqlite:///keepwell.db"
    keep_runs: int = Field(default=5, ge=1)
    history_days: Days = 800

    def resolved(self, folder: Path) -> str:
        """Return the URL to use now, with a relative SQLite path made absolute.

        Parameters
        ----------
        folder
            The configuration's folder.
        """
        url = os.environ.get(STORE_VARIABLE) or self.url
        if not url.startswith(_SQLITE):
            return url
        return f"{_SQLITE}{(folder / url.removeprefix(_SQLITE)).resolve()}"
