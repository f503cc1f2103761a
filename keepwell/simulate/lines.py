"""What customers buy: lines of orders with products, prices, discounts, margins and returns."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.simulate import arrow
from keepwell.simulate.customers import CATEGORIES, Customers
from keepwell.simulate.purchases import Orders
from keepwell.simulate.story import YEAR, Bools, Floats, Ints, Story, stream

LINES = 3.0
"""Mean lines of an order."""

_SPREAD = 0.5
_LEVEL = np.array([0.7, 0.8, 1.4, 1.5, 0.7, 1.0, 0.8, 1.6])
_COST = np.array([0.72, 0.66, 0.6, 0.62, 0.55, 0.6, 0.64, 0.58])
"""By category: how dear its lines are, and what goods cost of their list price."""

_VARIANTS, _TIERS = 8, 12
_DEPTHS = np.array([0.1, 0.15, 0.2, 0.25, 0.3])
_RETURNED = 0.03
_CHANNELS = ("store", "web", "app")


@dataclass(frozen=True)
class Lines:
    """Lines of orders, by customer and time; amounts in cents.

    Attributes
    ----------
    customer
        Position in the block.
    order
        Number of the order among the customer's.
    at
        Days since the records began.
    category, product, channel
        Codes; a product's is within its category.
    quantity, amount, discount, margin
        Of the line; the amount is net of the discount, and below 0 for a return.
    """

    customer: Ints
    order: Ints
    at: Floats
    category: Ints
    product: Ints
    channel: Ints
    quantity: Ints
    amount: Ints
    discount: Ints
    margin: Ints

    def rows(self, chosen: Ints) -> Lines:
        """Give some of the lines, in the order asked for."""
        return Lines(*(getattr(self, field.name)[chosen] for field in fields(self)))


def draw(story: Story, block: int, customers: Customers, orders: Orders, left: Ints) -> Lines:
    """Draw the lines of all orders made before each customer left, and what is returned."""
    made = orders.day < left[orders.customer]
    bought = _bought(stream(story, block, "lines"), story, customers, orders, made)
    back = _returned(stream(story, block, "returns"), story, bought, left)
    pairs = zip(vars(bought).values(), vars(back).values(), strict=True)
    both = Lines(*(np.concatenate(pair) for pair in pairs))
    return both.rows(np.lexsort((both.at, both.customer)))


def _bought(
    rng: np.random.Generator, story: Story, customers: Customers, orders: Orders, made: Bools
) -> Lines:
    # Drawn for all orders, so that a life cut short does not change the rest of the block.
    sizes = 1 + rng.poisson(LINES - 1, len(orders.customer))
    channel = _channels(rng, customers, orders)
    order = np.repeat(np.arange(len(sizes)), sizes)
    customer, n = orders.customer[order], int(sizes.sum())
    category = _categories(rng, customers.tastes, customer)
    variant = rng.integers(_VARIANTS, size=n)
    wanted = _wanted(rng, customers, customer, category)
    tier = np.clip(np.floor(np.log2(wanted / 100)), 0, _TIERS - 1).astype(np.int64)
    price = _price(tier, category, variant)
    quantity = np.maximum(1, np.round(wanted / price)).astype(np.int64)
    listed = quantity * price
    depth = _depths(rng, story, customers.discount_prone[customer], orders.day[order])
    discount = np.round(listed * depth).astype(np.int64)
    amount = listed - discount
    at = arrow.opening_hours(orders.day, orders.moment)[order]
    lines = Lines(
        customer=customer,
        order=_numbered(orders.customer)[order],
        at=at,
        category=category,
        product=tier * _VARIANTS + variant,
        channel=channel[order],
        quantity=quantity,
        amount=amount,
        discount=discount,
        margin=amount - np.round(listed * _COST[category]).astype(np.int64),
    )
    return lines.rows(_first_of_each(order, category, lines.product, made[order]))


def _first_of_each(order: Ints, category: Ints, product: Ints, made: Bools) -> Ints:
    """Choose the lines of orders that were made; a product stands in an order once."""
    products = _TIERS * _VARIANTS
    key = (order * len(CATEGORIES) + category) * products + product
    first = np.unique(key, return_index=True)[1]
    return np.sort(first[made[first]])


def _numbered(customer: Ints) -> Ints:
    """Count the orders of each customer from 1."""
    first = np.searchsorted(customer, customer, side="left")
    return np.arange(len(customer)) - first + 1


def _channels(rng: np.random.Generator, customers: Customers, orders: Orders) -> Ints:
    digital = 1 / (1 + np.exp(0.5 - customers.engagement))[orders.customer]
    chosen, app = rng.random(len(digital)), rng.random(len(digital)) < 0.4  # noqa: PLR2004
    return np.where(chosen < digital, 1 + app.astype(np.int64), 0)


def _categories(rng: np.random.Generator, tastes: Floats, customer: Ints) -> Ints:
    limits = np.cumsum(tastes, axis=1)[:, :-1]
    lot, category = rng.random(len(customer)), np.zeros(len(customer), dtype=np.int64)
    for number in range(limits.shape[1]):
        category += lot >= limits[customer, number]
    return category


def _wanted(
    rng: np.random.Generator, customers: Customers, customer: Ints, category: Ints
) -> Floats:
    """Draw what each line is meant to cost, in cents: the shares of wallets come out as told."""
    mean = customers.share * customers.wallet / (YEAR * customers.rate * LINES)
    level = _LEVEL / (customers.tastes @ _LEVEL)[:, None]
    noise = np.exp(_SPREAD * rng.standard_normal(len(customer)) - _SPREAD**2 / 2)
    return np.asarray(100 * mean[customer] * level[customer, category] * noise)


def _price(tier: Ints, category: Ints, variant: Ints) -> Ints:
    """Give the list price of products in cents: a tier doubles it."""
    price = 100 * 2.0**tier * (0.85 + 0.03 * variant + 0.01 * category)
    return np.round(price).astype(np.int64)


def _depths(rng: np.random.Generator, story: Story, prone: Ints, day: Ints) -> Floats:
    dates = np.datetime64(story.start) + day
    month = dates.astype("datetime64[M]").astype(np.int64) % 12
    sale = np.isin(month, (0, 6))
    chance = np.where(prone == 1, 0.55, 0.1) * np.where(sale, 1.4, 1.0)
    lot, depth = rng.random(len(day)), rng.integers(len(_DEPTHS), size=len(day))
    return np.where(lot < chance, _DEPTHS[depth], 0.0)


def _returned(rng: np.random.Generator, story: Story, bought: Lines, left: Ints) -> Lines:
    n = len(bought.at)
    chosen, after = rng.random(n) < _RETURNED, rng.integers(2, 21, n)
    at = bought.at + after
    there = at < np.minimum(left, story.days)[bought.customer]
    back = bought.rows(np.flatnonzero(chosen & there))
    return Lines(
        customer=back.customer,
        order=back.order,
        at=at[chosen & there],
        category=back.category,
        product=back.product,
        channel=back.channel,
        quantity=-back.quantity,
        amount=-back.amount,
        discount=np.zeros_like(back.discount),
        margin=-back.margin,
    )


def spent(lines: Lines, customers: int, since: float) -> Ints:
    """Give what each customer has spent from a day on, in cents; returns are not deducted."""
    counts = (lines.amount > 0) & (lines.at >= since)
    sums = np.bincount(lines.customer[counts], lines.amount[counts], minlength=customers)
    return np.round(sums).astype(np.int64)


def table(rng: np.random.Generator, story: Story, lines: Lines, customer_ids: pa.Array) -> pa.Table:
    """Give the transactions."""
    customer = customer_ids.take(pa.array(lines.customer))
    order = pa.array(lines.order).cast(pa.string())
    product = [f"{c}-{t:02d}" for c in CATEGORIES for t in range(_TIERS * _VARIANTS)]
    return pa.table(
        {
            "customer_id": customer,
            "occurred_at": arrow.times(story, lines.at),
            "amount": arrow.money(lines.amount),
            "order_id": pc.binary_join_element_wise(customer, order, "-"),
            "product_id": arrow.words(product, lines.category * _TIERS * _VARIANTS + lines.product),
            "category": arrow.words(CATEGORIES, lines.category),
            "quantity": arrow.numbers(lines.quantity),
            "discount": arrow.money(lines.discount),
            "margin": arrow.money(lines.margin),
            "channel": arrow.words(_CHANNELS, lines.channel),
            "recorded_at": arrow.times(
                story, arrow.recorded(rng, story, lines.at, late=0.03, days=3.0)
            ),
        }
    )
