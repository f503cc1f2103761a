"""The least that can answer POST /v1/predict: what Keepwell's service is measured against."""

from __future__ import annotations

import os
from pathlib import Path

import orjson

from models.folder_registry import FolderRegistry
from serving.api.messages import Receive, Scope, Send
from serving.online.predictor import Predictor
from serving.online.schemas import read

_, _BUNDLE = FolderRegistry(Path(os.environ["KEEPWELL_BENCHMARK_RELEASE"])).load_champion()
_PREDICTOR = Predictor(_BUNDLE, 1)
_HEAD = {"type": "http.response.start", "status": 200}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Validate the same input and score it with the same boosters; nothing else."""
    if scope["type"] != "http":
        return
    body = (await receive()).get("body", b"")
    answer = b"{}"
    if body:
        wanted = read(body)
        answer = orjson.dumps({"items": _PREDICTOR.predict(wanted.customers)})
    length = [(b"content-length", str(len(answer)).encode())]
    await send({**_HEAD, "headers": length})
    await send({"type": "http.response.body", "body": answer})
