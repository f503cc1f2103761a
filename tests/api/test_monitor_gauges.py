"""What ``keepwell monitor`` found, in the metrics of the service."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from keepwell.cli import main
from serving.monitored import FILE, Monitored
from tests.api.served import open_service

pytestmark = pytest.mark.anyio

FOUND = Monitored(
    model="shop",
    version=1,
    as_of=date(2024, 1, 1),
    monitored_at=datetime(2024, 1, 2, tzinfo=UTC),
    feature_psi_max=0.25,
    features_moved=3,
    score_psi={"churn_probability": 0.125},
    realised_over_promised={"roc_auc": 0.5},
    alarms={"needed": 1, "none": 2},
)
TOLD = {
    "keepwell_monitored_timestamp_seconds 1.7041536e+09",
    'keepwell_monitored_version{version="1"} 1.0',
    "keepwell_feature_psi_max 0.25",
    "keepwell_features_moved 3.0",
    'keepwell_score_psi{score="churn_probability"} 0.125',
    'keepwell_realised_over_promised{measure="roc_auc"} 0.5',
    'keepwell_alarms{action="needed"} 1.0',
    'keepwell_alarms{action="none"} 2.0',
}


async def test_the_last_monitoring_is_told_from_the_next_scrape_on(shop: Path) -> None:
    async with open_service(shop) as client:
        assert "keepwell_monitored" not in (await client.get("/metrics")).text
        (shop / FILE).write_text(FOUND.model_dump_json())
        text = (await client.get("/metrics")).text
        assert set(text.splitlines()) >= TOLD
        assert 'keepwell_model_live{version="1"}' in text
        later = FOUND.model_copy(update={"score_psi": {}, "feature_psi_max": None})
        (shop / FILE).write_text(later.model_dump_json())
        text = (await client.get("/metrics")).text
        assert "keepwell_score_psi{" not in text
        assert "keepwell_feature_psi_max" not in text


@pytest.mark.parametrize(
    "text", ["", "{", "[]", FOUND.model_copy(update={"model": "other"}).model_dump_json()]
)
async def test_a_file_that_is_broken_or_of_another_model_tells_nothing(
    shop: Path, text: str
) -> None:
    (shop / FILE).write_text(text)
    async with open_service(shop) as client:
        found = await client.get("/metrics")
        assert found.status_code == 200
        assert "keepwell_alarms" not in found.text


async def test_what_the_command_writes_the_service_tells(shop: Path) -> None:
    assert main(["monitor", "--config", str(shop / "keepwell.toml")]) == 0
    async with open_service(shop) as client:
        text = (await client.get("/metrics")).text
    assert 'keepwell_alarms{action="needed"}' in text
    assert 'keepwell_score_psi{score="churn_probability"}' in text
    assert "keepwell_features_moved" in text
