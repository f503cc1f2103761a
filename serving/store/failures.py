"""What a driver's error means to whoever meets it."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from serving.errors import StoreBusy, StoreError, StoreFull, StoreUnavailable

_FULL = {"SQLITE_FULL", "53100"}
_LOCKED = {"SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT", "SQLITE_LOCKED", "55P03"}
_TWICE = {"SQLITE_CONSTRAINT_UNIQUE", "23505"}
_MISSING = {"42P01"}
_DOWN = ("08", "53", "57P")  # PostgreSQL: connection, resources, shut down
_UNREADABLE = ("SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")
_DAMAGED = ("SQLITE_NOTADB", "SQLITE_CORRUPT")


class MissingTable(StoreError):  # noqa: N818 - named for what it says
    """The scores of a run were dropped between finding the run and reading it."""


def explained(place: str, error: BaseException | None) -> StoreError:
    """Return the store's error for a driver's.

    Parameters
    ----------
    place : str
        The store's URL without its password.
    error : BaseException or None
        What SQLAlchemy or the driver raised; None when every connection is in use.
    """
    if error is None:
        return StoreUnavailable(f"every connection to the score store {place} is in use; try again")
    code, words = _code(error), _words(error)
    if code in _FULL:
        return StoreFull(
            f"no room is left for the score store {place}; the scores published before stay. "
            "Free some space, or lower [store] keep_runs or history_days, and publish again"
        )
    if code in _LOCKED:
        return StoreBusy(
            f"another publication holds the score store {place}; try again when it has finished"
        )
    if code in _TWICE:
        return StoreError("a customer stands twice in the scores; publish every customer once")
    if code in _MISSING:
        return MissingTable(f"a table is missing from the score store {place}: {words}")
    return _other(place, error, code, words)


def _other(place: str, error: BaseException, code: str, words: str) -> StoreError:
    if code.startswith(_DAMAGED):
        return StoreError(
            f"{place} is no database that can be read ({words}); let [store] url name another "
            "file, or put a backup back"
        )
    if code.startswith(_UNREADABLE):
        return StoreUnavailable(
            f"the score store {place} cannot be opened ({words}); see that its folder exists "
            "and may be written"
        )
    if code.startswith(_DOWN) or _is_connection(error):
        return StoreUnavailable(
            f"the score store {place} does not answer ({words}); see that the database runs "
            "and that [store] url is right"
        )
    return StoreError(f"the score store {place} refused: {words}")


def _is_connection(error: BaseException) -> bool:
    kinds = {kind.__name__ for kind in type(_driver_error(error)).__mro__}
    return bool(kinds & {"OperationalError", "InterfaceError"})


def _driver_error(error: BaseException) -> BaseException:
    return (error.orig or error) if isinstance(error, DBAPIError) else error


def _code(error: BaseException) -> str:
    found = _driver_error(error)
    code = getattr(found, "sqlite_errorname", None) or getattr(found, "sqlstate", None)
    return code or ""


def _words(error: BaseException) -> str:
    lines = str(_driver_error(error)).splitlines()
    return lines[0] if lines else type(error).__name__
