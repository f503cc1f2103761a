"""What the service is told by its configuration."""

from __future__ import annotations

from pydantic import Field

from features.settings import Section


class ServingSettings(Section):
    """`[serving]`: how `keepwell serve` answers.

    Attributes
    ----------
    host, port
        Where it listens. Anywhere but on loopback it needs API keys.
    workers
        Processes; each holds the models.
    keys
        File of the hashed API keys, relative to the configuration. The environment variable
        KEEPWELL_KEYS wins.
    watch_seconds
        The champion is looked up this often; a new one is taken over.
    body_megabytes
        Longer bodies are refused.
    requests_per_second
        Of one key to one worker, over any second.
    access_log
        Write a line per request: route, status, duration, ids of request and key; never a customer.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=3000, ge=1, le=65_535)
    workers: int = Field(default=1, ge=1, le=64)
    keys: str = "keepwell-keys.json"
    watch_seconds: float = Field(default=30.0, gt=0)
    body_megabytes: float = Field(default=16.0, gt=0, le=1_024)
    requests_per_second: float = Field(default=1_000.0, gt=0)
    access_log: bool = True
