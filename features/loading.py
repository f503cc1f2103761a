"""Load a company's tables: read once, set bad rows apart, check the contracts, report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import ibis
from ibis.backends import BaseBackend
from sqlglot import parse_one

from features import quarantine
from features.columns import LAYOUTS, Kind, TableLayout
from features.errors import InputError
from features.joint import joint_warnings
from features.keeping import as_view, internal_name, materialise, write_csv
from features.mapping import key_name, quoted
from features.normalise import normalise, raw_name
from features.quarantine import REASON
from features.reading import read_source
from features.remarks import remarks
from features.settings import DataSettings, TableSettings
from features.sources import engine_of, mendable
from features.tables import Loaded, TableReport, schema

_EXAMPLES = 3


@dataclass(frozen=True)
class _Reading:
    """What reading a table needs to know."""

    backend: BaseBackend
    data: DataSettings
    folder: Path
    now: datetime


def load(
    backend: BaseBackend,
    tables: Mapping[str, TableSettings],
    data: DataSettings,
    folder: Path,
    now: datetime | None = None,
    required: str | None = None,
) -> Loaded:
    """Read every configured table once, set bad rows apart and check the contracts.

    The clean tables stay in the engine, as temporary ones. Rejected rows are written to
    `<folder>/quarantine/<table>.csv`, as they were read.

    Parameters
    ----------
    backend
        What `features.sources.connect` returned.
    tables
        The `[tables]` section: settings by canonical name.
    data
        The `[data]` section.
    folder
        The configuration's folder.
    now
        The present in local time of `[data] timezone`, naive; None: the clock.
    required
        The table that must have rows; None: transactions, or else subscriptions. Any other may
        be empty, which means that nothing of the kind happened.

    Raises
    ------
    InputError
        When a file, column or expression is wrong, the required table is empty, or more rows of
        a table are bad than `max_rejected` allows.
    """
    needed = required or ("transactions" if "transactions" in tables else "subscriptions")
    present = now or datetime.now(ZoneInfo(data.timezone)).replace(tzinfo=None)
    reading = _Reading(backend, data, folder.resolve(), present)
    clean: dict[str, ibis.Table] = {}
    reports: dict[str, TableReport] = {}
    for name, layout in LAYOUTS.items():
        if name in tables:
            clean[name], reports[name] = _read(reading, layout, tables[name])
            if name == needed and not reports[name].read:
                raise InputError(f"tables.{name} is empty: {_empty(reports[name].left_out)}")
    return Loaded(clean, reports, tuple(joint_warnings(clean)))


def _read(
    reading: _Reading, layout: TableLayout, settings: TableSettings
) -> tuple[ibis.Table, TableReport]:
    source = read_source(reading.backend, layout, settings, reading.folder)
    columns = quarantine.canonical(source.mapped)
    keys = _keys(layout, settings, columns)
    problems = quarantine.problems(layout, columns, reading.now)
    flagged = quarantine.flag(normalise(source.mapped, layout), problems)
    staged = _stage(reading, layout, flagged, keys)
    counts = _counts_by_reason(staged)
    left_out = 0 if source.rows is None else source.rows - counts.total()
    path = _write_rejected(reading, layout, staged, counts)
    if not _few_enough(counts, reading.data.max_rejected):
        remedies = _Remedies(settings, engine_of(reading.backend).dialect)
        details = _details(staged, remedies, [*problems, *keys])
        raise InputError(_too_many(layout.name, counts, reading.data.max_rejected, details))
    clean = _clean(layout, staged, reading.backend)
    if counts:  # Of no rows every one is good, but SQL gives null for that.
        schema(layout.name, tuple(clean.columns), reading.now).validate(clean, lazy=True)
    facts = _facts(layout, clean)
    return clean, TableReport(
        table=layout.name,
        read=counts.total(),
        left_out=left_out,
        kept=counts[None],
        rejected={reason: count for reason, count in counts.items() if reason is not None},
        **facts,
        warnings=tuple(
            _warnings(reading, layout, settings, staged, clean)
            if counts
            else [_empty(left_out, ", which is taken to mean that nothing of the kind happened")]
        ),
        quarantine=path,
    )


def _keys(
    layout: TableLayout, settings: TableSettings, columns: Sequence[str]
) -> list[quarantine.Key]:
    keys = []
    own = quarantine.customer_key(layout, columns)
    if own:
        keys.append(quarantine.Key(own, own))
    if settings.key:
        parts = tuple(key_name(position) for position in range(len(settings.key)))
        keys.append(quarantine.Key(settings.key, parts))
    return keys


def _stage(
    reading: _Reading, layout: TableLayout, flagged: ibis.Table, keys: Sequence[quarantine.Key]
) -> ibis.Table:
    """Compute the flagged table: the one full reading of the source."""
    for key in keys:
        flagged = quarantine.flag_repeats(flagged, key)
    with mendable(f"tables.{layout.name}"):
        trimmed = quarantine.trim(flagged)
        return materialise(trimmed, internal_name(layout.name, "staged"), reading.backend)


def _counts_by_reason(staged: ibis.Table) -> Counter[str | None]:
    rows = staged.group_by(REASON).aggregate(n=lambda t: t.count()).order_by(ibis.desc("n"), REASON)
    found = rows.to_pyarrow().to_pylist()
    return Counter({row[REASON]: row["n"] for row in found})


def _empty(left_out: int, meaning: str = "") -> str:
    if left_out:
        return f"where leaves out all {left_out:,} rows{meaning}; check the condition"
    return f"the source has no rows{meaning}; check that it is the right file or table"


def _write_rejected(
    reading: _Reading, layout: TableLayout, staged: ibis.Table, counts: Counter[str | None]
) -> Path | None:
    path = reading.folder / "quarantine" / f"{layout.name}.csv"
    if counts.total() > counts[None]:
        write_csv(quarantine.rejected_rows(staged), path, reading.backend)
        return path
    path.unlink(missing_ok=True)
    return None


def _few_enough(counts: Counter[str | None], allowed: float) -> bool:
    rejected = counts.total() - counts[None]
    return not rejected or (counts[None] > 0 and rejected <= allowed * counts.total())


def _too_many(
    table: str,
    counts: Counter[str | None],
    allowed: float,
    details: Mapping[str, str],
) -> str:
    rejected = counts.total() - counts[None]
    said = (
        f"tables.{table}: {rejected:,} of {counts.total():,} rows "
        f"({rejected / counts.total():.1%}) cannot be used; data.max_rejected allows {allowed:.1%}"
    )
    reasons = [
        f"  {count:,} x {reason}{details[reason]}"
        for reason, count in counts.most_common()
        if reason is not None
    ]
    return "\n".join([said, *reasons, f"All of them are in quarantine/{table}.csv"])


def _details(
    staged: ibis.Table,
    remedies: _Remedies,
    problems: Sequence[quarantine.Problem | quarantine.Key],
) -> dict[str, str]:
    """Return, by reason, examples from the data and the remedy."""
    return {
        problem.reason: f"{_examples(staged, problem)}; {remedies.of(problem)}"
        for problem in problems
    }


@dataclass(frozen=True)
class _Remedies:
    """Remedies in the user's own names, and in the SQL of the user's engine."""

    settings: TableSettings
    dialect: str

    def of(self, problem: quarantine.Problem | quarantine.Key) -> str:
        value = self.settings.columns.get(problem.column, problem.column)
        is_name = re.fullmatch(r"[\w ]+", value) is not None
        said, such_as, sql = problem.remedy.partition(", such as ")
        if sql and self.dialect != quarantine.DIALECT:
            sql = parse_one(sql, read=quarantine.DIALECT).sql(self.dialect).replace("`", '"')
        return f"{said}{such_as}{sql}".replace('"col"', quoted(value) if is_name else f"({value})")


def _examples(staged: ibis.Table, problem: quarantine.Problem | quarantine.Key) -> str:
    raw = raw_name(problem.column)
    if raw not in staged.columns:
        return ""
    rows = staged.filter(staged[REASON] == problem.reason, staged[raw].notnull())
    values = rows.select(raw).distinct().order_by(raw).limit(_EXAMPLES)
    found = [repr(row[raw]) for row in values.to_pyarrow().to_pylist()]
    return f" (such as {', '.join(found)})" if found else ""


def _clean(layout: TableLayout, staged: ibis.Table, backend: BaseBackend) -> ibis.Table:
    good = staged.filter(staged[REASON].isnull()).select(*quarantine.canonical(staged))
    return as_view(good, internal_name(layout.name, "clean"), backend)


def _facts(layout: TableLayout, clean: ibis.Table) -> dict[str, Any]:
    measures = {"customers": clean.customer_id.nunique()}
    if layout.time:
        measures |= {"first": clean[layout.time].min(), "last": clean[layout.time].max()}
    (row,) = clean.aggregate(**measures).to_pyarrow().to_pylist()
    return {"first": None, "last": None, **row}


def _warnings(
    reading: _Reading,
    layout: TableLayout,
    settings: TableSettings,
    staged: ibis.Table,
    clean: ibis.Table,
) -> Iterator[str]:
    yield from _unreadable(layout, staged)
    if layout.time and not settings.key:
        yield from _repeats(layout, clean)
    if layout.attributes and "valid_from" not in clean.columns:
        yield (
            "attributes are as extracted today, not as they were in the past, which can leak the "
            "outcome; map valid_from where the source keeps a history"
        )
    yield from remarks(layout, clean, reading.now)


def _unreadable(layout: TableLayout, staged: ibis.Table) -> Iterator[str]:
    unreadable = quarantine.unreadable_optional(staged, layout)
    if not unreadable:
        return
    (row,) = staged.aggregate(**unreadable).to_pyarrow().to_pylist()
    for column, count in row.items():
        if count:
            wanted = "neither yes nor no" if layout.kind(column) is Kind.FLAG else "not numbers"
            yield f"{column}: values that are {wanted}, taken as missing: {count:,}"


def _repeats(layout: TableLayout, clean: ibis.Table) -> Iterator[str]:
    repeats = quarantine.exact_repeats(clean)
    if repeats:
        columns = '["order_id", "product_id"]' if layout.name == "transactions" else '["id"]'
        yield (
            f"rows that equal another row in every mapped column: {repeats:,}; they are kept "
            f"(name a key, such as key = {columns}, to reject repeats)"
        )
