"""``keepwell serve``, ``keepwell keys``, ``keepwell export`` and ``keepwell build``."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from features.errors import InputError
from keepwell.settings import load_settings
from models.folder_registry import export
from models.registry import Registry, store
from serving.api.auth import check_binding
from serving.api.keys import KeyFile, Role
from serving.configuration import CONFIG_VARIABLE, RELEASE, Configuration, read_configuration

ROOT = Path(__file__).resolve().parents[1]
"""The checkout: what a Bento is built from."""

SERVICE = "serving.service:Keepwell"
_LOCAL = "127.0.0.1"
_BENTOFILE = "bentofile.yaml"
_PARTS = ("features", "models", "serving", "requirements")
_CACHES = shutil.ignore_patterns("__pycache__")


def run_serve(config: Path, host: str | None, port: int | None, workers: int | None) -> None:
    """Serve the champion until stopped.

    Parameters
    ----------
    config : Path
    host : str, optional
        An address to listen on; ``[serving] host`` by default.
    port, workers : int, optional
        Likewise.

    Raises
    ------
    InputError
        When it would be open to others without keys, or the port is taken.
    ModelError
        When there is no champion, or its bundle cannot be used.
    """
    found = _configuration(config)
    address = (host or found.serving.host).replace("localhost", _LOCAL)
    number = port or found.serving.port
    check_binding(address, KeyFile(found.keys_path))
    _check_free(address, number)
    with store(found.tracking_uri):
        Registry(found.tracking_uri, found.name).load_champion()
    os.environ["KEEPWELL_WORKERS"] = str(workers or found.serving.workers)
    with tempfile.TemporaryDirectory(prefix="keepwell-serve-") as home:
        # A home of its own: BentoML empties the metrics of whatever else is served from there.
        os.environ["BENTOML_HOME"] = home
        _serve(address, number)


def _serve(host: str, port: int) -> None:
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    import bentoml  # noqa: PLC0415 - it reads its variables when it is imported

    bentoml.serve(SERVICE, working_dir=str(ROOT), host=host, port=port, blocking=True)


def create_key(config: Path, name: str, roles: Sequence[str], out: Console) -> None:
    """Make a key and print it: the only time that it is seen whole.

    Raises
    ------
    InputError
        When a role is unknown or the name is taken.
    """
    if unknown := [role for role in roles if role not in set(Role)]:
        raise InputError(f'unknown role "{unknown[0]}"; the roles are {", ".join(Role)}')
    key = _keys(config).create(name, [Role(role) for role in roles])
    out.print(key, highlight=False, markup=False, soft_wrap=True)


def list_keys(config: Path, out: Console) -> None:
    """Print the keys without their secrets."""
    table = Table("id", "name", "roles", "created")
    for key in _keys(config).list():
        table.add_row(key.id, key.name, ", ".join(key.roles), f"{key.created_at:%Y-%m-%d %H:%M}")
    out.print(table)


def revoke_key(config: Path, name: str, out: Console) -> None:
    """Take a key away; it is refused within a second."""
    gone = _keys(config).revoke(name)
    out.print(f"Revoked {gone.name} ({gone.id})", highlight=False, markup=False)


def export_release(config: Path, folder: Path, out: Console) -> None:
    """Write the champion into a folder that can be served without MLflow.

    Raises
    ------
    ModelError
        When there is no champion, or the folder holds something else.
    """
    found = _configuration(config)
    with store(found.tracking_uri):
        registry = Registry(found.tracking_uri, found.name)
        version, bundle = registry.load_champion()
        export(bundle, version, registry.history(), folder)
    out.print(f"Wrote version {version.number} of {bundle.name} to {folder}", highlight=False)


def build_bento(config: Path, out: Console) -> None:
    """Build a Bento that carries the champion."""
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    # BentoML asks for uv even where it has nothing to lock; the bootstrap may have brought one.
    os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], str(ROOT / ".uv" / "bin")])
    import bentoml  # noqa: PLC0415 - it reads its variables when it is imported

    with tempfile.TemporaryDirectory(prefix="keepwell-build-") as folder:
        context = Path(folder)
        for name in _PARTS:
            shutil.copytree(ROOT / name, context / name, ignore=_CACHES)
        shutil.copy(ROOT / _BENTOFILE, context)
        export_release(config, context / RELEASE, out)
        bento = bentoml.bentos.build_bentofile(str(context / _BENTOFILE), build_ctx=folder)
    out.print(f"Built {bento.tag}; serve it with: bentoml serve {bento.tag}", highlight=False)


def _configuration(config: Path) -> Configuration:
    load_settings(config)  # checks every section, those of other commands too
    os.environ[CONFIG_VARIABLE] = str(config.resolve())
    return read_configuration()


def _keys(config: Path) -> KeyFile:
    return KeyFile(_configuration(config).keys_path)


def _check_free(host: str, port: int) -> None:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise InputError(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another with --host or "
            "--port"
        ) from None
