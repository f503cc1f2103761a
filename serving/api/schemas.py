"""What the API takes and gives, but for predictions, which have their own schemas."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from models.bundle import Bundle
from serving.columns import COLUMNS, ScoreColumns
from serving.online.schemas import LONGEST_ID, MOST_CUSTOMERS, Id
from serving.store import Run, Score

_LARGEST_RUN = 2**31 - 1
_LONGEST_CURSOR = 4_096
_MOST_ATTRIBUTES = 20


def storable(text: str) -> str:
    """Refuse a text that no database can hold.

    Raises
    ------
    ValueError
    """
    if "\0" in text:
        msg = "must not hold the character NUL"
        raise ValueError(msg)
    return text


Storable = Annotated[Id, AfterValidator(storable)]
Text = Annotated[str, Field(max_length=LONGEST_ID), AfterValidator(storable)]
AttributeName = Annotated[str, Field(min_length=1, max_length=LONGEST_ID, pattern=r'^[^"\x00]+$')]
RunNumber = Annotated[int, Field(ge=1, le=_LARGEST_RUN)]
Days = Annotated[int, Field(ge=0, le=1_000_000)]
Amount = Annotated[float, Field(allow_inf_nan=False)]


class ScoreOut(ScoreColumns):
    """A published score: the columns of scores.parquet, the run, and its age in seconds.

    `as_of` is null where the scores rest on a flat file, which has no time, and the values where it
    tells none. `out_of_fold`, of scores of such a file only: it tells what became of the customer,
    and the probability is that of a model which has not learnt from it.
    """

    run: int
    age_s: int
    out_of_fold: bool | None = None


class RiskItem(ScoreOut):
    """A customer on a risk list, with the last contact that is recorded, in either arm."""

    rank: int
    days_since_purchase: int | None
    reason_1: str | None
    reason_2: str | None
    reason_3: str | None
    cause_1: str | None
    cause_2: str | None
    cause_3: str | None
    last_contacted_at: datetime | None
    last_action: str | None
    attributes: dict[str, Any] | None


class RiskList(BaseModel):
    """A page of a risk list; all pages of a list are of one run."""

    items: list[RiskItem]
    next_cursor: str | None
    run: int


class SegmentParameters(BaseModel):
    """Segments that customers on a list have to be in."""

    value_tier: Literal["MVC", "MGC", "BZ", "standard"] | None = None
    grade: Literal["A", "B", "C"] | None = None
    portfolio_cell: (
        Literal[
            "high share, high profit",
            "low share, high profit",
            "high share, low profit",
            "low share, low profit",
        ]
        | None
    ) = None
    strategy: Literal["defend", "grow", "maintain", "let go"] | None = None
    lifecycle_stage: Literal["exploration", "formation", "stability", "decline"] | None = None
    loyalty_type: (
        Literal["price", "incentive", "trust", "latent", "monopoly", "inertia", "none"] | None
    ) = None

    @property
    def segments(self) -> dict[str, str]:
        """Those that are asked for, by column."""
        found = {name: getattr(self, name) for name in SegmentParameters.model_fields}
        return {name: segment for name, segment in found.items() if segment is not None}


class RiskParameters(SegmentParameters):
    """The query of a risk list."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=MOST_CUSTOMERS)] = 100
    cursor: Annotated[
        str | None, Field(max_length=_LONGEST_CURSOR, description="next_cursor of the page before.")
    ] = None
    sort: Literal["value_at_risk", "churn_probability", "expected_value"] = "value_at_risk"
    format: Literal["json", "csv"] = "json"
    min_probability: Annotated[float | None, Field(ge=0, le=1, allow_inf_nan=False)] = None
    min_value: Annotated[Amount | None, Field(description="Least expected value.")] = None
    min_days_since_purchase: Days | None = None
    max_days_since_purchase: Days | None = None
    since_run: Annotated[
        RunNumber | None, Field(description="Only who was not on the same list in that run.")
    ] = None
    rest_days: Annotated[
        Days | None,
        Field(
            description="Leave out who was contacted in so many days before the scores' day, or "
            "since; the configured number by default, 0 leaves nobody out."
        ),
    ] = None
    attributes: Annotated[
        dict[AttributeName, Text],
        Field(max_length=_MOST_ATTRIBUTES, description="Such as attributes[region]=north."),
    ] = {}


