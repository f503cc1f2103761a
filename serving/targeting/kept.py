"""Offers as they are kept: Arrow, some customers at a time, read and written whole.

Nobody looks a single offer up: plans are made from all of them. As rows of a table, six million
would take minutes to write and to read; like this it is a second.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from features.errors import InputError
from models.matrix import Floats
from serving.targeting.actions import Action
from serving.targeting.offers import CUSTOMER, MATRICES, Offers

_ROWS = 20_000
_ACTIONS = b"actions"
_TEXTS = ("customer_id", "reasons")


def to_parts(offers: Offers) -> Iterator[bytes]:
    """Write offers; where there are none, one part says for which actions there are none.

    Parameters
    ----------
    offers : Offers
    """
    table = _table(offers)
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    for start in range(0, max(1, table.num_rows), _ROWS):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
            writer.write_table(table.slice(start, _ROWS))
        yield sink.getvalue().to_pybytes()


def from_parts(parts: Sequence[bytes]) -> Offers:
    """Read offers.

    Parameters
    ----------
    parts : sequence of bytes
        As :func:`to_parts` gave them, at least one.

    Raises
    ------
    InputError
        When another version of Keepwell wrote them in another shape.
    """
    table = pa.concat_tables([pa.ipc.open_stream(part).read_all() for part in parts])
    if set(table.column_names) != {*CUSTOMER, *MATRICES}:
        raise InputError(
            "the offers of these scores were kept by another version of Keepwell: run `keepwell "
            "score` again"
        )
    told = json.loads(table.schema.metadata[_ACTIONS])
    actions = tuple(Action(**fields) for fields in told)
    matrices = (_matrix(table[name], len(actions)) for name in MATRICES)
    return Offers(actions, table.select(list(CUSTOMER)).to_pandas(), *matrices)


def _table(offers: Offers) -> pa.Table:
    columns = {
        name: pa.array(
            offers.customers[name],
            pa.string() if name in _TEXTS else pa.float64(),
            from_pandas=name in _TEXTS,
        )
        for name in CUSTOMER
    }
    for name in MATRICES:
        values = pa.array(np.ascontiguousarray(getattr(offers, name)).ravel())
        columns[name] = pa.FixedSizeListArray.from_arrays(values, len(offers.actions))
    told = json.dumps([action.to_dict() for action in offers.actions])
    return pa.table(columns).replace_schema_metadata({_ACTIONS: told})


def _matrix(column: pa.ChunkedArray, actions: int) -> Floats:
    values = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.asarray(values).reshape(-1, actions)
