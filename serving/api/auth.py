"""Who may do what: keys with roles; without any key, this machine alone."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from features.errors import InputError
from serving.api.keys import Key, KeyFile, Role, matches, split
from serving.api.messages import Request
from serving.api.problems import ApiProblem

FORWARDING = (
    b"forwarded",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-proto",
    b"x-forwarded-port",
    b"x-forwarded-server",
    b"x-forwarded-prefix",
    b"x-real-ip",
    b"via",
)
"""Headers that tell of a proxy: behind one, everybody seems to be on this machine."""

_LOOK_S = 1.0
_log = logging.getLogger("keepwell.serving")


class Access:
    """Lets requests in.

    Parameters
    ----------
    file : KeyFile
        Looked at again within a second of a change.

    Notes
    -----
    Once a key has been seen, no request without a key is let in any more, even when the last one
    is revoked or the file is lost: who set keys up did not want the doors open.
    """

    def __init__(self, file: KeyFile) -> None:
        self._file = file
        self._keys: Mapping[str, Key] = {}
        self._closed = False
        self._stamp: tuple[int, ...] = ()
        self._looked = float("-inf")

    @property
    def has_keys(self) -> bool:
        """Whether keys are asked for."""
        self._look()
        return self._closed

    def admit(self, request: Request, role: Role | None) -> None:
        """Let a request in, and note its key as the caller.

        Parameters
        ----------
        request : Request
        role : Role or None
            None: any key will do.

        Raises
        ------
        ApiProblem
            When it may not (401, 403).
        """
        self._look()
        if not self._closed:
            check_local(request)
            return
        key = self._key(request)
        request.caller = key.id
        if role is not None and role not in key.roles:
            raise ApiProblem(
                403, "forbidden", f'this key lacks the role "{role}"; ask the operator for one'
            )

    def _key(self, request: Request) -> Key:
        kind, _, given = request.headers.get(b"authorization", b"").partition(b" ")
        number, secret = split(given.decode("latin-1").strip())
        key = self._keys.get(number)
        if matches(key, secret) and kind.lower() == b"bearer" and key is not None:
            return key
        message = "give a valid API key in the header: Authorization: Bearer kw_…"
        raise ApiProblem(401, "unauthorized", message, headers={"WWW-Authenticate": "Bearer"})

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked < _LOOK_S:
            return
        self._looked = now
        stamp = self._stamp_now()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._keys = {key.id: key for key in self._file.list()}
        except InputError as error:
            # Nobody is let in rather than everybody.
            _log.error("%s", error)
            self._keys, self._closed = {}, True
            return
        self._closed = self._closed or bool(self._keys)

    def _stamp_now(self) -> tuple[int, ...]:
        try:
            found = self._file.path.stat()
        except FileNotFoundError:
            return (0,)
        return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)


def check_local(request: Request) -> None:
    """Refuse what does not surely come from this machine itself.

    Raises
    ------
    ApiProblem
        Naming the remedy (403).
    """
    client = request.scope.get("client")
    proxied = [name.decode() for name in FORWARDING if name in request.headers]
    host = request.headers.get(b"host", b"").decode("latin-1")
    origin = request.headers.get(b"origin")
    if client is None or not is_loopback(client[0]):
        why = "it comes from another machine"
    elif proxied:
        why = f"it came through a proxy ({proxied[0]})"
    elif not is_loopback(_host_name(host)):
        why = "its Host is not this machine"
    elif origin is not None and not is_loopback(urlsplit(origin.decode("latin-1")).hostname or ""):
        why = "a page of another site sent it"
    else:
        return
    message = f"no API key exists, so only this machine is served, and {why}; {REMEDY}"
    raise ApiProblem(403, "keys_needed", message)


REMEDY = "make a key with `keepwell keys create NAME --role read --role predict`"


def is_loopback(host: str) -> bool:
    """Tell whether a name or address is this machine's own."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _host_name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def check_binding(host: str, file: KeyFile) -> None:
    """Refuse to listen to other machines without keys.

    Parameters
    ----------
    host : str
        Where the service is to listen.
    file : KeyFile

    Raises
    ------
    InputError
        When there is no key and `host` is not loopback.
    """
    if not is_loopback(host) and not file.list():
        raise InputError(
            f"there are no API keys, and {host} is open to other machines; {REMEDY}, or serve "
            "this machine only with --host 127.0.0.1"
        )
