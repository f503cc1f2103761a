"""The score store: what `keepwell score` publishes and everybody else reads."""

from serving.store.plans import KeptPlan
from serving.store.query import RiskQuery, Sort
from serving.store.records import Change, Comparison, Past, RiskPage, Run, RunInfo, Score
from serving.store.store import Store

__all__ = [
    "Change",
    "Comparison",
    "KeptPlan",
    "Past",
    "RiskPage",
    "RiskQuery",
    "Run",
    "RunInfo",
    "Score",
    "Sort",
    "Store",
]
