"""Make the relative files of an SQL query relative to the configuration."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlglot.errors import TokenError
from sqlglot.tokens import Token, Tokenizer, TokenType

from features.files import matching
from features.mapping import literal, quoted

_PARQUET = ".parquet"
_FILE_ENDINGS = (_PARQUET, ".csv", ".csv.gz")
_ALIASES = (TokenType.ALIAS, TokenType.VAR, TokenType.IDENTIFIER)
_TEXTS = (TokenType.STRING, TokenType.IDENTIFIER)
_BEFORE_FILES = (TokenType.FROM, TokenType.JOIN)
_ALIAS_TOKENS = 3


def anchored(query: str, folder: Path, open_csv: Callable[[str], str]) -> str:
    """Return the query with the files that it reads from `folder` named in full.

    The engine would look in the current folder first. Only texts that stand where a file can
    (after FROM or JOIN, or inside a `read_...` function) and that name a file in `folder` are
    replaced.

    Parameters
    ----------
    query
        An SQL SELECT.
    folder
        The folder that relative files are in.
    open_csv
        CSV file or glob, as written, to the SQL name of a view of them that keeps ids unchanged;
        used where a file stands by itself, outside any `read_...` function.
    """
    try:
        tokens = Tokenizer(dialect="duckdb").tokenize(query)
    except TokenError:
        return query  # The engine says better what is wrong with it.
    for position, in_function in reversed(list(_files(tokens))):
        token = tokens[position]
        if not _is_there(token.text, folder):
            continue
        path = Path(glob.escape(str(folder))) / token.text
        if in_function or token.text.lower().endswith(_PARQUET):
            text = literal(str(path))
        else:
            text = open_csv(token.text) + _alias(path, tokens[position + 1 : position + 2])
        query = query[: token.start] + text + query[token.end + 1 :]
    return query


def _alias(path: Path, following: list[Token]) -> str:
    """Name a view as the engine would name its file, unless the query does."""
    if following and following[0].token_type in _ALIASES:
        return ""
    return f" AS {quoted(path.name.split('.')[0])}"


def _is_there(name: str, folder: Path) -> bool:
    return name.lower().endswith(_FILE_ENDINGS) and bool(matching(name, folder))


def _files(tokens: list[Token]) -> Iterator[tuple[int, bool]]:
    """Yield the positions of texts that may be files, and whether within a function."""
    depth = 0  # Of brackets within a read_... function.
    last_file = -_ALIAS_TOKENS - 1
    for position, token in enumerate(tokens):
        before = tokens[position - 1] if position else None
        depth += _bracket(token, before, depth)
        if token.token_type not in _TEXTS or before is None:
            continue
        listed = before.token_type is TokenType.COMMA and position - last_file <= _ALIAS_TOKENS
        if depth or listed or before.token_type in _BEFORE_FILES:
            last_file = position
            yield position, depth > 0


def _bracket(token: Token, before: Token | None, depth: int) -> int:
    if token.token_type is TokenType.R_PAREN:
        return -1 if depth else 0
    if token.token_type is not TokenType.L_PAREN:
        return 0
    return 1 if depth or (before and before.text.lower().startswith("read_")) else 0
