"""Whom an action is for: expressions over the columns of customers, read without running them.

``churn_probability > 0.2 and complaints_open > 0``: comparisons of columns, numbers and texts,
joined by ``and``, ``or`` and ``not``. Python's own parser reads them, and only the few kinds of
node below mean anything. What is not known makes a comparison unknown, as in SQL: a customer of
whom it is not known whether they are eligible is not.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import InputError, suggestion

Bools = NDArray[np.bool_]
Answers = Any
"""A pandas array of true, false and unknown."""

_COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_LONGEST = 2_000


@dataclass(frozen=True)
class Expression:
    """A condition that was read.

    Parameters
    ----------
    text : str
        As it was written.
    tree : ast.expr
    columns : tuple of str
        That it compares, by name.
    """

    text: str
    tree: ast.expr
    columns: tuple[str, ...]

    def holds(self, frame: pd.DataFrame) -> Bools:
        """Tell for whom it is true.

        Parameters
        ----------
        frame : DataFrame
            A customer a row; a column that holds no numbers is compared as text, a day as
            ``"2025-01-31"``.

        Returns
        -------
        ndarray of bool
            False where it is false, and where it is not known.

        Raises
        ------
        ValueError
            When a number is compared with a text; the message names the column.
        """
        found = _Evaluation(frame).answer(self.tree)
        return np.asarray(found.to_numpy(dtype=bool, na_value=False))


def parse(text: str) -> Expression:
    """Read an expression.

    Raises
    ------
    ValueError
        When it is no expression, or one of more than comparisons; the message shows where.
    """
    if len(text) > _LONGEST:
        message = f"the expression has {len(text):,} characters; {_LONGEST:,} are allowed"
        raise ValueError(message)
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError) as error:
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        message = f"{text!r} cannot be read ({said}); {_EXAMPLE}"
        raise ValueError(message) from None
    _check_condition(tree, text)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return Expression(text, tree, tuple(sorted(names)))


_EXAMPLE = 'write a condition such as "churn_probability > 0.2 and complaints_open > 0"'


def check_columns(action: str, expression: Expression, known: Iterable[str]) -> None:
    """Refuse an expression over a column that there is not.

    Parameters
    ----------
    action : str
        Whose expression it is.
    expression : Expression
    known : iterable of str
        The columns that there are.

    Raises
    ------
    InputError
        Naming the action, the column, and the column that it is most like.
    """
    there = set(known)
    for name in expression.columns:
        if name not in there:
            raise InputError(
                f'[actions.{action}] eligible: there is no column "{name}".'
                f"{suggestion(name, there)} It may use the columns of scores.parquet and the "
                "features of the champion, which `keepwell features` writes"
            )


def _check_condition(node: ast.expr, text: str) -> None:
    match node:
        case ast.BoolOp(values=parts):
            for part in parts:
                _check_condition(part, text)
        case ast.UnaryOp(op=ast.Not(), operand=part):
            _check_condition(part, text)
        case ast.Compare():
            _check_comparison(node, text)
        case _:
            raise _refused(node, text, "is no condition; compare it with something")


def _check_comparison(node: ast.Compare, text: str) -> None:
    _check_operand(node.left, text)
    for sign, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(sign, ast.In | ast.NotIn):
            _check_list(right, text)
        elif type(sign) in _COMPARED:
            _check_operand(right, text)
        else:
            raise _refused(node, text, "compares with is; write == or !=")


def _check_list(node: ast.expr, text: str) -> None:
    if not isinstance(node, ast.List | ast.Tuple | ast.Set) or not node.elts:
        raise _refused(node, text, 'is no list; write one such as ("A", "B")')
    for item in node.elts:
        if isinstance(item, ast.Name):
            raise _refused(item, text, "stands in a list, which holds numbers and texts only")
        _check_operand(item, text)


def _check_operand(node: ast.expr, text: str) -> None:
    match node:
        case ast.Name() | ast.Constant(value=str() | int() | float()):
            return
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float())):
            return
    raise _refused(node, text, "is neither a column, a number nor a text")


def _refused(node: ast.expr, text: str, why: str) -> ValueError:
    part = ast.get_source_segment(text.strip(), node) or text
    return ValueError(f"{part!r} {why}; {_EXAMPLE}")


@dataclass(frozen=True)
class _Evaluation:
    """An expression over some customers."""

    frame: pd.DataFrame

    def answer(self, node: ast.expr) -> Answers:
        match node:
            case ast.BoolOp(op=op, values=parts):
                join = operator.and_ if isinstance(op, ast.And) else operator.or_
                return reduce(join, map(self.answer, parts))
            case ast.UnaryOp(op=ast.Not(), operand=part):
                return ~self.answer(part)
            case ast.Compare():
                return self._compared(node)
        raise TypeError(node)

    def _compared(self, node: ast.Compare) -> Answers:
        operands = [node.left, *node.comparators]
        pairs = zip(operands, node.ops, operands[1:], strict=False)  # a < b < c is two of them
        return reduce(operator.and_, [self._one(*pair) for pair in pairs])

    def _one(self, left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Answers:
        if isinstance(right, ast.List | ast.Tuple | ast.Set):
            equal = [self._one(left, ast.Eq(), item) for item in right.elts]
            found = reduce(operator.or_, equal)
            return ~found if isinstance(sign, ast.NotIn) else found
        first, second = self._values(left), self._values(right)
        unknown = np.asarray(pd.isna(first) | pd.isna(second))
        told = np.zeros(len(unknown), dtype=bool)
        if not unknown.all():
            if first.dtype != second.dtype:
                raise ValueError(_unlike(left, right, first.dtype))
            compare = _COMPARED[type(sign)]
            told[~unknown] = compare(first[~unknown], second[~unknown])
        return pd.arrays.BooleanArray(told, unknown)

    def _values(self, node: ast.expr) -> NDArray[Any]:
        """Give a column or a constant, as floats or as texts."""
        if isinstance(node, ast.Name):
            return _column(self.frame[node.id])
        value = ast.literal_eval(node)
        kind = object if isinstance(value, str) else np.float64
        return np.full(len(self.frame), value, dtype=kind)


def _column(values: pd.Series[Any]) -> NDArray[Any]:
    if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    texts = values.astype(object)
    return texts.where(texts.isna(), texts.astype(str)).to_numpy(dtype=object)


def _unlike(left: ast.expr, right: ast.expr, of_left: np.dtype[Any]) -> str:
    texts_last = (left, right) if of_left.kind == "f" else (right, left)
    number, text = map(ast.unparse, texts_last)
    return f"{text} is a text, and {number} a number; compare like with like"
