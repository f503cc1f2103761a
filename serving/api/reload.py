"""The model in use: a newer champion is loaded and tried beside it, then takes its place."""

from __future__ import annotations

import gc
import logging
import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Protocol

from lightgbm.basic import LightGBMError

from features.errors import InputError
from models.bundle import Bundle
from models.errors import BundleError, ModelError, NoChampionError
from models.versions import Promotion, Version
from serving.api import metrics
from serving.online.predictor import Predictor
from serving.online.problems import RequestProblem
from serving.online.schemas import CustomerInput

_log = logging.getLogger("keepwell.serving")

_REFUSED = (
    ModelError,
    InputError,
    RequestProblem,
    LightGBMError,
    OSError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""What a bundle that cannot be used raises, wherever in it the fault lies."""


class Champions(Protocol):
    """A registry, as far as serving needs one."""

    name: str
    watched: bool

    def champion(self) -> Version | None:
        """Give the version in charge."""

    def load(self, version: Version) -> Bundle:
        """Read a version's bundle."""

    def history(self) -> list[Promotion]:
        """List all promotions, oldest first."""


@dataclass(frozen=True)
class Live:
    """A loaded model; a request uses one from its beginning to its end."""

    predictor: Predictor
    version: Version
    bundle: Bundle
    loaded_at: datetime


class Models:
    """Holds the model in use.

    Parameters
    ----------
    champions : Champions
    guard : callable
        Gives a context in which the registry's own exceptions become those of `models.errors`.
    """

    def __init__(
        self, champions: Champions, guard: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._champions = champions
        self._guard = guard
        self._busy = Lock()
        self._live: Live | None = None
        self.trouble: str | None = None
        self.history: list[Promotion] = []

    @property
    def name(self) -> str:
        """The registered model's name."""
        return self._champions.name

    @property
    def watched(self) -> bool:
        """Whether the champion can become another one."""
        return self._champions.watched

    @property
    def live(self) -> Live | None:
        """The model in use; None before the first is loaded."""
        return self._live

    def start(self) -> None:
        """Load the champion.

        Raises
        ------
        ModelError
            When there is none, or it cannot be used.
        """
        with self._busy, self._guard():
            self._take(self._champion())

    def refresh(self, *, again: bool = False) -> bool:
        """Take the champion over if it is another one; tell whether it was taken.

        A champion that cannot be used is refused: the one in use goes on, and `trouble` says why.

        Parameters
        ----------
        again : bool
            Load it even if it is the one in use.
        """
        with self._busy:
            try:
                with self._guard():
                    return self._refresh(again=again)
            except _REFUSED as error:
                self._refuse(error)
                return False

    def _refresh(self, *, again: bool) -> bool:
        version = self._champion()
        if self._live is not None and version == self._live.version and not again:
            self._settle(None)
            return False
        self._take(version)
        return True

    def _champion(self) -> Version:
        version = self._champions.champion()
        if version is None:
            msg = f"no model of {self.name!r} has been promoted yet; run `keepwell train` first"
            raise NoChampionError(msg)
        return version

    def _take(self, version: Version) -> None:
        bundle = self._champions.load(version)
        predictor = Predictor(bundle, version.number)
        _try(predictor)
        self.history = self._champions.history()
        before, self._live = self._live, Live(predictor, version, bundle, datetime.now(UTC))
        if before is not None:
            metrics.MODEL.labels(str(before.version.number)).set(0)
        metrics.MODEL.labels(str(version.number)).set(1)
        metrics.RELOADS.labels("taken").inc()
        self._settle(None)
        _log.info("serving version %d of %s", version.number, self.name)
        del before
        freeze()

    def _refuse(self, error: Exception) -> None:
        said = str(error)
        if not isinstance(error, ModelError | InputError):
            said = f"its bundle cannot be used ({type(error).__name__}: {said})"
        if said != self.trouble:
            _log.error("the champion cannot be used, the model before goes on: %s", said)
        metrics.RELOADS.labels("refused").inc()
        self._settle(said)

    def _settle(self, trouble: str | None) -> None:
        self.trouble = trouble
        metrics.DEGRADED.set(0 if trouble is None else 1)


def freeze() -> None:
    """Keep what lives as long as the process out of garbage collection.

    A full collection over the models takes a tenth of a second, in the middle of some request.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _try(predictor: Predictor) -> None:
    """Predict for a customer who has done nothing."""
    empty = {f.name: f.empty for f in predictor.bundle.features}
    nobody = CustomerInput(customer_id="nobody", features=empty)
    (found,) = predictor.predict([nobody])
    wrong = [n for n, v in found.items() if isinstance(v, float) and not math.isfinite(v)]
    if wrong:
        msg = f"version {predictor.version} predicts no number for {', '.join(wrong)}; train anew"
        raise BundleError(msg)
