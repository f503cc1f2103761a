"""``keepwell evaluate``: the report in the terminal, as a page, in MLflow and in a real browser."""

from __future__ import annotations

import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from keepwell.cli import main
from tests.browser import NoBrowser, Seen, look
from tests.flat import FLAT, people
from tests.support import Shop
from training.assess import ORDER
from training.report import figure
from training.report_measures import CHURN, VALUE

PHONE = 400


class Page(HTMLParser):
    """Sections, headings, addresses and the tables of a page by their title."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sections: list[str] = []
        self.addresses: list[str] = []
        self.alts: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self._title, self._tag = "", ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a section, a table, a row or a cell."""
        found = {name: value or "" for name, value in attrs}
        self._tag = tag
        self.addresses += [found[name] for name in ("src", "href") if name in found]
        if tag == "section":
            self.sections.append(found["id"])
        if tag == "img":
            self.alts.append(found["alt"])
        if tag == "div":
            self._title = found["aria-label"]
            self.tables[self._title] = []
        if tag == "tr":
            self.tables[self._title].append([])
        if tag in {"td", "th"}:
            self.tables[self._title][-1].append("")

    def handle_data(self, data: str) -> None:
        """Add to a cell."""
        if self._tag in {"td", "th"} and self._title:
            self.tables[self._title][-1][-1] += data.strip()

    def handle_endtag(self, tag: str) -> None:
        """Leave a table."""
        self._tag = ""
        if tag == "div":
            self._title = ""


@pytest.fixture(scope="module")
def evaluated(trained_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluated") / "shop"
    shutil.copytree(trained_once, folder)
    options = ["--config", str(folder / "keepwell.toml"), "--html", str(folder / "report.html")]
    assert main(["evaluate", *options]) == 0
    return folder


@pytest.fixture(scope="module")
def text(evaluated: Path) -> str:
    return (evaluated / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def runs(folder: Path) -> dict[str, Run]:
    """Give the runs of a shop by their name."""
    client = MlflowClient(f"sqlite:///{folder}/mlruns/mlflow.db")
    experiment = client.get_experiment_by_name("shop")
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id])
    return {run.data.tags["mlflow.runName"]: run for run in found}


def test_the_page_has_all_sections_and_stands_alone(page: Page) -> None:
    assert tuple(page.sections) == ORDER
    assert page.addresses[: len(ORDER) + 1] == ["data:,", *(f"#{key}" for key in ORDER)]
    assert all(a.startswith(("#", "data:")) for a in page.addresses)
    assert len(page.alts) == 4
    assert all(page.alts)


def test_the_page_says_what_the_training_measured(page: Page, evaluated: Path) -> None:
    measured = runs(evaluated)["train"].data.metrics
    for title, words, target in (("Churn", CHURN, "churn"), ("Value", VALUE, "value")):
        rows = {row[0]: row[1] for row in page.tables[title]}
        for measure, name in words.items():
            assert rows[name].startswith(figure(measured[f"{target}_{measure}"])), name


def test_the_evaluation_is_logged_with_its_page(evaluated: Path, text: str) -> None:
    found = runs(evaluated)
    run, trained = found["evaluate"], found["train"]
    assert run.info.status == "FINISHED"
    assert run.data.tags["model_version"] == "1"
    assert run.data.tags["data_fingerprint"] == trained.data.tags["data_fingerprint"]
    for name, value in run.data.metrics.items():
        assert value == pytest.approx(trained.data.metrics[name], rel=1e-9), name
    client = MlflowClient(f"sqlite:///{evaluated}/mlruns/mlflow.db")
    path = client.download_artifacts(run.info.run_id, "report/report.html", str(evaluated))
    assert Path(path).read_text(encoding="utf-8") == text


def test_families_ages_and_dates_are_told(page: Page) -> None:
    families = [row[0] for row in page.tables["Families"][1:]]
    assert {"recency", "frequency", "monetary", "tenure"} <= set(families)
    (older,) = page.tables["Measured on the newest customers, less the newest fit"][1:]
    assert older[:2] == ["2023-08-29", "30"]
    facts = {row[0]: row[1] for row in page.tables["Definitions"][1:]}
    assert facts["population"] == "customers who bought in the 365 days before the cutoff"
    assert facts["churn"] == "no purchase in 30 days"
    assert facts["held out"].startswith("2023-09-28")
    roles = {row[0]: row[3] for row in page.tables["Cutoffs"][1:]}
    assert roles["2023-09-28"] == "held out, serving fit"
    assert roles["2023-08-29"] == "evaluation fit, predicted forward, serving fit"


def test_the_terminal_is_compact(trained: Shop) -> None:
    said = trained.does("evaluate", "--as-of", "2023-09-28").all
    assert "Grade" in said
    assert "Leavers found" in said
    assert "Deciles" not in said.replace("Plots, deciles", "")
    assert "was chosen knowing data up to 2023-10-28; as of 2023-09-28 that is its future" in said


@pytest.fixture(scope="module")
def seen(text: str, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    try:
        return look(text, PHONE, tmp_path_factory.mktemp("seen") / "phone.png", height=12_000)
    except NoBrowser as reason:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"NOT TESTED IN A BROWSER: {reason}")


def test_nothing_overflows_on_a_phone(seen: Seen) -> None:
    assert seen.width == PHONE
    assert seen.needed <= PHONE
    assert (seen.images, seen.broken) == (4, 0)


def test_the_console_stays_silent(seen: Seen) -> None:
    assert seen.said == ()


def test_the_browser_notices_what_is_wrong(seen: Seen, tmp_path: Path) -> None:
    del seen  # skipped where there is no browser
    bad = '<img src="data:,"><p style="width:600px">wide</p><script>console.error("no")</script>'
    found = look(bad, PHONE, tmp_path / "bad.png")
    assert (found.needed > PHONE, found.images, found.broken) == (True, 1, 1)
    assert any('"no"' in line for line in found.said)


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("report.pdf", "name a file that ends in .html"),
        ("missing/report.html", "make it first"),
    ],
)
def test_a_page_that_cannot_be_written_stops_before_the_work(
    trained: Shop, html: str, said: str
) -> None:
    found = trained.refuses("evaluate", "--html", trained.folder / html)
    assert said in found
    assert "--html" in found


def test_before_the_first_promotion_there_is_nothing_to_report(shop: Shop) -> None:
    shop.write()
    assert "run `keepwell train` first" in shop.refuses("evaluate")


def test_a_history_without_a_held_out_cutoff_is_refused(trained: Shop) -> None:
    said = trained.refuses("evaluate", "--as-of", "2023-03-10")
    assert "too short for a held-out measure" in said
    assert "give a later --as-of" in said


def test_a_flat_file_is_judged_out_of_fold(shop: Shop) -> None:
    shop.write(config=FLAT + '[value]\namount = "Price * 12"\n')
    people().to_parquet(shop.folder / "people.parquet")
    shop.does("train")
    said = shop.does("evaluate", "--html", shop.folder / "report.html").all
    assert "judged out of fold" in said
    assert "A flat file has no time" in said
    assert "belong to no families" in said
    page = Page((shop.folder / "report.html").read_text(encoding="utf-8"))
    assert tuple(page.sections) == ORDER
    found = runs(shop.folder)
    for name, value in found["evaluate"].data.metrics.items():
        assert value == pytest.approx(found["train"].data.metrics[name], rel=1e-9), name
    assert "--as-of" in shop.refuses("evaluate", "--as-of", "2023-01-01")
    assert re.search(r"Contract[_ ]type", str(page.tables))
