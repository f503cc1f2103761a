"""What ``keepwell score`` says of the customers' segments."""

from __future__ import annotations

import pandas as pd

from models.release import Release
from models.segments import GRADES, STRATEGIES, TIERS
from training.settings import SegmentSettings

_SHOWN = {"value_tier": TIERS, "grade": GRADES, "strategy": tuple(STRATEGIES.values())}


def segment_counts(scores: pd.DataFrame) -> str:
    """Count the customers of each segment, in one sentence; empty where there are none."""
    parts = []
    for name, segments in _SHOWN.items():
        counts = scores[name].value_counts()
        if len(counts):
            told = ", ".join(f"{counts.get(segment, 0):,} {segment}" for segment in segments)
            parts.append(f"{name} {told}")
    return f"Segments: {'; '.join(parts)}" if parts else ""


def segment_notes(release: Release, settings: SegmentSettings) -> list[str]:
    """Say why there are no segments, or why they are not those of the configuration."""
    made = release.segments
    if made is None:
        return ["the champion was trained before there were segments; run `keepwell train`"]
    if (made.rule, made.given) != (settings.rule, settings.given):
        told = "[segments] is not what the champion was trained with, which these segments mean"
        return [f"{told}; run `keepwell train` to use it"]
    return []
