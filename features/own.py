"""Families of the user's own: Python files that travel with the model, checked before use.

Their code runs wherever the model is used, so that it is trusted as the configuration is.
"""

from __future__ import annotations

import hashlib
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from ibis import ir

from features.asof import KEYS, Spine
from features.errors import InputError
from features.family import Columns, Family
from features.files import missing_file
from features.grains import Grain, Tables
from features.own_rules import check_families, check_measures

Sources = Mapping[str, str]
"""Source text by file name."""

_KEY = "features.families"


@dataclass(frozen=True)
class Own:
    """A company's own families and the files that they come from.

    Parameters
    ----------
    families : tuple of Family
    sources : mapping of str to str
        Source text by file name.
    """

    families: tuple[Family, ...] = ()
    sources: Sources = field(default_factory=dict)


NONE = Own()
"""No families of the user's own."""


def read(files: Sequence[str], folder: Path) -> dict[str, str]:
    """Read the files of own families.

    Parameters
    ----------
    files : sequence of str
        Paths, relative to ``folder``.
    folder : Path
        The configuration's.

    Raises
    ------
    InputError
        When a file is missing or no UTF-8 text, or two have the same name.
    """
    texts: dict[str, str] = {}
    for file in files:
        path = folder / file
        if path.name in texts:
            raise InputError(f"{_KEY}: two files are called {path.name}; rename one of them")
        texts[path.name] = _text(path, file)
    return texts


def _text(path: Path, file: str) -> str:
    if path.suffix != ".py":
        raise InputError(f'{_KEY} has "{file}", which is no Python file; name a file.py')
    if not path.is_file():
        raise InputError(f'{_KEY} has "{file}": {missing_file(path)}')
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(
            f'{_KEY} has "{file}", which is not UTF-8 text; save it as UTF-8'
        ) from None


def load(sources: Sources, taken: Sequence[Family]) -> Own:
    """Run the files of own families and check what they define.

    Parameters
    ----------
    sources : mapping of str to str
        Source text by file name.
    taken : sequence of Family
        Families whose names, and those of whose features, are taken.

    Returns
    -------
    Own
        Its families tell, when they fail later, the file and the line.

    Raises
    ------
    InputError
        Naming the file, and the line where there is one.
    """
    found: list[Family] = []
    for file, text in sources.items():
        families = _defined(file, _run(file, text))
        check_families(file, families, [*taken, *found])
        found += [_guarded(file, family) for family in families]
    return Own(tuple(found), dict(sources))


def changed(mine: Sources, theirs: Sources) -> list[str]:
    """List the files that are not the same in both, or in one alone."""
    return sorted(n for n in mine.keys() | theirs.keys() if mine.get(n) != theirs.get(n))


def _run(file: str, text: str) -> ModuleType:
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    module = ModuleType(f"keepwell_own_{Path(file).stem}_{digest}")
    # Dataclasses look their module up.
    sys.modules[module.__name__] = module
    with telling(file):
        exec(compile(text, _shown(file), "exec"), vars(module))  # noqa: S102 - the user's own code
    return module


def _defined(file: str, module: ModuleType) -> tuple[Family, ...]:
    many, one = getattr(module, "FAMILIES", None), getattr(module, "FAMILY", None)
    found = many if many is not None else [one]
    if many is None and one is None:
        raise InputError(
            f"{file} defines no FAMILY; write FAMILY = Family(...), or FAMILIES = [...] for several"
        )
    if not isinstance(found, list | tuple) or not all(isinstance(f, Family) for f in found):
        name = "FAMILY" if many is None else "FAMILIES"
        raise InputError(f"{file}: {name} holds something else than features.family.Family")
    return tuple(found)


@contextmanager
def telling(file: str, what: str = "") -> Iterator[None]:
    """Turn whatever the user's code raises into an `InputError` with its file and line."""
    try:
        yield
    except InputError as error:
        line = _line(error, file)
        place = f"{file}, line {line}" if line else file
        raise InputError(str(error) if file in str(error) else f"{place}: {error}") from error
    except Exception as error:  # the user's code may raise anything; told with file and line
        line = error.lineno if isinstance(error, SyntaxError) else _line(error, file)
        place = f"{file}, line {line}" if line else file
        said = str(error).strip().splitlines() or [""]
        raise InputError(
            f"{place}{what}: {type(error).__name__}: {said[0]}; correct the family file"
        ) from error


def _line(error: Exception, file: str) -> int | None:
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == _shown(file)]
    return lines[-1] if lines else None


def _shown(file: str) -> str:
    return f"families/{file}"


def _guarded(file: str, family: Family) -> Family:
    return replace(
        family,
        aggregates={g: _aggregate(file, family, f) for g, f in family.aggregates.items()},
        derive=_derive(file, family, family.derive),
        conclude=_derive(file, family, family.conclude),
        grains={g: _grain(file, g, f) for g, f in family.grains.items()},
    )


def _aggregate(
    file: str, family: Family, compute: Callable[[ir.Table], Columns]
) -> Callable[[ir.Table], Columns]:
    def guarded(rows: ir.Table) -> Columns:
        with telling(file):
            found = compute(rows)
            check_measures(file, family, found, helpers=True)
            rows.group_by(*KEYS).aggregate(**found)
        return found

    return guarded


def _derive(
    file: str, family: Family, compute: Callable[[ir.Table], Columns]
) -> Callable[[ir.Table], Columns]:
    def guarded(table: ir.Table) -> Columns:
        with telling(file):
            found = compute(table)
            check_measures(file, family, found, helpers=False)
            table.mutate(**found)
        return found

    return guarded


def _grain(file: str, name: str, rows_of: Grain) -> Grain:
    def guarded(tables: Tables, spine: Spine) -> ir.Table | None:
        with telling(file):
            rows: Any = rows_of(tables, spine)
        if rows is None:
            return None
        if not isinstance(rows, ir.Table) or not {*KEYS} <= set(rows.columns):
            raise InputError(
                f"{file}: the grain {name} gives no table with {' and '.join(KEYS)}; make its rows "
                "with known() of features.asof"
            )
        return rows

    return guarded
