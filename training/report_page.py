"""A report as one HTML file that asks for nothing else: styles and plots are inside."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from matplotlib.figure import Figure

from training.report import Report

TEMPLATE = Path(__file__).with_name("report.html.j2")

_PHONE_INCHES = (5.2, 4.0)
"""Plots are drawn small, so that their letters are large enough on a phone."""


def page(report: Report) -> str:
    """Write a report as HTML; all texts are escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.lstrip_blocks = True
    environment.filters["image"] = image
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(report=report)


def image(figure: Figure) -> str:
    """Give a figure as the address of a PNG that holds its own bytes."""
    width, height = figure.get_size_inches()
    figure.set_size_inches(_PHONE_INCHES[0], _PHONE_INCHES[0] * height / width)
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
