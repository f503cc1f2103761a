"""The catalogue of features as a page: ``python -m keepwell.catalogue_page`` writes it anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from string import Formatter

import ibis

from features.asof import Spine
from features.catalogue import Feature, FeatureSet
from features.columns import LAYOUTS
from features.inputs import Inputs, unbound
from features.panel import features_at
from models.derived import with_derived

PAGE = Path(__file__).resolve().parents[1] / "docs" / "features.md"
COMMAND = "python -m keepwell.catalogue_page"

_HEAD = f"""\
# Features

What Keepwell knows of a customer at a moment, the cutoff, from what happened and was recorded
before it. This page is generated (`{COMMAND}`); `keepwell features` writes the
figures of your own customers.

- **needs**: the tables without which a feature is left out. An optional column that is not mapped
  leaves out the features that rest on it, too; they never become zeros. The estimated wallet, and
  what is derived from it, rests on attributes or on what a customer buys, as a mix.
- **window**: days before the cutoff; empty where it has none.
- *Categories* are words, all else are numbers. A number is 0 where there is no row and 0 is the
  truth (a count), and missing where it is unknown (an average).
- **sentence**: the reason in a risk list where the feature raises a customer's risk and lies on the
  risky side of the population's median, and the cause that it points to.

Besides, every column of `customers` that has no meaning of its own is a feature,
`attribute_<column>`: a category where it is text, a number, or, of a date, the days from it to the
cutoff. Further families can be [your own](own-families.md).
"""

_FIGURES = {
    "money": "… EUR",
    "percent": "… %",
    "every": "every …",
    "interval": "every … days",
    "times": "… times",
    "number": "…",
    "": "…",
}
"""How a figure is shown, by its format; any other format is the plural of what is counted."""


def page() -> str:
    """Give the page."""
    features = with_derived(_features(_inputs()))
    needs = _needs(features)
    parts = [
        _family(name, list(group), needs) for name, group in groupby(_ordered(features), _home)
    ]
    return "\n".join([_HEAD, *parts])


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def _home(feature: Feature) -> str:
    return feature.family


def _ordered(features: FeatureSet) -> list[Feature]:
    """Put derived features beside the others of their family."""
    homes = list(dict.fromkeys(f.family for f in features))
    return sorted(features, key=lambda f: homes.index(f.family))


def _inputs(*, without: str = "") -> Inputs:
    return {
        name: {column: kind.dtype for column, kind in layout.columns.items()}
        for name, layout in LAYOUTS.items()
        if name != without
    }


def _features(inputs: Inputs) -> FeatureSet:
    spine = ibis.table({"customer_id": "string", "cutoff": "timestamp(6)"}, name="spine")
    return features_at(unbound(inputs), Spine(spine)).features


def _needs(features: FeatureSet) -> Mapping[str, list[str]]:
    """Leave out one table after the other, and see what goes with it."""
    found: dict[str, list[str]] = {name: [] for name in features.names}
    for table in LAYOUTS:
        left = set(with_derived(_features(_inputs(without=table))).names)
        for name, tables in found.items():
            if name not in left:
                tables.append(table)
    return found


def _family(name: str, features: Sequence[Feature], needs: Mapping[str, list[str]]) -> str:
    rows = [_row(feature, needs[feature.name]) for feature in features]
    head = "| feature | what it is | unit | window | needs |\n|---|---|---|---|---|"
    reasons = list(_reasons(features))
    said = ["", "| reason of | sentence | cause |", "|---|---|---|", *reasons] if reasons else []
    return "\n".join([f"## {name}", "", head, *rows, *said, ""])


def _row(feature: Feature, needs: Sequence[str]) -> str:
    unit = "*category*" if feature.dtype == "category" else feature.unit
    cells = (f"`{feature.name}`", feature.doc, unit, str(feature.window or ""), ", ".join(needs))
    return f"| {' | '.join(cells)} |"


def _reasons(features: Sequence[Feature]) -> Iterator[str]:
    for feature in features:
        if reason := feature.reason:
            sentences = [_shown(t) for t in (reason.template, reason.fallback) if t]
            yield f"| `{feature.name}` | {' or: '.join(sentences)} | {reason.cause} |"


def _shown(template: str) -> str:
    """Put dots in the place of figures."""
    return "".join(
        text + (_figure(spec or "") if name else "")
        for text, name, spec, _ in Formatter().parse(template)
    )


def _figure(spec: str) -> str:
    only = "only " if spec.startswith("only ") else ""
    kind = spec.removeprefix("only ").removeprefix("mean ")
    return only + _FIGURES.get(kind, f"… {kind}")


if __name__ == "__main__":
    main()
