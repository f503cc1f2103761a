"""What the sections of a configuration ask of each other."""

from __future__ import annotations

from collections.abc import Iterator

from features.settings import (
    ChurnSettings,
    PopulationSettings,
    Section,
    TablesSettings,
    ValueSettings,
)

TABLE_OF_KIND = {
    "inactivity": "transactions",
    "partial": "transactions",
    "subscription": "subscriptions",
    "labelled": "labelled",
}
"""The table that tells who left, by the kind of churn."""

_KINDS: dict[str, tuple[str, ...]] = {
    "churn.horizon": ("inactivity", "partial", "subscription"),
    "churn.gap": ("inactivity", "partial", "subscription"),
    "churn.regrace": ("subscription",),
    "churn.share": ("partial",),
    "churn.norm_windows": ("partial",),
    "population.active_within": ("inactivity", "partial"),
    "value.horizon": ("inactivity", "partial", "subscription"),
    "value.measure": ("inactivity", "partial", "subscription"),
    "value.amount": ("labelled",),
    "value.lifetime_years": ("inactivity", "partial", "subscription"),
    "value.lifetime_discount": ("inactivity", "partial", "subscription"),
}
"""The kinds of churn for which a key means something; every other key means something for all."""


def contradictions(
    tables: TablesSettings,
    population: PopulationSettings,
    churn: ChurnSettings,
    value: ValueSettings,
) -> Iterator[str]:
    """Say where sections do not agree, each time with the key and the remedy.

    Parameters
    ----------
    tables, population, churn, value
        The sections, each valid by itself.
    """
    yield from _tables(tables, churn.kind)
    sections = {"population": population, "churn": churn, "value": value}
    for name, section in sections.items():
        yield from _keys(name, section, churn.kind)
    yield from _columns(tables, churn.kind, value)


def _tables(tables: TablesSettings, kind: str) -> Iterator[str]:
    needed = TABLE_OF_KIND[kind]
    has = {name for name in {*TABLE_OF_KIND.values()} if getattr(tables, name) is not None}
    if needed not in has:
        others = [other for other, table in TABLE_OF_KIND.items() if table in has]
        instead = " or ".join(f'"{other}"' for other in others)
        yield (
            f'churn.kind = "{kind}" needs the {needed} table; add a [tables.{needed}] section, '
            f"or write [churn] kind = {instead}"
        )
    elif kind == "labelled" and tables.given:
        yield (
            f'churn.kind = "labelled" uses [tables.labelled] alone; remove '
            f"{', '.join(f'[tables.{name}]' for name in tables.given)}, or choose another kind"
        )
    elif kind != "labelled" and tables.labelled is not None:
        yield (
            f'tables.labelled is not used by churn.kind = "{kind}"; remove the section, or write '
            '[churn] kind = "labelled"'
        )


def _keys(name: str, section: Section, kind: str) -> Iterator[str]:
    for key in type(section).model_fields:
        kinds = _KINDS.get(f"{name}.{key}", (kind,))
        if key in section.model_fields_set and kind not in kinds:
            wanted = " or ".join(f'"{other}"' for other in kinds)
            yield (
                f'{name}.{key} means nothing for churn.kind = "{kind}"; remove it, or write '
                f"[churn] kind = {wanted}"
            )


def _columns(tables: TablesSettings, kind: str, value: ValueSettings) -> Iterator[str]:
    contracts, lines = tables.subscriptions, tables.transactions
    if kind == "subscription" and contracts and "ended_at" not in contracts.columns:
        yield (
            'churn.kind = "subscription" needs to know when subscriptions ended; map ended_at in '
            "[tables.subscriptions.columns]"
        )
    if lines is None and contracts and "price" not in contracts.columns:
        yield (
            "the value of a customer is told by prices where there are no transactions; map price "
            "in [tables.subscriptions.columns], or add a [tables.transactions] section"
        )
    if value.measure == "margin" and not (lines and "margin" in lines.columns):
        yield (
            'value.measure = "margin" needs the margin of each transaction; map margin in '
            '[tables.transactions.columns], or write measure = "net"'
        )
