"""Training: from tables to an evaluated release, before anything is registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from ibis import ir

from features.catalogue import FeatureSet
from features.grains import Tables, prepared
from features.inputs import Inputs, recorded
from features.labels import Target
from features.panel import build
from features.population import population
from features.trial import try_out
from models.bundle import Bundle
from models.derived import with_derived
from models.recipe import Recipe, default_parameters
from models.release import Release
from models.uplift import Uplift
from training.choice import ALL, Candidates
from training.comparators import Comparator, Compared, compare, find
from training.dates import Dates, dates, known_by
from training.evaluate import Evaluation, beside, core_measures, evaluate
from training.explore import explore, half_life
from training.fit import calibrated, learn, repeat, with_outlook
from training.further import further_measures, unsaid
from training.grade import Grade, grade
from training.held_out import HeldOut, predict
from training.history import History, history, limits
from training.promote import better_component
from training.task import Task, check_enough, plan, target
from training.tuned import with_tuned
from training.uplift_fit import CONTACTS, Place, experiments, findings, fitted
from training.uplift_words import notes as uplift_notes
from training.usable import seasoned, usable

BASELINE = Recipe(churn="logistic_rfm", value="scaled_spend")


class Progress(Protocol):
    """Hears how far training has come."""

    def start(self, stage: str, steps: int) -> None:
        """Begin a stage of so many steps."""

    def step(self) -> None:
        """Finish a step."""


@dataclass(frozen=True)
class Workshop:
    """What training needs from outside.

    Parameters
    ----------
    folder : Path
        For the panel; emptied by its owner.
    keep : callable
        Materialises a table under a name in the engine.
    progress : Progress
    notes : tuple of str
        What a user should know of how boosters are trained.
    """

    folder: Path
    keep: Callable[[ir.Table, str], ir.Table]
    progress: Progress
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fits:
    """The two fits of a recipe.

    Parameters
    ----------
    recipe : Recipe
        Complete.
    serving : Release
        On all complete cutoffs; the one that is registered.
    measured : Release or None
        On what was known at t0; None where no cutoff can be held out.
    """

    recipe: Recipe
    serving: Release
    measured: Release | None


@dataclass(frozen=True)
class Trained:
    """What a training run made.

    Parameters
    ----------
    task, when, aim, history, features
        The task, its dates, its target, the panel by role, the features used.
    fits : Fits
    evaluation : Evaluation or None
    without_attributes : Evaluation or None
        The same without attributes that may leak; None where there are none.
    grade : Grade or None
    notes : tuple of str
        What a user should know.
    wallet : mapping of str to float
        Measures of the estimated wallets, the intervals and the next purchase; empty where no
        cutoff can be held out.
    inputs : mapping of str to mapping of str to str
        The tables that the features were computed from; see :func:`features.inputs.recorded`.
    comparators : tuple of str
        Names of the methods of the evaluation that the user asked for.
    uplift : Uplift or None
        What the actions do; None where no action's contacts suffice.
    """

    task: Task
    when: Dates
    aim: Target
    history: History
    features: FeatureSet
    fits: Fits
    evaluation: Evaluation | None
    without_attributes: Evaluation | None
    grade: Grade | None
    notes: tuple[str, ...]
    wallet: Mapping[str, float] = field(default_factory=dict)
    inputs: Inputs = field(default_factory=dict)
    comparators: tuple[str, ...] = ()
    uplift: Uplift | None = None


@dataclass(frozen=True)
class Ground:
    """What fits are made from, before anything is chosen.

    Parameters
    ----------
    when : Dates
    known : mapping of str to ibis Table
        What was known as of then.
    aim : Target
    history : History
        The panel by role.
    features : FeatureSet
        Those that are used, the derived ones among them.
    recipe : Recipe
        With the default parameters.
    notes : tuple of str
        What a user should know.
    """

    when: Dates
    known: Tables
    aim: Target
    history: History
    features: FeatureSet
    recipe: Recipe
    notes: tuple[str, ...]


def ground(task: Task, tables: Tables, champion: Bundle | None, shop: Workshop) -> Ground:
    """Settle the target, build the panel, and see which features are used.

    Parameters and errors are those of :func:`train`.
    """
    when = dates(tables, task.as_of, task.today)
    known = known_by(tables, when.as_of)
    aim, notes = target(task, known, when.history, champion.definition if champion else None)
    past = assembled(task, known, when, aim, shop)
    frame = past.serving()
    check_enough(frame, task.training, aim.horizon)
    features, dropped = usable(past.panel.features, frame)
    recipe = Recipe(
        "average",
        seed=task.seed,
        seeds=task.training.seeds,
        wallet_quantile=task.training.wallet_quantile,
    )
    start = _parametrised(recipe, len(frame))
    features = seasoned(past, with_derived(features), start, frame)
    return Ground(when, known, aim, past, features, start, (*when.notes, *notes, *dropped))


def train(task: Task, tables: Tables, champion: Bundle | None, shop: Workshop) -> Trained:
    """Make the evaluation fit and the serving fit of a task.

    Parameters
    ----------
    task : Task
    tables : mapping of str to ibis Table
        Canonical, clean.
    champion : Bundle or None
        Whose horizon is kept where none is given.
    shop : Workshop

    Raises
    ------
    InputError
        When there is too little to learn from.
    """
    comparators = find(task.training.comparators, task.seed)
    base = ground(task, tables, champion, shop)
    past, aim, features = base.history, base.aim, base.features
    start, tuned = with_tuned(base.recipe, task.tuned, aim, features)
    fits = best_fits(past, features, start, aim.horizon, shop.progress)
    judged = _evaluate(fits.measured, past, aim, task)
    compared = _compared(comparators, fits.measured, past)
    if judged:
        judged = beside(judged, compared.churn, compared.value, task.seed)
    effects, effects_notes = _uplift(base, fits.serving, task, shop)
    return Trained(
        task,
        base.when,
        aim,
        past,
        features,
        fits,
        judged,
        _without_attributes(fits.recipe, past, features, aim, task, tables),
        grade(judged, task.seed) if judged else None,
        (
            *tuned,
            *base.notes,
            *limits(past),
            *compared.notes,
            *unsaid(fits.serving),
            *effects_notes,
            *shop.notes,
        ),
        further_measures(fits.measured, past.newest()) if fits.measured else {},
        recorded(base.known, features, own=bool(task.own.families)),
        tuple(c.name for c in comparators),
        effects,
    )


def best_fits(
    past: History, features: FeatureSet, recipe: Recipe, horizon: int, progress: Progress
) -> Fits:
    """Choose a recipe among all kinds and a half-life, and make both fits, if it is worth it.

    Parameters
    ----------
    past : History
    features : FeatureSet
    recipe : Recipe
        With parameters.
    horizon : int
        Days; churn's.
    progress : Progress
    """
    if past.roles.forward:
        recipe = replace(recipe, half_life=half_life(past.folds(), features, recipe, horizon))
    return _better(two_fits(past, features, recipe, progress, ALL), past, features, progress)


def two_fits(
    past: History,
    features: FeatureSet,
    recipe: Recipe,
    progress: Progress,
    kinds: Candidates | None = None,
) -> Fits:
    """Complete a recipe on the folds, of its own kinds or of those given, and make both fits."""
    folds = past.folds()
    reach = past.roles.reach if past.roles.forward else None
    progress.start("Models", len(folds) + 2)
    complete, held_out = explore(folds, features, recipe, progress.step, kinds=kinds, reach=reach)
    measured = _measured(past, features, complete, held_out)
    progress.step()
    if measured and past.roles.forward:
        # Calibration is refitted, too: t0 is one more forward prediction of this recipe.
        held_out = [*held_out, predict(measured[0], past.newest())]
    serving = calibrated(learn(past.serving(), features, complete), complete, held_out)
    if not held_out:
        # A single cutoff: nothing is calibrated, but other customers tell how far values spread.
        serving = with_outlook(serving, complete, repeat(past.others(), features, complete))
    progress.step()
    return Fits(complete, serving, measured[1] if measured else None)


def refit(past: History, features: FeatureSet, recipe: Recipe) -> Release | None:
    """Fit a complete recipe as of t0, as it is; None where no cutoff can be held out."""
    if not past.roles.evaluation:
        return None
    made = _measured(past, features, recipe, repeat(past.folds(), features, recipe))
    return made[1] if made else None


def assembled(task: Task, known: Tables, when: Dates, aim: Target, shop: Workshop) -> History:
    """Build the panel of what is known, and give its cutoffs their roles."""
    found = plan(task, when, aim)
    newest = max(found.cutoffs)
    try_out(task.own, known, population(known, newest, aim.kind, task.active_within))
    shop.progress.start("Features", len(found.cutoffs))
    panel = build(
        prepared(known, shop.keep),
        found.cutoffs,
        replace(aim, as_of=when.as_of),
        task.active_within,
        shop.folder,
        own=task.own.families,
        on_cutoff=lambda _: shop.progress.step(),
    )
    return history(panel, found, task.training.min_churners)


def _measured(
    past: History, features: FeatureSet, recipe: Recipe, held_out: list[HeldOut]
) -> tuple[Release, Release] | None:
    """Fit as of t0; uncalibrated and calibrated."""
    if not past.roles.evaluation:
        return None
    raw = learn(past.evaluation(), features, recipe)
    return raw, calibrated(raw, recipe, held_out)


def _parametrised(recipe: Recipe, rows: int) -> Recipe:
    parameters = default_parameters(rows)
    return replace(recipe, churn_parameters=parameters, value_parameters=parameters)


def _baseline(recipe: Recipe) -> Recipe:
    return replace(BASELINE, seed=recipe.seed, wallet_quantile=recipe.wallet_quantile)


def _better(model: Fits, past: History, features: FeatureSet, progress: Progress) -> Fits:
    """Put the baseline in the place of a model that does not beat it on t0."""
    if model.measured is None:
        return model
    plain = two_fits(past, features, _baseline(model.recipe), progress)
    assert plain.measured is not None  # noqa: S101 - both have the same history
    newest = past.newest()
    churned, value = newest["churned"].to_numpy(float), newest["value"].to_numpy(float)
    own = core_measures(churned, value, model.measured.score(newest))
    other = core_measures(churned, value, plain.measured.score(newest))
    churn = better_component(own["log_loss"], other["log_loss"], lower=True)
    worth = better_component(own["normalised_gini"], other["normalised_gini"], lower=False)
    if churn and worth:
        return model
    mixed = replace(
        model.recipe,
        churn=model.recipe.churn if churn else BASELINE.churn,
        value=model.recipe.value if worth else BASELINE.value,
    )
    return two_fits(past, features, mixed, progress)


def _evaluate(
    measured: Release | None, past: History, aim: Target, task: Task
) -> Evaluation | None:
    if measured is None:
        return None
    return evaluate(measured, past.newest(), past.evaluation(), aim.value_horizon, task.seed)


def _compared(
    comparators: Sequence[Comparator], measured: Release | None, past: History
) -> Compared:
    if measured is None or not comparators:
        return Compared()
    learnt = past.sample(past.roles.evaluation)
    train, held_out = (measured.completed(frame) for frame in (learnt, past.newest()))
    return compare(comparators, train, held_out, measured.encoder)


def _uplift(
    base: Ground, release: Release, task: Task, shop: Workshop
) -> tuple[Uplift | None, tuple[str, ...]]:
    """Fit what the actions do, where contacts tell, and say what was found."""
    if CONTACTS not in base.known:
        return None, ()
    place = Place(shop.folder, shop.keep)
    read = experiments(base.known, task, base.aim, base.when.as_of, release, place)
    if read.contacts:
        shop.progress.start("Uplift", len(read.contacts))
    found = findings(read.contacts, release.encoder, task.seed, shop.progress.step)
    said = uplift_notes(found, read, task.currency)
    return fitted(found, release.encoder, task.seed), said


def _without_attributes(
    recipe: Recipe,
    past: History,
    features: FeatureSet,
    aim: Target,
    task: Task,
    tables: Tables,
) -> Evaluation | None:
    """Measure the recipe without attributes that are as extracted today."""
    rest = features.without(["attributes"])
    if len(rest) == len(features) or "valid_from" in tables["customers"].columns:
        return None
    return _evaluate(refit(past, rest, recipe), past, aim, task)
