"""What a request may hold, and how it is told what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from models.bundle import Bundle
from serving.online.predictor import Predictor
from serving.online.problems import MOST_DETAILS, RequestProblem
from serving.online.schemas import PredictResponse, read
from tests.conftest import CHOSEN
from tests.serving.online_requests import AS_OF, NOW, Json, ask, told

FEATURES: Json = {**dict.fromkeys(CHOSEN, 1.5), "attribute_region": "north"}


@pytest.fixture(scope="module")
def predictor(shop: Bundle) -> Predictor:
    return Predictor(shop, 3, clock=lambda: NOW)


def named(**changes: object) -> Json:
    return {"customer_id": "k2", "features": {**FEATURES, **changes}}


@pytest.fixture
def refused(predictor: Predictor) -> Callable[..., list[tuple[str, str]]]:
    def refuse(*customers: Json, code: str = "invalid_history") -> list[tuple[str, str]]:
        with pytest.raises(RequestProblem) as caught:
            ask(predictor, *customers)
        assert caught.value.code == code
        return [(d.location, d.problem) for d in caught.value.details]

    return refuse


Refused = Callable[..., list[tuple[str, str]]]


def test_an_answer_is_json_as_documented(predictor: Predictor) -> None:
    items = ask(predictor, told(), named(), explain=True)
    documented = PredictResponse.model_validate_json(json.dumps({"items": items}))
    assert documented.model_dump(mode="json")["items"] == items
    assert items[0]["as_of"] == AS_OF
    assert items[0]["model_version"] == "3"
    assert items[1]["as_of"] is None
    p, kept, left = (
        items[0][k] for k in ("churn_probability", "value_if_retained", "value_if_churned")
    )
    assert items[0]["expected_value"] == pytest.approx((1 - p) * kept + p * left, rel=1e-12)


def test_without_explain_there_are_no_reasons(predictor: Predictor) -> None:
    assert "reasons" not in ask(predictor, told())[0]


def test_equal_ways_of_writing_a_history(predictor: Predictor) -> None:
    lines = [
        {"occurred_at": "2024-06-01T12:00:00+02:00", "amount": 20.0, "customer_id": "k1"},
        {"occurred_at": "2024-05-01T00:00:00Z", "amount": 10.5, "recorded_at": None, "margin": 1},
    ]
    customer = told(transactions=lines, customers=[{"region": "north", "joined_at": "2020-01-01"}])
    assert ask(predictor, customer) == ask(predictor, told())


def test_an_id_that_is_a_number_is_its_digits(predictor: Predictor) -> None:
    (item,) = ask(predictor, {**told(), "customer_id": 42})
    assert item["customer_id"] == "42"


def test_an_id_keeps_its_zeros(predictor: Predictor) -> None:
    (item,) = ask(predictor, {**named(), "customer_id": "0042"})
    assert item["customer_id"] == "0042"


def test_a_row_recorded_at_as_of_or_later_is_not_known_yet(predictor: Predictor) -> None:
    early, late = told()["history"]["transactions"]
    hidden = told(transactions=[early, {**late, "amount": 5000, "recorded_at": AS_OF}])
    assert ask(predictor, hidden) == ask(predictor, told(transactions=[early]))


@pytest.mark.parametrize(
    ("day", "within"), [("2023-07-02", True), ("2023-07-01", False)], ids=["last day", "before"]
)
def test_a_lapsed_customer_is_scored_and_marked(
    predictor: Predictor, day: str, *, within: bool
) -> None:
    (item,) = ask(predictor, told(transactions=[{"occurred_at": day, "amount": 5}]))
    assert item["in_population"] is within


def test_features_of_a_lapsed_customer_are_marked(predictor: Predictor) -> None:
    marks = [
        ask(predictor, named(days_since_purchase=days))[0]["in_population"]
        for days in (365, 366, None)
    ]
    assert marks == [True, False, False]


def test_a_category_never_seen_counts_as_missing(predictor: Predictor) -> None:
    new, none = ask(predictor, named(attribute_region="mars"), named(attribute_region=None))
    assert new == none


def test_as_of_tomorrow_covers_today(predictor: Predictor, refused: Refused) -> None:
    today = told(transactions=[{"occurred_at": "2024-07-01T14:00:00", "amount": 5}])
    assert ask(predictor, {**today, "as_of": "2024-07-02"})
    later = told(transactions=[{"occurred_at": "2024-07-01T16:00:00", "amount": 5}])
    assert refused({**later, "as_of": "2024-07-02"}) == [
        (
            "customers[0].history.transactions[0].occurred_at",
            "2024-07-01 16:00:00 is in the future",
        )
    ]


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2024-05-31", "2024-05-31 is earlier than 2024-06-01, up to which the model has learnt"),
        ("2024-07-03", "2024-07-03 is in the future; give at most 2024-07-02"),
    ],
)
def test_days_that_cannot_be_scored(refused: Refused, day: str, said: str) -> None:
    ((place, problem),) = refused({**told(), "as_of": day})
    assert place == "customers[0].as_of"
    assert problem.startswith(said)


@pytest.mark.parametrize(
    ("change", "place", "said"),
    [
        (
            {"transactions": []},
            "transactions",
            "is empty: a customer is scored on what they bought",
        ),
        ({"transactions": {}}, "transactions", "is not a list of rows"),
        ({"transactions": [3]}, "transactions", "is not a list of rows"),
        (
            {"transactions": [{"occurred_at": "2024-06-01", "amount": -5}]},
            "transactions",
            "no purchase (an amount above zero) is known before as_of",
        ),
        (
            {"transactions": [{"occurred_at": AS_OF, "amount": 5}]},
            "transactions[0].occurred_at",
            "2024-07-01 00:00:00 is not before as_of 2024-07-01: leave out what comes later",
        ),
        (
            {"transactions": [{"occurred_at": "2024-06-01", "amount": 5, "ammount": 5}]},
            "transactions[0]",
            'unknown column "ammount". Did you mean "amount"?',
        ),
        (
            {"transactions": [{"occurred_at": "2024-06-01", "amount": None}]},
            "transactions[0].amount",
            "is missing",
        ),
        (
            {"complaints": [{"opened_at": "2024-06-02"}] * 3},
            "complaints[0]",
            (
                "lacks resolved_at, which the model was trained with; send null where it is not "
                "known (and so in 2 more rows)"
            ),
        ),
        (
            {"complaints": [{"opened_at": "2024-06-02", "resolved_at": "2024-06-01"}]},
            "complaints[0].resolved_at",
            "resolved_at is before opened_at",
        ),
        (
            {"transactions": [{"occurred_at": "2024-06-01"}]},
            "transactions[0]",
            "lacks amount, which every row must have",
        ),
        (
            {
                "complaints": [
                    {"opened_at": "2024-06-02", "promised_at": "2024-06-01", "resolved_at": None}
                ]
            },
            "complaints[0].promised_at",
            "promised_at is before opened_at",
        ),
        (
            {"complaints": [{"opened_at": "2024-07-01T18:00", "resolved_at": None}]},
            "complaints[0].opened_at",
            "2024-07-01 18:00:00 is not before as_of 2024-07-01",
        ),
        (
            {"customers": [{"region": "a"}, {"region": "b"}]},
            "customers[1]",
            "repeats the customer",
        ),
        (
            {"customers": [{"region": "a", "valid_from": "2024-01-01"}] * 2},
            "customers[1]",
            "repeats the key (customer_id, valid_from)",
        ),
        (
            {"customers": [{"region": "a", "valid_from": "2024-01-01"}, {"region": "b"}]},
            "customers[1].valid_from",
            "is missing",
        ),
        ({"customers": [{"region": 7}]}, "customers[0].region", "is not a string"),
        (
            {"customers": [{"region": "x" * 1025}]},
            "customers[0].region",
            "has 1,025 characters; give at most 1,024",
        ),
    ],
)
def test_histories_that_are_refused(refused: Refused, change: Json, place: str, said: str) -> None:
    details = refused(named(), told(**change))
    assert details[0][0] == f"customers[1].history.{place}"
    assert details[0][1].startswith(said)
    assert len(details) == 1


@pytest.mark.parametrize(
    "amount",
    ["NaN", "Infinity", "1e5", "1,50", "", "12 EUR", 1e14, -1e14, "100000000000000", True, [1]],
)
def test_amounts_that_are_refused(refused: Refused, amount: object) -> None:
    lines = [{"occurred_at": "2024-06-01", "amount": amount}]
    assert refused(told(transactions=lines)) == [
        ("customers[0].history.transactions[0].amount", "is not a finite number within 10^14")
    ]


@pytest.mark.parametrize(
    "time", ["2024-13-01", "01/06/2024", "now", "", 1717200000, "0001-01-01T00:00:00+23:00"]
)
def test_times_that_are_refused(refused: Refused, time: object) -> None:
    ((place, said),) = refused(told(transactions=[{"occurred_at": time, "amount": 5}]))
    assert place == "customers[0].history.transactions[0].occurred_at"
    assert said == "is not a time: write it in ISO 8601, such as 2025-01-31T16:05:00"


def test_another_customers_row(refused: Refused) -> None:
    lines = [{"occurred_at": "2024-06-01", "amount": 5, "customer_id": "k9"}]
    place = "customers[0].history.transactions[0].customer_id"
    assert refused(told(transactions=lines)) == [(place, "is another customer's")]


def test_amounts_too_large_to_be_added_up(predictor: Predictor, refused: Refused) -> None:
    lines = [{"occurred_at": "2024-06-01", "amount": 9e13}] * 2
    assert refused(told(transactions=lines)) == []
    assert ask(predictor, told())


def test_an_unknown_table(refused: Refused) -> None:
    ((place, said),) = refused(told(complains=[]))
    assert place == "customers[0].history"
    assert said == (
        'unknown table "complains". Did you mean "complaints"? '
        "Known tables: transactions, customers, complaints, wallets, contacts, subscriptions, "
        "activities, surveys, referrals, referred_transactions"
    )


def test_a_table_that_the_model_needs(refused: Refused) -> None:
    customer = told()
    del customer["history"]["complaints"]
    assert refused(customer) == [
        (
            "customers[0].history",
            (
                'lacks the complaints table, which the model needs; send "complaints": [] if there '
                "are no rows"
            ),
        )
    ]


def test_too_many_rows(refused: Refused) -> None:
    lines = [{"occurred_at": "2024-06-01", "amount": 5}] * 10_000
    ((_, said),) = refused(told(transactions=lines))
    assert said == "10,002 rows; give at most 10,000 a customer"


def test_features_missing_and_unknown(refused: Refused) -> None:
    customer = named(spend_sum_356d=1)
    del customer["features"]["spend_sum_365d"]
    assert refused(customer, code="invalid_features") == [
        (
            "customers[0].features",
            'unknown feature "spend_sum_356d". Did you mean "spend_sum_365d"?',
        ),
        (
            "customers[0].features",
            "lacks 1 of 9 features: spend_sum_365d; send null where one is not known",
        ),
    ]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("spend_sum_365d", "12", "is not a finite number"),
        ("spend_sum_365d", True, "is not a finite number"),
        ("spend_sum_365d", None, "cannot be null: it is 0 where there is nothing"),
        ("attribute_region", 3, "is not a string"),
        ("attribute_region", "x" * 1025, "has 1,025 characters; give at most 1,024"),
    ],
)
def test_values_that_are_refused(refused: Refused, name: str, value: object, said: str) -> None:
    details = refused(named(), named(**{name: value}), code="invalid_features")
    assert details == [(f"customers[1].features.{name}", said)]


@pytest.mark.parametrize("value", [10**400, float("nan"), float("inf")])
def test_numbers_that_json_does_not_have(predictor: Predictor, value: float) -> None:
    body = json.dumps({"customers": [named(tenure_days=value)]}).encode()
    with pytest.raises(RequestProblem, match="the body is not valid JSON: ") as caught:
        predictor.predict(read(body).customers)
    assert caught.value.code == "invalid_json"


@pytest.mark.parametrize("value", [10**400, float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_not_finite(predictor: Predictor, value: float) -> None:
    request = read(json.dumps({"customers": [named()]}).encode())
    broken = request.customers[0].model_copy(
        update={"features": {**FEATURES, "tenure_days": value}}
    )
    with pytest.raises(RequestProblem, match="tenure_days: is not a finite number"):
        predictor.predict([broken])


def test_half_a_surrogate_pair(predictor: Predictor) -> None:
    customer = read(json.dumps({"customers": [told()]}).encode()).customers[0]
    broken = {**told()["history"], "customers": [{"region": "\ud800"}]}
    with pytest.raises(RequestProblem, match=r"region: the text is not valid Unicode"):
        predictor.predict([customer.model_copy(update={"history": broken})])


def test_only_the_first_problems_are_told(refused: Refused) -> None:
    details = refused(*[named(tenure_days="x")] * 100, code="invalid_features")
    assert len(details) == MOST_DETAILS
