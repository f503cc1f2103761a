"""Features, labels and the panel are the same whatever engine the tables are in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq

from features.grains import prepared
from features.horizon import propose, propose_period
from features.keeping import materialise
from features.labels import Target, labels
from features.panel import Panel, build, features_at
from features.population import population
from tests.contract.companies import Loader, company, frame, history, same
from tests.contract.places import Place
from tests.oracle.histories import CUTOFF, SUBSCRIBED, without_recording


def test_every_feature_and_label(files: Place, other: Place, loaded: Loader) -> None:
    tables = company(history())
    ours, theirs = (loaded(place, tables).tables for place in (files, other))
    for kind in ("inactivity", "partial", "subscription"):
        target = Target(kind, 28, 7, 60)
        expected, found = (
            frame(labels(t, population(t, CUTOFF.date(), kind, 365), target))
            for t in (ours, theirs)
        )
        assert len(expected)
        same(found, expected)
    expected, found = (
        frame(features_at(t, population(t, CUTOFF.date(), "inactivity", 365)).table)
        for t in (ours, theirs)
    )
    assert len(expected.columns) > 190
    same(found, expected)


def test_a_panel_of_many_cutoffs(
    files: Place, other: Place, loaded: Loader, tmp_path: Path
) -> None:
    tables = {"transactions": company(without_recording(history()))["transactions"]}
    cutoffs = [CUTOFF.date() - timedelta(days=days) for days in (0, 30, 180)]
    panels: list[Panel] = []
    horizons = set()
    for place in (files, other):
        clean = loaded(place, tables).tables
        folder = tmp_path / f"panel_{len(panels)}"
        folder.mkdir()
        days = prepared(clean, lambda table, name: materialise(table, name, table.get_backend()))
        panels.append(build(days, cutoffs, Target("inactivity", 28, 0, 60), 365, folder))
        horizons.add(propose(clean["transactions"], 1_000))
    assert len(horizons) == 1
    for cutoff in cutoffs:
        expected, found = (pq.read_table(panel.parts[cutoff]) for panel in panels)
        assert len(expected)
        assert found.schema.names == expected.schema.names
        same(found.to_pandas(), expected.to_pandas())


def test_a_company_of_subscriptions_alone(files: Place, other: Place, loaded: Loader) -> None:
    tables = {"subscriptions": company(history(SUBSCRIBED))["subscriptions"]}
    ours, theirs = (loaded(place, tables).tables for place in (files, other))
    expected, found = (
        frame(features_at(t, population(t, CUTOFF.date(), "subscription", 365)).table)
        for t in (ours, theirs)
    )
    assert len(expected)
    same(found, expected)
    period = propose_period(ours["subscriptions"], 400)
    assert propose_period(theirs["subscriptions"], 400) == period
