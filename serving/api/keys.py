"""API keys: kept as hashes in a file beside the configuration."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from features.errors import InputError

_PREFIX = "kw"
_SECRET_BYTES = 32


class Role(StrEnum):
    """What a key opens."""

    READ = "read"
    PREDICT = "predict"
    WRITE = "write"
    ADMIN = "admin"


class Key(BaseModel):
    """A key without its secret.

    Attributes
    ----------
    id
        Stands in the key itself, in lists and in logs.
    sha256
        Of the secret, which is 256 random bits: a slow hash would add nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[0-9a-f]{8}$")
    name: str = Field(min_length=1, max_length=100)
    roles: tuple[Role, ...] = Field(min_length=1)
    created_at: datetime
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid")

    keys: list[Key] = []


class KeyFile:
    """The keys of a project.

    Parameters
    ----------
    path : Path
        Made with the first key; only its owner may read it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def list(self) -> Sequence[Key]:
        """Give all keys, the oldest first.

        Raises
        ------
        InputError
            When the file is damaged or may not be read.
        """
        try:
            return _Content.model_validate_json(self.path.read_bytes()).keys
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(f"cannot read the keys in {self.path}: {error.strerror}") from None
        except ValidationError:
            raise InputError(
                f"{self.path} is damaged; restore it, or remove it and create new keys"
            ) from None

    def create(self, name: str, roles: Sequence[Role]) -> str:
        """Make a key and return it whole; it is told this once.

        Raises
        ------
        InputError
            When the name is taken, or the file cannot be written.
        """
        secret, number = secrets.token_urlsafe(_SECRET_BYTES), secrets.token_hex(4)
        with self._alone():
            keys = self.list()
            if any(key.name == name for key in keys):
                raise InputError(f'there is a key "{name}" already; choose another name')
            made = Key(
                id=number,
                name=name,
                roles=tuple(sorted(set(roles))),
                created_at=datetime.now(UTC),
                sha256=digest(secret),
            )
            self._write([*keys, made])
        return f"{_PREFIX}_{number}_{secret}"

    def revoke(self, name: str) -> Key:
        """Take a key away, named by its id or name.

        Raises
        ------
        InputError
            When there is none.
        """
        with self._alone():
            keys = self.list()
            found = next((key for key in keys if name in {key.id, key.name}), None)
            if found is None:
                known = ", ".join(key.name for key in keys) or "none"
                raise InputError(f'there is no key "{name}"; the keys are: {known}')
            self._write([key for key in keys if key.id != found.id])
        return found

    def _alone(self) -> FileLock:
        if not self.path.parent.is_dir():
            raise InputError(f"there is no folder {self.path.parent} for the keys; make it first")
        return FileLock(f"{self.path}.lock", mode=0o600)

    def _write(self, keys: Sequence[Key]) -> None:
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        text = _Content(keys=list(keys)).model_dump_json(indent=1)
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path)
        except OSError as error:
            raise InputError(f"cannot write the keys to {self.path}: {error.strerror}") from error
        finally:
            part.unlink(missing_ok=True)


def digest(secret: str) -> str:
    """Give the hash that a secret is kept as."""
    return hashlib.sha256(secret.encode()).hexdigest()


def split(given: str) -> tuple[str, str]:
    """Give a key's id and secret; ids that cannot be are empty."""
    parts = given.split("_", 2)
    return (parts[1], parts[2]) if len(parts) == 3 and parts[0] == _PREFIX else ("", "")  # noqa: PLR2004


def matches(key: Key | None, secret: str) -> bool:
    """Compare in a time that tells nothing, whether there is such a key or not."""
    kept = key.sha256 if key else "0" * 64
    return hmac.compare_digest(digest(secret), kept) and key is not None