class LookupRequest(BaseModel):
    """Customers whose scores are wanted."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[Storable], Field(min_length=1, max_length=MOST_CUSTOMERS)]


class LookupResponse(BaseModel):
    """Scores in the order asked for, and the customers whom the run does not have."""

    items: list[ScoreOut]
    unknown: list[str]
    run: int


class RunsParameters(BaseModel):
    """The query of the runs."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=MOST_CUSTOMERS)] = 100


class RunOut(BaseModel):
    """A publication of scores. `kept`: whether its scores can still be read.

    `valued`: whether its scores have values; without them every list is in the order of the churn
    probability. `lifetime_years`, `lifetime_discount`: what its lifetime values assume.
    `segment_rules`: what puts a customer into each segment, by column; "" stands for none.
    """

    run: int
    published_at: datetime
    as_of: date | None
    model_name: str
    model_version: str
    customers: int
    currency: str
    churn_horizon: int | None
    value_horizon: int | None
    backtest: bool
    kept: bool
    valued: bool
    lifetime_years: float | None
    lifetime_discount: float | None
    segment_rules: dict[str, dict[str, str]] | None

    @classmethod
    def of(cls, run: Run) -> Self:
        """Tell of a run."""
        facts = {name: getattr(run, name) for name in cls.model_fields if name != "run"}
        return cls(run=run.id, **facts)


class Runs(BaseModel):
    """The newest runs first."""

    items: list[RunOut]


class LiveModel(BaseModel):
    """The model in use. `trained_through`: the first day that it has not learnt from."""

    name: str
    version: str
    live_since: datetime | None
    loaded_at: datetime
    trained_through: date
    measures: dict[str, float]
    definition: dict[str, Any]
    feature_set_hash: str
    features: list[str]

    @classmethod
    def of(cls, bundle: Bundle, number: int, since: str | None, loaded_at: datetime) -> Self:
        """Tell of a bundle."""
        meant = bundle.definition
        return cls(
            name=bundle.name,
            version=str(number),
            live_since=None if since is None else datetime.fromisoformat(since),
            loaded_at=loaded_at,
            trained_through=date.fromisoformat(bundle.data_cutoff),
            measures=dict(bundle.measures),
            definition={name: getattr(meant, name) for name in type(meant).__dataclass_fields__},
            feature_set_hash=bundle.features.hash,
            features=bundle.features.names,
        )


class Champion(BaseModel):
    """A version and a period in which it was the champion; `until` is null while it is."""

    version: str
    since: datetime
    until: datetime | None
    reason: str


class ModelsOut(BaseModel):
    """What is live, and what was. `problem` says why a newer champion is not in use."""

    status: Literal["ok", "degraded"]
    problem: str | None
    live: LiveModel
    champions: list[Champion]


class Reloaded(BaseModel):
    """Outcome of a reload; `changed` is false when the champion was in use already."""

    changed: bool
    version: str


class Health(BaseModel):
    """How the service is. `degraded`: it answers, but something in `problems` is not well."""

    status: Literal["ok", "degraded"]
    problems: list[Literal["model", "store"]] = []


def score_fields(score: Score, now: datetime) -> dict[str, Any]:
    """Give the fields of :class:`ScoreOut`, for JSON."""
    return {
        **{name: getattr(score, name) for name in COLUMNS},
        "run": score.run,
        "age_s": max(0, int((now - score.published_at).total_seconds())),
        # As in scores.parquet: a column of flat files alone.
        **({"out_of_fold": score.out_of_fold} if score.as_of is None else {}),
    }
