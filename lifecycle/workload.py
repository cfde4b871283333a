"""The workload: what `workload.yaml` says, with defaults good enough that a dozen lines do."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from lifecycle.approval import ApprovalPolicy
from lifecycle.base import Frozen
from lifecycle.batch_default import BatchLimits
from lifecycle.columns import Column
from lifecycle.durations import Duration
from lifecycle.findings import FindingKind
from lifecycle.forecast import Forecast
from lifecycle.identity import Subject
from lifecycle.limits import FOUR_FIFTHS, FairnessLimit, ServiceLimits
from lifecycle.metrics import AIMED_AT, GROUP_METRICS, METRICS, RECIPES_REPORT, Kind, kinds_of
from lifecycle.rollout import LiveLimits, RollingStep, require_order
from lifecycle.search import Parameter, ParameterName, Search
from lifecycle.suite import LoadTest, Sensitivity, TrainingDataLimits


def _inside(path: str) -> str:
    if path.startswith("/") or "\\" in path or "\0" in path or ".." in path.split("/"):
        raise ValueError(f"{path!r} must be relative, written with '/', and stay inside its folder")
    return path


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,22}[a-z0-9]$")]
InsidePath = Annotated[str, StringConstraints(min_length=1), AfterValidator(_inside)]
Following = Literal["retrain", "annotate", "investigate", "notify"]


class Data(Frozen):
    """Where the raw data lies, and what it means."""

    raw: InsidePath = Field(description="Prefix of the raw blobs: CSV, Parquet, JSON lines, captured events")
    label: str = Field(description="The column to predict")
    id: str | None = Field(default=None, description="A business key, which is never trained on and need not be unique")
    sensitive: tuple[str, ...] = Field(default=(), description="Columns to watch for fairness")
    columns: tuple[Column, ...] = Field(default=(), description="Features; none: inferred from the first raw data")
    newest_rows: int | None = Field(default=None, ge=100, description="Train on the newest rows only")

    @field_validator("columns", mode="before")
    @classmethod
    def _parse_columns(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return tuple(Column.parse(str(name), spec) for name, spec in value.items())
        return value

    @model_validator(mode="after")
    def _names_are_apart(self) -> Self:
        features = {column.name for column in self.columns}
        if self.label in features or (self.id is not None and self.id in features):
            raise ValueError("columns are the features: neither the label nor the id belongs there")
        if self.columns and not set(self.sensitive) <= features:
            raise ValueError(f"sensitive names no column: {sorted(set(self.sensitive) - features)}")
        return self


class Train(Frozen):
    """How a model is trained: a script of the workload's own, a built-in recipe, or a job file that a team has.

    Unsaid: the folder's train.py, if there is one.
    """

    script: InsidePath | None = None
    recipe: Literal["gradient_boosting", "linear", "random_forest"] | None = None
    job: InsidePath | None = Field(default=None, description="An Azure ML CLI v2 job file: a command or a pipeline")
    parameters: dict[ParameterName, Parameter] = Field(default_factory=dict)
    search: Search | None = Field(default=None, description="Parameters to be found, beside those that are given")
    time_limit: Duration = Field(default=timedelta(hours=1), description="Of the whole training, a search's too")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.script is not None and self.recipe is not None:
            raise ValueError("give a script or a recipe, not both")
        if self.job is not None and (self.script is not None or self.recipe is not None):
            raise ValueError("give a job or a script or a recipe, not two of them")
        if self.job is not None and self.search is not None:
            raise ValueError("a job file says itself what it runs: give no search beside it")
        return self

    @model_validator(mode="after")
    def _given_or_searched(self) -> Self:
        both = sorted(set(self.parameters) & set(self.search.space)) if self.search is not None else []
        if both:
            raise ValueError(f"{', '.join(both)} stands in parameters and in search.space: give it or search it")
        return self


class Gate(Frozen):
    """What a metric on the hold-out must reach."""

    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("a gate needs at_least or at_most")
        return self

    def holds(self, value: float) -> bool:
        """Whether the value lies within the bounds; a NaN never does."""
        low = self.at_least is None or value >= self.at_least
        high = self.at_most is None or value <= self.at_most
        return low and high


class Release(Frozen):
    """From candidate to production."""

    approval: ApprovalPolicy = "auto"
    approvers: tuple[Subject, ...] = Field(
        default=(), description="Who may answer where an environment asks for verified identity"
    )
    approval_within: Duration = Field(default=timedelta(days=3), description="Silence until then rejects")
    compare_rows: int = Field(
        default=1000, ge=50, description="Newest held-out rows that champion and challenger meet on"
    )
    keep_previous: Duration | None = Field(
        default=timedelta(days=3),
        description="How long what served before stays warm for a rollback, and costs its machines; none: always",
    )
    slices: tuple[str, ...] | None = Field(
        default=None, description="Columns in no group of which a candidate may lose; unsaid: data.sensitive"
    )
    training_data: TrainingDataLimits = TrainingDataLimits()
    sensitivity: Sensitivity = Sensitivity()
    load: LoadTest = LoadTest()
    tests_within: Duration = Field(default=timedelta(minutes=5), description="Of the workload's own tests, together")
    retrained: bool = Field(
        default=False,
        description="What passed staging is trained anew on the newest data, production's labelled rows among them, "
        "and released in its place, through every gate",
    )
    promotion: Literal["at_once", "by_hand"] = Field(
        default="at_once", description="What follows an approval; by hand: an A/B test may come before it"
    )
    rolling: tuple[RollingStep, ...] = Field(default=(), description="Steps to all the traffic; unsaid: at once")
    live: LiveLimits = LiveLimits()
    batch: BatchLimits = BatchLimits()

    @model_validator(mode="after")
    def _rolls_forward(self) -> Self:
        require_order(self.rolling)
        return self


class Monitor(Frozen):
    """What is watched in production, and what follows.

    `then` is for a loss of performance, realised or estimated; `on_drift` for drift without one, where
    `retrain_on_drift: true` is another way to write `on_drift: retrain`.
    """

    every: Duration | None = timedelta(hours=1)
    patrol: bool = Field(default=False, description="Looked at with many others in one run, alone where it finds any")
    window: Duration = timedelta(days=1)
    minimum_rows: int = Field(default=300, ge=50, description="Below it a check is inconclusive")
    tolerance: float = Field(default=0.05, gt=0, lt=1, description="Share of the metric that may be lost")
    then: Following = "retrain"
    on_drift: Following | None = Field(default=None, description="Unsaid: an investigation is opened")
    native: bool = Field(default=False, description="The platform's own drift monitor, too, where it has one")
    retrain_on_drift: bool = Field(default=False, description="Drift alone, without a loss of performance, retrains")
    confirm: tuple[FindingKind, ...] = Field(
        default=("drift", "estimate", "fairness", "attribution"),
        description="Kinds of findings that become alarms only when a second window sees the same",
    )
    cooldown: Duration | None = Field(
        default=None, description="How long the same is neither told nor asked for again; unsaid: as long as a window"
    )
    roll_back_within: Duration | None = Field(
        default=None,
        description="A champion younger than that which does worse than the version before is rolled back; none: never",
    )
    close_after: int = Field(default=3, ge=1, description="Windows without the drift that close its investigation")
    labels_within: Duration | None = Field(
        default=None,
        description="How late labels come: performance is then by those that came in the window, of whichever "
        "predictions of the champion; unsaid: by the window's own predictions",
    )
    estimate: bool = Field(default=True, description="Performance without labels, where the model has a reference")
    attribution: bool = Field(default=False, description="Which columns the model looks at: loads it in each window")
    fairness: tuple[FairnessLimit, ...] = Field(
        default=(), description="Between groups of data.sensitive; unsaid: four fifths of the metric that decides"
    )
    service: ServiceLimits = ServiceLimits()
    evidently_ui: bool = Field(default=False, description="Keep each report for Evidently's own UI, too")
    keep_reports: Duration | None = Field(default=timedelta(days=30), description="Then they are deleted; none: never")

    @model_validator(mode="after")
    def _drift_is_said_once(self) -> Self:
        if self.retrain_on_drift and self.on_drift not in (None, "retrain"):
            raise ValueError(f"retrain_on_drift and on_drift: {self.on_drift} contradict each other: give one of them")
        return self

    @property
    def drift_leads_to(self) -> Following:
        """What follows drift without a loss of performance."""
        return self.on_drift or ("retrain" if self.retrain_on_drift else "investigate")


class Retrain(Frozen):
    """Retraining by the calendar, beside what monitoring asks for."""

    every: Duration | None = None


class Budget(Frozen):
    """What retraining may cost."""

    retrainings_per_week: int = Field(default=3, ge=0)
    compute_hours_per_month: float | None = Field(default=None, gt=0, description="Of training jobs; none: no limit")
    cost_per_month: float | None = Field(default=None, gt=0, description="In the currency of price_per_hour")
    price_per_hour: float | None = Field(default=None, gt=0, description="Of the compute that trains, a machine")

    @model_validator(mode="after")
    def _cost_has_a_price(self) -> Self:
        if self.cost_per_month is not None and self.price_per_hour is None:
            raise ValueError("cost_per_month needs price_per_hour, what an hour of the training compute costs")
        return self


class Workload(Frozen):
    """One model and everything the service is told about it."""

    name: Name
    kind: Kind
    data: Data
    train: Train = Train()
    gates: dict[str, Gate] = Field(default_factory=dict)
    release: Release = Release()
    monitor: Monitor = Monitor()
    retrain: Retrain = Retrain()
    budget: Budget = Budget()
    forecast: Forecast | None = Field(default=None, description="Of a forecasting workload, which needs one")

    @model_validator(mode="after")
    def _metrics_exist(self) -> Self:
        unknown = sorted(set(self.gates) - set(METRICS[self.kind]))
        if unknown:
            raise ValueError(f"gates name unknown metrics {unknown}; {self.kind} has {', '.join(METRICS[self.kind])}")
        return self

    @model_validator(mode="after")
    def _groups_can_be_compared(self) -> Self:
        if self.monitor.fairness and not self.data.sensitive:
            raise ValueError("monitor.fairness compares the groups of data.sensitive, which names no column")
        known = (*METRICS[self.kind], *GROUP_METRICS.get(self.kind, ()))
        unknown = sorted({limit.metric for limit in self.monitor.fairness} - set(known))
        if unknown:
            raise ValueError(f"monitor.fairness: groups cannot be compared by {unknown}; there are {', '.join(known)}")
        return self

    @model_validator(mode="after")
    def _slices_are_columns(self) -> Self:
        if self.forecast is not None or not self.data.columns:
            return self  # the columns are known once there are data
        unknown = sorted(set(self.release.slices or ()) - {column.name for column in self.data.columns})
        if unknown:
            raise ValueError(f"release.slices names no column: {unknown}")
        return self

    @model_validator(mode="after")
    def _objective_is_written(self) -> Self:
        search = self.train.search
        if search is None:
            return self
        known = kinds_of(search.objective)
        if known and self.kind not in known:
            raise ValueError(f"train.search.objective: {search.objective} is no metric of a {self.kind}")
        written = RECIPES_REPORT[self.kind]
        if self.train.recipe is not None and search.objective not in written:
            raise ValueError(f"train.search.objective: a recipe of a {self.kind} writes {', '.join(written)} only")
        return self

    @model_validator(mode="after")
    def _forecasts_a_series(self) -> Self:
        if (self.kind == "forecasting") != (self.forecast is not None):
            raise ValueError("kind: forecasting and a section forecast, such as {time: time, horizon: 1d}, go together")
        if self.forecast is None:
            return self
        if self.monitor.patrol:
            raise ValueError("monitor.patrol: a series is compared season by season, which a patrol does not")
        if self.data.id is not None:
            raise ValueError("data.id: a row of a series is known by its time, and has no other id")
        taken = {self.data.label, *(column.name for column in self.data.columns)}
        made = {column.name for column in self.forecast.row_columns(self.data.label, ())}
        if taken & made:
            raise ValueError(f"forecast makes the columns {', '.join(sorted(taken & made))} itself: name others so")
        if self.train.recipe not in (None, "gradient_boosting"):
            raise ValueError(f"train.recipe: {self.train.recipe} gives no quantiles; gradient_boosting does")
        return self

    @property
    def metric(self) -> str:
        """The metric that decides: the first gate's that models can be ranked by, or the first of the kind."""
        return next((name for name in self.gates if name not in AIMED_AT), METRICS[self.kind][0])

    @property
    def fairness(self) -> tuple[FairnessLimit, ...]:
        """How far apart the groups of the sensitive columns may lie; nothing where none is sensitive."""
        if not self.data.sensitive:
            return ()
        return self.monitor.fairness or (FairnessLimit(metric=self.metric, ratio=FOUR_FIFTHS),)

    @property
    def resource(self) -> str:
        """What this workload's events are about."""
        return f"perennial.workload.{self.name}"
