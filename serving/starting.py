"""From a configuration to an API that answers, in one worker."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import PackageNotFoundError, version

from models.folder_registry import FolderRegistry
from serving.api.app import Api
from serving.api.auth import Access
from serving.api.handlers import Parts
from serving.api.keys import KeyFile
from serving.api.limits import RateLimit
from serving.api.monitor_gauges import MonitorGauges
from serving.api.published import Published
from serving.api.reload import Champions, Models
from serving.configuration import Configuration
from serving.monitored import FILE

Guard = Callable[[], AbstractContextManager[None]]


def make_api(configuration: Configuration) -> Api:
    """Put an API together; its models are not loaded yet.

    Parameters
    ----------
    configuration : Configuration

    Raises
    ------
    BundleError
        When a release folder is no release.
    """
    serving = configuration.serving
    champions, guard = registry(configuration)
    parts = Parts(
        Models(champions, guard),
        Published(configuration.store_url, configuration.store),
        Access(KeyFile(configuration.keys_path)),
        RateLimit(serving.requests_per_second),
        serving,
        ThreadPoolExecutor(os.cpu_count() or 1, "predict"),
        MonitorGauges(configuration.folder / FILE, champions.name),
        configuration.rules,
    )
    return Api(parts, _version())


def registry(configuration: Configuration) -> tuple[Champions, Guard]:
    """Open the registry: a release's folder, or MLflow's.

    Parameters
    ----------
    configuration : Configuration
    """
    if configuration.release is not None:
        return FolderRegistry(configuration.release), nullcontext
    from models.registry import Registry, store  # noqa: PLC0415 - a built Bento has no MLflow

    uri = configuration.tracking_uri
    with store(uri):
        return Registry(uri, configuration.name), lambda: store(uri)


def _version() -> str:
    try:
        return version("keepwell")
    except PackageNotFoundError:  # in a built Bento only the folders are there
        return "0"
