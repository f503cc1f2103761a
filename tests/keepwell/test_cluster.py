"""A Dask cluster trains as well as this process does, and scores customers exactly alike."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster

from features.catalogue import FeatureSet
from features.errors import InputError
from keepwell import cluster
from keepwell.cli import main
from models import booster, churn, value
from models.bundle import Bundle
from models.errors import ModelError
from models.matrix import Encoder, Floats
from models.recipe import ChurnKind, Recipe, ValueKind
from models.registry import Registry
from tests.support import Shop, put_store
from training.measures import log_loss, normalised_gini, roc_auc
from training.settings import TrainingSettings

Maker = Callable[..., pd.DataFrame]
Train = Callable[[booster.Job], lgb.Booster]

ROWS = 12_000
"""Snapshots of nine features that are worth sending."""

SCORES = ["churn_probability", "value_if_retained", "expected_value", "lifetime_value"]
COMPANY = """
name = "shop"
currency = "EUR"

[tables.transactions]
source = "transactions.parquet"

[tables.complaints]
source = "complaints.parquet"

[churn]
horizon = "60d"

[training]
cutoffs = 10
every = "30d"
folds = 1
"""


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Start two worker processes."""
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as local:
        yield local.scheduler_address


@pytest.fixture(scope="module")
def client(scheduler: str) -> Iterator[Client]:
    with cluster.connected(scheduler) as found:
        yield found


@pytest.fixture
def train(client: Client) -> Train:
    return partial(cluster.train, client)


