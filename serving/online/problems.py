"""What is wrong with a request, told by place, so that its sender can put it right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

MOST_DETAILS = 20
"""Problems that are told of one request; a sender who got one row wrong got most of them wrong."""

_SHOWN = 80


@dataclass(frozen=True)
class Detail:
    """One problem.

    Parameters
    ----------
    location : str
        Such as ``customers[3].history.transactions[17].amount``.
    problem : str
        What is wrong there, what is known, what to do.
    """

    location: str
    problem: str


class RequestProblem(Exception):  # noqa: N818 - named for what it says
    """A request that cannot be answered as it is; nothing of it was.

    Parameters
    ----------
    code : {"invalid_json", "invalid_request", "invalid_history", "invalid_features"}
    message : str
        One sentence.
    details : iterable of Detail
        The first :data:`MOST_DETAILS` are kept.
    """

    def __init__(self, code: str, message: str, details: Iterable[Detail] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = tuple(islice(details, MOST_DETAILS))

    def __str__(self) -> str:
        told = "; ".join(f"{d.location}: {d.problem}" for d in self.details)
        return f"{self.message}: {told}" if told else self.message


def shown(text: str) -> str:
    """Give a name from a request in quotes, cut to a readable length."""
    return f'"{text}"' if len(text) <= _SHOWN else f'"{text[:_SHOWN]}…"'
