"""Results on disk: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from matplotlib.figure import Figure

from features.errors import InputError
from keepwell.project import make

FORMATS = (".parquet", ".csv")


def check_format(
    path: Path | None, formats: tuple[str, ...] = FORMATS, option: str = "--out"
) -> None:
    """Refuse a result file that cannot be written later, before any work is done.

    Raises
    ------
    InputError
        For another ending, a folder that does not exist or takes no files, or a folder's name.
    """
    if path is None:
        return
    if path.suffix.lower() not in formats:
        raise InputError(f"{option} {path}: name a file that ends in {' or '.join(formats)}")
    if not path.absolute().parent.is_dir():
        raise InputError(f"{option} {path}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise InputError(f"{option} {path}: this is a folder; name a file in it")
    make(path.absolute().parent)


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet or CSV, by the file's ending.

    It is written beside its place and then moved there, so that a reader sees the old file or
    the new one, and a full disk leaves the old one.

    Parameters
    ----------
    frame : DataFrame
    path : Path

    Raises
    ------
    InputError
        When it cannot be written.
    """
    write_tables([pa.Table.from_pandas(frame, preserve_index=False)], path)


def write_tables(tables: Iterable[pa.Table], path: Path) -> None:
    """Write tables of the same columns, one after the other, as one file; see `write_frame`."""
    opened = pc.CSVWriter if path.suffix.lower() == ".csv" else pq.ParquetWriter
    rest = iter(tables)
    first = next(rest)
    with _replacing(path) as part, opened(part, first.schema) as writer:
        for table in chain([first], rest):
            writer.write(table)


def write_text(text: str, path: Path) -> None:
    """Write a text as UTF-8; see `write_frame`."""
    with _replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG; see `write_frame`."""
    with _replacing(path) as part:
        figure.savefig(part, format="png")


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give a place beside a file; what is written there takes the file's place when it is whole."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        _remove(part)


def _remove(part: Path) -> None:
    # On a read-only file system even the removal of nothing is refused.
    try:
        part.unlink(missing_ok=True)
    except OSError:
        return
