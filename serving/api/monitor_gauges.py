"""What the last monitoring found, as gauges; there are none before the first.

They are made anew from its file at every scrape: all workers tell the same, and what a monitoring
no longer speaks of is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from serving.monitored import Monitored, read


class MonitorGauges(Collector):
    """Gauges of a file that ``keepwell monitor`` writes.

    Parameters
    ----------
    path : Path
    model : str
        The registered model; the file may be another's.
    """

    def __init__(self, path: Path, model: str) -> None:
        self._path, self._model = path, model
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give the gauges of now."""
        found = read(self._path)
        if found is not None and found.model == self._model:
            yield from _families(found)

    def exposition(self) -> bytes:
        """Give them as text."""
        return generate_latest(self._registry)


def _families(found: Monitored) -> Iterator[GaugeMetricFamily]:
    at = found.monitored_at.timestamp()
    words = "When `keepwell monitor` last looked at the model, in seconds since 1970."
    yield GaugeMetricFamily("keepwell_monitored_timestamp_seconds", words, at)
    version = {str(found.version): 1.0}
    words = "1 for the version that was looked at."
    yield _labelled("keepwell_monitored_version", words, "version", version)
    if found.feature_psi_max is not None:
        words = "Largest population stability index among the features."
        yield GaugeMetricFamily("keepwell_feature_psi_max", words, found.feature_psi_max)
        words = "Features that have moved beyond chance, with or without effect on the scores."
        yield GaugeMetricFamily("keepwell_features_moved", words, found.features_moved)
    words = "Population stability index of a score."
    yield _labelled("keepwell_score_psi", words, "score", found.score_psi)
    words = "A measure of the newest scores that have come true over what was promised."
    yield _labelled(
        "keepwell_realised_over_promised", words, "measure", found.realised_over_promised
    )
    alarms = {str(action): float(count) for action, count in found.alarms.items()}
    words = "What has changed, by whether it needs action."
    yield _labelled("keepwell_alarms", words, "action", alarms)


def _labelled(name: str, words: str, label: str, values: dict[str, float]) -> GaugeMetricFamily:
    made = GaugeMetricFamily(name, words, labels=[label])
    for key, value in values.items():
        made.add_metric([key], value)
    return made
