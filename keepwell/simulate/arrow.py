"""Columns as Parquet keeps them: text, money and local times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.simulate.story import Bools, Floats, Ints, Story, microseconds

MONEY = pa.decimal128(18, 4)
TIME = pa.timestamp("us")
_PER_CENT = 100
_DAY = 86_400
_SECOND = 1_000_000


def words(levels: Sequence[str], codes: Ints) -> pa.Array:
    """Give the text of codes."""
    return pa.array(levels, pa.string()).take(pa.array(codes))


def ids(prefix: str, numbers: Ints, width: int = 7) -> pa.Array:
    """Give identifiers such as c0000012."""
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), digits, "")


def money(cents: Floats | Ints, missing: Bools | None = None) -> pa.Array:
    """Give amounts of whole cents as decimals."""
    # 128 bits, the lower half first: the upper half repeats the sign.
    low = np.asarray(cents, dtype=np.int64) * _PER_CENT
    data = np.stack([low, low >> 63], axis=1)
    whole = pa.Array.from_buffers(MONEY, len(low), [None, pa.py_buffer(data)])
    return whole if missing is None else _without(whole, missing)


def numbers(values: Floats | Ints, missing: Bools | None = None) -> pa.Array:
    """Give numbers as float64; null where missing."""
    return pa.array(np.asarray(values, dtype=np.float64), mask=missing)


def flags(values: Bools) -> pa.Array:
    """Give true and false."""
    return pa.array(np.asarray(values, dtype=np.bool_))


def texts(values: pa.Array, missing: Bools) -> pa.Array:
    """Give texts; null where missing."""
    return _without(values, missing)


def _without(values: pa.Array, missing: Bools) -> pa.Array:
    return pc.if_else(pa.array(missing), pa.scalar(None, values.type), values)


def times(story: Story, days: Floats, missing: Bools | None = None) -> pa.Array:
    """Give times of the records, to the second.

    Parameters
    ----------
    story : Story
    days : ndarray of float
        Since the first midnight of the records; the fraction is the time of the day.
    missing : ndarray of bool, optional
    """
    known = days if missing is None else np.where(missing, 0.0, days)
    seconds = np.floor(known * _DAY + 1e-6).astype(np.int64)
    stamps = microseconds(story.start) + seconds * _SECOND
    return pa.array(stamps, mask=missing).cast(TIME)


def opening_hours(day: Ints, part: Floats) -> Floats:
    """Give times between 8:00 and 22:00 of days, by the part of the day that has passed."""
    return np.asarray(day + (8 + 14 * part) / 24)


def recorded(
    rng: np.random.Generator, story: Story, at: Floats, late: float, days: float
) -> Floats:
    """Give when rows were recorded: at once, or for the part that is late some days after.

    The extract is complete: what happened before as-of is recorded before it.
    """
    n = len(at)
    delay = np.where(rng.random(n) < late, days * rng.random(n), 0.0)
    return np.asarray(np.minimum(at + delay, np.maximum(at, story.days - 1 / _DAY)))
