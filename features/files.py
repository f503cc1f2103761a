"""Find the files that a table's `source` names."""

from __future__ import annotations

import glob
from dataclasses import dataclass
from pathlib import Path

from features.errors import InputError, suggestion

_FORMATS = {".parquet": "parquet", ".csv": "csv", ".csv.gz": "csv"}


@dataclass(frozen=True)
class Files:
    """Files of one format: "parquet" or "csv"."""

    paths: tuple[Path, ...]
    format: str


def locate(source: str, folder: Path, place: str) -> Files | None:
    """Return the files that `source` names, or None when it names a table of the engine.

    Parameters
    ----------
    source
        A path or glob, relative to `folder`.
    folder
        The folder of the configuration.
    place
        The dotted key of the setting, for messages.

    Raises
    ------
    InputError
        When it names files that do not exist or are of mixed formats.
    """
    pattern = folder / source
    paths = (pattern,) if pattern.is_file() else matching(source, folder)
    if not paths and not _names_a_file(source):
        return None
    if not paths:
        raise InputError(_missing(source, pattern, place))
    if not any(path.stat().st_size for path in paths):
        raise InputError(f"{place}: {paths[0].name} is empty: it has no header and no rows")
    return Files(paths, _common_format(paths, place))


def matching(source: str, folder: Path) -> tuple[Path, ...]:
    """Return the paths that a glob matches in a folder, in order."""
    within = Path(glob.escape(str(folder))) / source
    return tuple(sorted(Path(path) for path in glob.glob(str(within), recursive=True)))  # noqa: PTH207 - absolute globs too


def missing_file(path: Path) -> str:
    """Say that a file does not exist, with the nearest name in its folder."""
    if not path.parent.is_dir():
        return f'the folder "{path.parent}" does not exist.'
    names = sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
    hint = suggestion(path.name, names)
    return f'there is no file "{path.name}" in "{path.parent}".{hint}'


def _names_a_file(source: str) -> bool:
    return _format_of(source) is not None or glob.has_magic(source) or "/" in source


def _format_of(name: str) -> str | None:
    return next((kind for end, kind in _FORMATS.items() if name.lower().endswith(end)), None)


def _missing(source: str, pattern: Path, place: str) -> str:
    if glob.has_magic(source):
        return f'{place}: no file matches "{source}"; give a file or a glob that exists'
    return f"{place}: {missing_file(pattern)}"


def _common_format(paths: tuple[Path, ...], place: str) -> str:
    formats = {_format_of(path.name) for path in paths if not path.is_dir()}
    if len(formats) == 1 and not any(path.is_dir() for path in paths):
        (found,) = formats
        if found is not None:
            return found
    names = ", ".join(path.name for path in paths[:3])
    raise InputError(
        f"{place}: {names}: expected files of one format: .parquet, .csv or .csv.gz "
        f'(of a folder, name the files: "folder/*.parquet")'
    )
