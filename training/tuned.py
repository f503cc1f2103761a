"""Tuned parameters: what a search has found, and whether it fits what is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from features.catalogue import FeatureSet
from features.labels import Target
from models.recipe import Recipe

ARTIFACT = "tuned"
"""The JSON file of a run that holds them."""

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """What a search has found for one model.

    Parameters
    ----------
    parameters : mapping
        LightGBM's, to be put over the default ones; empty where none did better.
    measure : str
        What the search was judged by; lower is better.
    default, best : float
        Its mean over the folds, with the default parameters and with these.
    trials : int
        Finished ones.
    """

    parameters: Parameters
    measure: str
    default: float
    best: float
    trials: int


@dataclass(frozen=True)
class Tuned:
    """What a search has found, and what for.

    Parameters
    ----------
    run_id : str
        The tracked run of the search.
    target : mapping
        What was predicted; see :func:`meant`.
    feature_set_hash : str
    models : mapping of str to Found
        By model: ``"churn"`` and ``"value"``.
    """

    run_id: str
    target: Mapping[str, Any]
    feature_set_hash: str
    models: Mapping[str, Found]

    def to_dict(self) -> dict[str, Any]:
        """Give JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Tuned:
        """Read what :meth:`to_dict` gave."""
        models = {name: Found(**found) for name, found in fields["models"].items()}
        return cls(fields["run_id"], fields["target"], fields["feature_set_hash"], models)

    def parameters(self, model: str) -> Parameters:
        """Give what to put over a model's default parameters; empty where nothing was found."""
        return self.models[model].parameters if model in self.models else {}


def meant(aim: Target) -> dict[str, Any]:
    """Say what is predicted, in JSON types and whatever the day."""
    return {name: field for name, field in asdict(aim).items() if name != "as_of"}


def with_tuned(
    recipe: Recipe, tuned: Tuned | None, aim: Target, features: FeatureSet
) -> tuple[Recipe, tuple[str, ...]]:
    """Put tuned parameters over a recipe's own, and say so, or why not.

    Parameters
    ----------
    recipe : Recipe
        With the default parameters.
    tuned : Tuned or None
    aim : Target
        What is predicted now.
    features : FeatureSet
        What it is predicted from now.
    """
    if tuned is None:
        return recipe, ()
    if differs := _misfit(tuned, aim, features):
        said = (
            f"the tuned parameters of run {tuned.run_id} do not fit: {differs}; the default ones "
            "are used. Run `keepwell tune` again"
        )
        return recipe, (said,)
    found = replace(
        recipe,
        churn_parameters={**recipe.churn_parameters, **tuned.parameters("churn")},
        value_parameters={**recipe.value_parameters, **tuned.parameters("value")},
    )
    return found, (f"tuned parameters of run {tuned.run_id}: {_words(tuned)}",)


def used(recipe: Recipe, tuned: Tuned | None, aim: Target, features: FeatureSet) -> str:
    """Give the run whose tuned parameters a recipe has; ``"none"`` where it has the default."""
    if tuned is None or _misfit(tuned, aim, features):
        return "none"
    own = {"churn": recipe.churn_parameters, "value": recipe.value_parameters}
    taken = all(tuned.parameters(model).items() <= own[model].items() for model in own)
    return tuned.run_id if taken else "none"


def _misfit(tuned: Tuned, aim: Target, features: FeatureSet) -> str:
    now = meant(aim)
    differing = [k for k in now if now[k] != tuned.target.get(k)]
    if differing:
        changes = (f"{k} {tuned.target.get(k)} → {now[k]}" for k in differing)
        return f"they are for another target ({', '.join(changes)})"
    if tuned.feature_set_hash != features.hash:
        return "they are for another feature set"
    return ""


def _words(tuned: Tuned) -> str:
    return ", ".join(
        f"{name} {found.measure} {found.default:.4f} → {found.best:.4f} on validation"
        if found.parameters
        else f"{name} as by default"
        for name, found in tuned.models.items()
    )
