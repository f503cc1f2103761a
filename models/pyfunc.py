"""The script that MLflow runs to load a registered release: a model from code, without pickle.

A copy of it lies in the folder of a bundle, beside ``MLmodel``. Where Keepwell is installed that
Keepwell reads the bundle; elsewhere the few modules do that lie in ``code/`` beside it.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

CODE = "code"

_HERE = Path(__file__).parent

if find_spec("keepwell") is None:
    sys.path.insert(0, str(_HERE / CODE))

from models import bundle  # noqa: E402 - found only now


class Champion(PythonModel):
    """A release behind MLflow's interface."""

    def load_context(self, context: Any) -> None:  # noqa: ANN401, ARG002 - MLflow's interface
        """Read and check the bundle."""
        self._release = bundle.load(_HERE).release

    def predict(
        self,
        context: Any,  # noqa: ANN401, ARG002 - MLflow's interface
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002 - MLflow's interface
    ) -> pd.DataFrame:
        """Score snapshots; see :meth:`models.release.Release.score`."""
        return self._release.score(model_input)


set_model(Champion())
