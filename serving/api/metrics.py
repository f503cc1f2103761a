"""What Prometheus is told. No label ever holds a customer: paths are told as routes."""

from __future__ import annotations

import os
import time

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SHARED = "PROMETHEUS_MULTIPROC_DIR"

REQUESTS = Counter("keepwell_requests", "Requests answered.", ["route", "method", "status"])
LATENCY = Histogram(
    "keepwell_request_duration_seconds",
    "From the request's head to the answer's end.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
BATCH = Histogram(
    "keepwell_predict_customers",
    "Customers in a request for predictions.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
TOGETHER = Histogram(
    "keepwell_predict_requests_together",
    "Requests for predictions that were worked out together.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
)
REJECTED = Counter("keepwell_rejected", "Requests refused, by the code of the problem.", ["code"])
MODEL = Gauge(
    "keepwell_model_live",
    "1 for the version that a worker serves, 0 for those it served before.",
    ["version"],
    multiprocess_mode="livemax",
)
DEGRADED = Gauge(
    "keepwell_model_degraded",
    "1 while a newer champion is refused or the registry does not answer.",
    multiprocess_mode="livemax",
)
RELOADS = Counter("keepwell_reloads", "Champions taken over or refused.", ["outcome"])
SCORE_AGE = Gauge(
    "keepwell_score_age_seconds",
    "Seconds since the published scores were published.",
    multiprocess_mode="livemostrecent",
)
STORE_UP = Gauge(
    "keepwell_store_up", "1 while the score store answers.", multiprocess_mode="livemostrecent"
)


class Meter:
    """Counts requests; finding a labelled counter anew each time would cost more than counting."""

    def __init__(self) -> None:
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def count(self, route: str, method: str, status: int, started: float) -> float:
        """Count a request and give its duration in seconds.

        Parameters
        ----------
        route, method : str
            Of the documented ones; anything else is "unknown".
        status : int
        started : float
            `time.perf_counter` when it came.
        """
        took = time.perf_counter() - started
        key = (route, method, status)
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = REQUESTS.labels(route, method, str(status))
            self._timers[route] = LATENCY.labels(route)
        counter.inc()
        self._timers[route].observe(took)
        return took


def exposition() -> bytes:
    """Give all metrics of all workers as text."""
    if _SHARED not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
