from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import create_engine, inspect

from serving.errors import StoreUnavailable
from serving.store import RiskQuery, Run, Store
from tests.store.conftest import Opener, Urls
from tests.store.made import DAY, info, listed, scores

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60


def tables(url: str) -> set[str]:
    """Return the names of the tables that hold scores of a run."""
    engine = create_engine(url)
    names = inspect(engine).get_table_names()
    engine.dispose()
    return {name for name in names if name.startswith("scores_")}


def start_publisher(url: str, signal: Path) -> subprocess.Popen[bytes]:
    """Start a publication that stops half-way, and wait until it is there."""
    program = [sys.executable, "-m", "tests.store.publisher", url, str(signal)]
    process = subprocess.Popen(program, cwd=ROOT)
    until = time.monotonic() + PATIENCE_S
    while not signal.exists():
        assert process.poll() is None, "the publisher ended by itself"
        assert time.monotonic() < until, "the publisher does not come half-way"
        time.sleep(0.05)
    return process


def test_a_killed_publication_leaves_the_old_run_and_the_next_one_cleans_up(
    url: str, opened: Opener, tmp_path: Path
) -> None:
    store = opened(keep_runs=1)
    old = store.publish(info(), [scores(5)])
    publisher = start_publisher(url, tmp_path / "half")
    assert listed(store) == [f"c{n:03}" for n in range(5)], "half a run is not seen"
    publisher.kill()
    publisher.wait()
    assert store.current_run() == old
    assert store.runs() == [old]
    assert listed(opened()) == [f"c{n:03}" for n in range(5)]
    new = store.publish(info(version="3"), [scores(["next"])])
    assert listed(store) == ["next"]
    assert tables(url) == {f"scores_{new.id}"}
    assert [past.model_version for past in store.history("next")] == ["3"]
    assert store.history("n0") == []


def test_a_publisher_waits_for_another_but_not_for_ever(
    url: str, opened: Opener, tmp_path: Path
) -> None:
    store = opened(wait_s=0.3)
    store.publish(info(), [scores(5)])
    publisher = start_publisher(url, tmp_path / "half")
    with pytest.raises(
        StoreUnavailable, match=r"another publication holds .* when it has finished"
    ):
        store.publish(info(), [scores(2)])
    publisher.kill()
    publisher.wait()
    patient = opened(wait_s=PATIENCE_S)
    assert patient.publish(info(), [scores(2)]).customers == 2


def test_readers_see_one_run_or_the_other_while_runs_are_published(opened: Opener) -> None:
    store, reader = opened(keep_runs=1), opened()
    sizes = {store.publish(info(version="0"), [scores(40)]).id: 40}
    done = threading.Event()

    def publish_many() -> None:
        for number in range(1, 8):
            frame = scores(40 + number)
            run = store.publish(info(version=str(number)), (frame.iloc[i::4] for i in range(4)))
            sizes[run.id] = 40 + number
        done.set()

    def read_until_done() -> list[tuple[int, int, str]]:
        seen = []
        while not done.is_set():
            page = reader.risk_list(limit=1_000)
            versions = {score.model_version for score in page.items}
            assert len(versions) == 1
            seen.append((page.run.id, len(page.items), versions.pop()))
        return seen

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read_until_done) for _ in range(3)]
        pool.submit(publish_many).result(PATIENCE_S)
        seen = [answer.result(PATIENCE_S) for answer in readers]
    for each in seen:
        assert each, "nobody read"
        assert all(count == sizes[run] for run, count, _ in each)
        assert [run for run, _, _ in each] == sorted(run for run, _, _ in each)
    assert len({run for each in seen for run, _, _ in each}) > 1, "the runs changed meanwhile"


def test_two_publishers_publish_one_after_the_other(opened: Opener) -> None:
    stores = [opened(), opened()]
    started = threading.Barrier(2)

    def publish(number: int) -> list[Run]:
        started.wait(PATIENCE_S)
        frame = scores(30 + number)
        return [
            stores[number].publish(info(version=f"{number}.{n}"), [frame.iloc[:9], frame.iloc[9:]])
            for n in range(2)
        ]

    with ThreadPoolExecutor(2) as pool:
        runs = [run for part in pool.map(publish, range(2)) for run in part]
    assert len({run.id for run in runs}) == 4
    for run in runs:
        assert len(listed(stores[0], RiskQuery(run=run.id))) == run.customers
    assert stores[0].current_run().id == max(run.id for run in runs)


def test_a_reader_of_an_old_run_goes_on_and_its_table_goes_later(url: str, opened: Opener) -> None:
    store = opened(keep_runs=1)
    store.publish(info(), [scores(9)])
    frames = opened().score_frames(rows=3)
    parts = [next(frames)]
    second = store.publish(info(DAY + timedelta(1)), [scores(2)])
    assert listed(store) == ["c000", "c001"], "nobody waits for that reader"
    parts += frames
    assert pd.concat(parts)["rank"].tolist() == list(range(1, 10))
    third = store.publish(info(DAY + timedelta(2)), [scores(2)])
    assert tables(url) == {f"scores_{third.id}"}
    assert second.id < third.id


def test_two_processes_may_open_a_new_store_at_once(new_url: Urls) -> None:
    url = new_url()
    code = "import sys; from serving.store import Store; Store.open(sys.argv[1]).close()"
    program = [sys.executable, "-W", "error", "-c", code, url]
    processes = [subprocess.Popen(program, cwd=ROOT) for _ in range(2)]
    assert [process.wait(PATIENCE_S) for process in processes] == [0, 0]


def test_many_threads_may_open_a_new_store_at_once(new_url: Urls) -> None:
    def round_of(url: str) -> None:
        def visit(_: int) -> None:
            with Store.open(url) as store:
                store.ping()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(visit, range(4)))

    for _ in range(3):
        round_of(new_url())
