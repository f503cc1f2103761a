"""Tables that cannot be used: one message that names place and remedy, and nothing half-done."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from tests.support import BASE, Shop, sales

COLUMNS = "[tables.transactions.columns]\n"


@pytest.fixture
def refused(shop: Shop) -> Callable[..., str]:
    """Train on a table or configuration that is refused, and give the message."""

    def train(table: pd.DataFrame | None, config: str = BASE, *options: str) -> str:
        shop.write(table, config)
        message = shop.refuses("train", *options)
        assert shop.registry.champion() is None
        assert not list((shop.folder / ".keepwell").glob("run-*"))
        return message

    return train


def sales_of(customers: int, every: int, days: int = 200) -> pd.DataFrame:
    """Make up customers who all buy in one rhythm."""
    start = pd.Timestamp("2023-01-01")
    rows = [
        (f"c{number}", start + pd.Timedelta(days=day, hours=number % 24), 5.0)
        for number in range(customers)
        for day in range(0, days, every)
    ]
    return pd.DataFrame(rows, columns=["customer_id", "occurred_at", "amount"])


def test_a_missing_configuration(shop: Shop) -> None:
    message = shop.refuses("train")
    assert f"there is no configuration {shop.config}; write one with `keepwell init`" in message
    assert not shop.folder.exists()


def test_an_unknown_key(refused: Callable[..., str]) -> None:
    message = refused(None, BASE.replace("cutoffs", "cutofs"))
    assert 'unknown key training.cutofs. Did you mean "cutoffs"?' in message


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            'source = "transactions',
            'source = "transaction',
            'there is no file "transaction.parquet" in',
        ),
        (
            'source = "transactions',
            'source = "transaction',
            'Did you mean "transactions.parquet"?',
        ),
        (
            "[churn]",
            COLUMNS + 'amount = "amuont"\n[churn]',
            "tables.transactions.columns.amount = 'amuont': the source has no column \"amuont\". ",
        ),
        (
            "[churn]",
            COLUMNS + 'amount = "amuont"\n[churn]',
            'Did you mean "amount"? Columns: customer_id, amount, occurred_at',
        ),
        (
            "[churn]",
            COLUMNS + 'amount = "amount *"\n[churn]',
            "'amount *': neither a column of the source nor an SQL expression: Parser Error",
        ),
        ("[churn]", 'where = "amount >"\n[churn]', "tables.transactions.where = 'amount >'"),
        (
            'source = "transactions.parquet"',
            'query = "SELEC * FROM x"',
            'tables.transactions.query: Parser Error: syntax error at or near "SELEC"',
        ),
        (
            'source = "transactions.parquet"',
            'source = "transactions.parquet"\nwhere = "amount < 0"',
            "tables.transactions is empty: where leaves out all ",
        ),
    ],
)
def test_a_wrong_mapping(refused: Callable[..., str], old: str, new: str, says: str) -> None:
    assert says in refused(sales(), BASE.replace(old, new, 1))


def test_amounts_as_text(refused: Callable[..., str]) -> None:
    lines = sales()
    message = refused(lines.assign(amount=lines["amount"].map("{:.2f} EUR".format)))
    assert f"tables.transactions: {len(lines):,} of {len(lines):,} rows (100.0%)" in message
    assert "x amount is not a finite number" in message
    assert "turn it into a number with an SQL expression" in message
    assert "All of them are in quarantine/transactions.csv" in message


def test_an_empty_table(refused: Callable[..., str]) -> None:
    message = refused(sales().head(0))
    assert "tables.transactions is empty: the source has no rows; check" in message


def test_no_amount_above_zero(refused: Callable[..., str]) -> None:
    message = refused(sales().assign(amount=-2.5))
    assert "tables.transactions: no amount is above zero" in message
    assert "check the mapping of amount, and its sign" in message


def test_one_customer(refused: Callable[..., str]) -> None:
    message = refused(sales_of(1, every=7))
    assert "too little data to learn from: 1 customer" in message
    assert "0 of them left within 30 days of a cutoff and 1 stayed" in message
    assert "needed are 100 customers ([training] min_customers)" in message


def test_too_few_customers(refused: Callable[..., str]) -> None:
    message = refused(sales(90))
    assert "too little data to learn from: 90 customers in 4 cutoffs, " in message
    assert "needed are 100 customers ([training] min_customers). Bring more history" in message


def test_no_churners(refused: Callable[..., str]) -> None:
    message = refused(sales_of(150, every=7))
    assert "0 of them left within 30 days of a cutoff and 150 stayed" in message
    assert "needed are 25 of each ([training] min_churners)" in message
    assert "Too few left: shorten churn.horizon" in message


def test_all_churners(refused: Callable[..., str]) -> None:
    late = pd.DataFrame(
        {"customer_id": ["z"], "occurred_at": [pd.Timestamp("2023-10-01")], "amount": [1.0]}
    )
    message = refused(pd.concat([sales_of(150, every=100, days=100), late]))
    assert "150 of them left within 30 days of a cutoff and 0 stayed" in message
    assert "Too few stayed: lengthen churn.horizon" in message


def test_a_history_shorter_than_the_horizon(refused: Callable[..., str]) -> None:
    lines = sales()
    message = refused(lines[lines["occurred_at"] < "2023-01-25"])
    assert "the history is too short: 24 days, from 2023-01-01 to 2023-01-25" in message
    assert "needed are 60: 30 to learn from" in message


def test_all_dates_in_the_future(refused: Callable[..., str]) -> None:
    lines = sales()
    later = lines["occurred_at"] + pd.Timedelta(days=20_000)
    message = refused(lines.assign(occurred_at=later))
    assert "x occurred_at is in the future (such as '20" in message
    assert "check the date format and [data] timezone" in message


def test_a_few_dates_in_the_future_are_set_apart_and_told(shop: Shop) -> None:
    lines = sales()
    late = lines.head(3).assign(occurred_at=pd.Timestamp("2099-01-01"))
    shop.write(pd.concat([lines, late]))
    said = shop.does("train")
    assert "rejected transactions: 3 x occurred_at is in the future, see " in said.all
    assert "rejected transactions: 3 x occurred_at" in shop.does("score").all
    apart = pd.read_csv(shop.folder / "quarantine" / "transactions.csv")
    assert len(apart) == 3


@pytest.mark.parametrize(
    ("day", "says"),
    [
        ("2099-01-01", "--as-of 2099-01-01 is later than today, "),
        ("2022-01-01", "transactions start on 2023-01-01, so nothing is known before it"),
    ],
)
def test_an_as_of_outside_of_what_is_known(
    refused: Callable[..., str], day: str, says: str
) -> None:
    assert says in refused(sales(), BASE, "--as-of", day)


def test_an_as_of_that_is_no_date(trained: Shop) -> None:
    said = trained.run("train", "--as-of", "yesterday")
    assert said.status == 2
    assert "'yesterday' does not match" in said.err