@pytest.fixture(autouse=True, scope="module")
def _lightgbm_speaks_again() -> Iterator[None]:
    before = lgb.basic._LOGGER  # noqa: SLF001 - there is no other way to get it
    yield
    lgb.register_logger(before)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def whole_numbers(rows: int, seed: int = 1) -> pd.DataFrame:
    """Make snapshots whose features have few values: each worker sees all of them."""
    rng = np.random.default_rng(seed)
    names = ("days_since_purchase", "tenure_days", "complaints_open")
    frame = pd.DataFrame({n: rng.integers(0, 20, rows).astype(float) for n in names})
    odds = 0.2 * (frame["days_since_purchase"] - frame["tenure_days"])
    return frame.assign(
        attribute_region="north", churned=(rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    )


def job_of(frame: pd.DataFrame, features: FeatureSet, rounds: int, **extra: float) -> booster.Job:
    wanted = FeatureSet(tuple(f for f in features if f.name in frame.columns))
    encoder = Encoder.fit(frame, wanted)
    design = booster.Design(encoder.matrix(frame), frame["churned"].to_numpy(np.float64))
    settings = {
        **churn.OBJECTIVE,
        "learning_rate": 0.1,
        "num_leaves": 7,
        "min_data_in_bin": 1,
        "num_threads": 1,
        "verbosity": -1,
        "seed": 7,
        **extra,
    }
    return booster.Job(design, encoder, settings, rounds)


def test_two_workers_grow_the_trees_that_one_process_grows(
    train: Train, features: FeatureSet
) -> None:
    job = job_of(whole_numbers(40_000), features, 30)
    apart, here = train(job), booster.here(job)
    assert apart.current_iteration() == 30
    assert apart.feature_name() == here.feature_name()
    ours, theirs = (np.asarray(b.predict(job.design.matrix)) for b in (apart, here))
    # The first prediction is the mean of the workers' log odds, and not that of the rows.
    np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_all_workers_stop_where_the_held_out_loss_is_lowest(
    train: Train, features: FeatureSet
) -> None:
    job = job_of(whole_numbers(40_000), features, 400, learning_rate=0.3)
    watched = job_of(whole_numbers(3_000, seed=2), features, 0).design
    stopped = train(replace(job, held_out=watched)).current_iteration()
    assert 1 <= stopped < 300
    longer = train(replace(job, rounds=stopped + booster.PATIENCE))
    losses = [
        log_loss(watched.outcome, np.asarray(longer.predict(watched.matrix, num_iteration=n)))
        for n in range(1, stopped + booster.PATIENCE + 1)
    ]
    assert np.argmin(losses) + 1 == stopped


def test_a_booster_does_not_know_who_trained_it(train: Train, features: FeatureSet) -> None:
    job = job_of(whole_numbers(40_000), features, 3)
    text = booster.to_text(train(job))
    assert "127.0.0.1" not in text
    assert "local_listen_port" not in text
    read = booster.from_text(text)
    assert np.isfinite(np.asarray(read.predict(job.design.matrix))).all()


@pytest.mark.parametrize("kind", ["lightgbm", "extra_trees"])
def test_churn_is_predicted_as_well(
    train: Train, features: FeatureSet, snapshots: Maker, recipe: Recipe, kind: ChurnKind
) -> None:
    frame, newest = snapshots(ROWS), snapshots(6_000, seed=3)
    encoder = Encoder.fit(frame, features)
    chosen = Recipe(
        kind,
        churn_parameters=recipe.churn_parameters,
        churn_rounds=300,
        extra_rounds=300,
        half_life=90.0,
    )
    matrix, left = encoder.matrix(newest), newest["churned"].to_numpy(float)

    def judged() -> tuple[float, float]:
        model = churn.fit(frame, encoder, chosen, snapshots(4_000, seed=2))
        said = model.raw(newest, matrix)
        return roc_auc(left, said), log_loss(left, said)

    here = judged()
    with booster.trained_by(train):
        apart = judged()
    assert here[0] > 0.6
    assert apart[0] == pytest.approx(here[0], abs=0.005)
    assert apart[1] == pytest.approx(here[1], abs=0.005)


@pytest.mark.parametrize("kind", ["tweedie", "lognormal"])
def test_values_are_ranked_as_well(
    train: Train, features: FeatureSet, snapshots: Maker, recipe: Recipe, kind: ValueKind
) -> None:
    frame, newest = snapshots(2 * ROWS), snapshots(6_000, seed=3)
    encoder = Encoder.fit(frame, features)
    chosen = Recipe("lightgbm", kind, value_parameters=recipe.value_parameters, value_rounds=60)
    matrix, worth = encoder.matrix(newest), newest["value"].to_numpy(float)

    def judged() -> float:
        model = value.fit_retained(frame, encoder, chosen)
        return normalised_gini(worth, model.predict(newest, matrix))

    here = judged()
    with booster.trained_by(train):
        assert judged() == pytest.approx(here, abs=0.005)


def test_what_is_small_or_cannot_be_distributed_is_trained_here(features: FeatureSet) -> None:
    small = job_of(whole_numbers(1_000), features, 5)
    large = job_of(whole_numbers(40_000), features, 5)
    own = booster.Job(
        large.design, large.encoder, {**large.settings, "objective": _squared, "metric": "None"}, 5
    )
    started = booster.Job(
        booster.Design(large.design.matrix, large.design.outcome, start=np.zeros(40_000)),
        large.encoder,
        large.settings,
        5,
    )
    for job in (small, own, started):
        assert cluster.train(None, job).current_iteration() == 5
    with pytest.raises(AttributeError):
        cluster.train(None, large)


def test_a_worker_that_dies_is_named_and_nothing_hangs(features: FeatureSet) -> None:
    job, begun = job_of(whole_numbers(40_000), features, 100_000), Event()
    with (
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as local,
        cluster.connected(local.scheduler_address) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        (worker, process), *_ = client.run(os.getpid).items()
        killing = pool.submit(_kill_when_busy, client, worker, process, begun)
        with pytest.raises(ModelError, match=f"broke off, for {worker} is gone .* run the command"):
            cluster.train(client, job)
        killing.result()
    assert begun.is_set()


def _kill_when_busy(client: Client, worker: str, process: int, begun: Event) -> None:
    """Kill a worker as soon as it trains."""
    while not client.processing().get(worker):  # type: ignore[no-untyped-call]
        time.sleep(0.1)
    begun.set()
    time.sleep(1)
    os.kill(process, signal.SIGKILL)


def test_batches_are_scored_exactly_alike_and_in_their_order(
    client: Client, shop: Bundle, snapshots: Maker
) -> None:
    frame = snapshots(1_000, seed=5)
    batches = [frame.iloc[a:b] for a, b in [(0, 400), (400, 401), (401, 600), (600, 1_000)]]
    batches += [frame.iloc[n : n + 50] for n in range(0, 400, 50)]
    said = list(cluster.score(client, shop.release, iter(batches)))
    assert len(said) == len(batches)
    for (given, scores), batch in zip(said, batches, strict=True):
        pd.testing.assert_frame_equal(given, batch)
        pd.testing.assert_frame_equal(scores, shop.release.score(batch), rtol=0, atol=1e-12)


def test_a_cluster_on_this_machine_is_started_and_ended(features: FeatureSet) -> None:
    job = job_of(whole_numbers(40_000), features, 2)
    with cluster.trained(TrainingSettings(engine="dask")) as (note,):
        made = booster.train(job.design, job.encoder, job.settings, 2, 7)
    assert "num_machines" not in booster.to_text(made)
    assert "[tree_learner: data]" in booster.to_text(made)
    assert "Dask workers on this machine; matrices of fewer than 100,000 cells" in note
    after = booster.train(job.design, job.encoder, job.settings, 2, 7)
    assert "[tree_learner: serial]" in booster.to_text(after)


def test_a_scheduler_that_does_not_answer_is_named_within_seconds() -> None:
    place, begun = f"tcp://127.0.0.1:{free_port()}", time.monotonic()
    with (
        pytest.raises(
            InputError, match="does not answer within 5 seconds; start it with `dask sch"
        ),
        cluster.trained(TrainingSettings(engine="dask", scheduler=place)),
    ):
        pass
    assert time.monotonic() - begun < 15


def test_a_cluster_without_workers_is_refused() -> None:
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as empty:
        place = empty.scheduler_address
        with (
            pytest.raises(
                InputError, match=f"'{place}' has no workers; start .*`dask worker {place}`"
            ),
            cluster.spread(TrainingSettings(engine="dask", scheduler=place)),
        ):
            pass


def test_workers_that_compute_with_something_else_are_named() -> None:
    same, other = {"tcp://a:1": "4.7.0"}, {"tcp://b:1": "4.6.0", "tcp://c:1": "4.7.0"}
    assert not cluster.unlike("lightgbm", "4.7.0", same)
    said = cluster.unlike("lightgbm", "4.7.0", {**same, **other})
    assert said == "tcp://b:1 has lightgbm 4.6.0, and this process 4.7.0"
    absent = cluster.unlike("keepwell", "0.1.0", {"tcp://b:1": ModuleNotFoundError("keepwell")})
    assert absent == "tcp://b:1 has no keepwell, and this process 0.1.0"


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    wanted = (
        r'training.engine = "dask" needs the library distributed, which is not installed; '
        r"add it with pip install 'keepwell\[dask\]'"
    )
    settings = TrainingSettings(engine="dask")
    with pytest.raises(InputError, match=wanted), cluster.trained(settings):
        pass
    with pytest.raises(InputError, match=wanted), cluster.spread(settings):
        pass


def test_a_company_is_trained_and_scored_on_a_cluster(
    scheduler: str,
    empty_store: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    spread = f'engine = "dask"\nscheduler = "{scheduler}"\n'
    here, apart = (_company(tmp_path / name, empty_store, capsys) for name in ("here", "apart"))
    apart.write(config=COMPANY + spread)
    here.does("train")
    said = apart.does("train").all
    assert f"note: boosters were trained by 2 Dask workers of {scheduler};" in said
    ours, theirs = (_champion(shop) for shop in (apart, here))
    assert any("2 Dask workers" in note for note in ours.notes["notes"])
    texts = "".join(ours.release.to_files()[1].values())
    assert "[tree_learner: data]" in texts
    assert "127.0.0.1" not in texts
    for measure, room in (("churn_roc_auc", 0.03), ("churn_log_loss", 0.03)):
        assert ours.measures[measure] == pytest.approx(theirs.measures[measure], abs=room)
    gini = "value_normalised_gini"
    assert ours.measures[gini] == pytest.approx(theirs.measures[gini], abs=0.05)
    apart.does("score")
    scored = apart.scored()
    apart.write(config=COMPANY)
    apart.does("score")
    assert scored.index.equals(apart.scored().index)
    for name in SCORES:
        np.testing.assert_allclose(scored[name], apart.scored()[name], rtol=0, atol=1e-12)


def _company(folder: Path, empty: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    assert main(["simulate", "--customers", "450", "--out", str(folder)]) == 0
    put_store(empty, folder)
    shop = Shop(folder, capsys)
    shop.write(config=COMPANY)
    return shop


def _champion(shop: Shop) -> Bundle:
    registry: Registry = shop.registry
    return registry.load_champion()[1]


def _squared(raw: Floats, data: lgb.Dataset) -> tuple[Floats, Floats]:
    return raw - np.asarray(data.get_label()), np.ones_like(raw)
