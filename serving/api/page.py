"""The OpenAPI document as a page of HTML: no script, and nothing from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

Json = dict[str, Any]
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h2 code { background: #eef; padding: .1rem .4rem } h2 { margin-top: 2.5rem; font-size: 1.2rem }
table { border-collapse: collapse; width: 100% } pre { background: #f6f6f6; padding: 1rem }
td, th { border-bottom: 1px solid #ddd; padding: .3rem .6rem; text-align: left }
pre { overflow-x: auto; font-size: .85rem } td { vertical-align: top }
"""


def page(document: Json) -> bytes:
    """Give the page.

    Parameters
    ----------
    document : dict
        OpenAPI 3.1.
    """
    facts = document["info"]
    title = f"{escape(facts['title'])} {escape(facts['version'])}"
    operations = "".join(
        _operation(method, path, found)
        for path, methods in document["paths"].items()
        for method, found in methods.items()
    )
    schemas = "".join(_schema(n, s) for n, s in document["components"]["schemas"].items())
    link = '<p><a href="openapi.json">openapi.json</a></p>'
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><h1>{title}</h1><p>{escape(facts['description'])}</p>"
        f"{link}{operations}<h2>Schemas</h2>{schemas}</html>"
    ).encode()


def _operation(method: str, path: str, found: Json) -> str:
    told = f"{escape(found['summary'])} {escape(found.get('description', ''))}"
    parts = [f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{told}</p>"]
    rows = [
        (p["name"], p["in"], json.dumps(p["schema"]), p.get("description", ""))
        for p in found.get("parameters", [])
    ]
    if rows:
        parts.append(_table(("parameter", "in", "schema", ""), rows))
    if "requestBody" in found:
        parts.append(f"<p>Body: {_media(found['requestBody']['content'])}</p>")
    answers = [
        (status, facts["description"], _media(facts["content"]))
        for status, facts in found["responses"].items()
    ]
    return "".join(parts) + _table(("status", "", "content"), answers, raw=2)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], raw: int | None = None) -> str:
    titles = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = "".join(
        "<tr>"
        + "".join(f"<td>{cell if n == raw else escape(cell)}</td>" for n, cell in enumerate(row))
        + "</tr>"
        for row in rows
    )
    return f"<table><tr>{titles}</tr>{lines}</table>"


def _media(content: Json) -> str:
    return ", ".join(_content(media, facts["schema"]) for media, facts in content.items())


def _content(media: str, schema: Json) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    link = f'<a href="#{escape(name)}">{escape(name)}</a> as ' if name else ""
    return f"{link}{escape(media)}"


def _schema(name: str, schema: Json) -> str:
    text = escape(json.dumps(schema, indent=1, ensure_ascii=False))
    return f'<h3 id="{escape(name)}">{escape(name)}</h3><pre>{text}</pre>'
