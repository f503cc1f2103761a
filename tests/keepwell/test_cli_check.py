"""`keepwell init` and `keepwell check`, as a user runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from keepwell.cli import main

SALES = pd.DataFrame(
    {
        "customer_id": ["a", "b", "b"] * 10,
        "occurred_at": ["2023-05-01", "2023-06-01", "never"] + ["2023-05-02"] * 27,
        "amount": 1.5,
    }
)


def keepwell(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = "import sys; from keepwell.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", command, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_init_writes_a_configuration_that_check_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = tmp_path / "shop"
    assert main(["init", str(shop)]) == 0
    assert "Fill in [tables.transactions]" in capsys.readouterr().out
    SALES.to_parquet(shop / "transactions.parquet")
    assert main(["check", "--config", str(shop / "keepwell.toml")]) == 0
    out = capsys.readouterr().out
    (line,) = (line for line in out.splitlines() if "│ transactions" in line)
    cells = [cell.strip() for cell in line.split("│")[1:-1]]
    assert cells == ["transactions", "30", "0", "1", "29", "2", "2023-05-01 to 2023-06-01"]
    assert "rejected transactions: 1 x occurred_at is not a time" in out
    assert f"see {shop / 'quarantine' / 'transactions.csv'}" in out
    assert "warning tables that are not given, and the features that are absent: cust" in out
    assert ", complaints (complaints), " in out


def test_check_of_subscriptions_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    days = ["2023-05-01", "2023-06-01"]
    pd.DataFrame({"account": "a", "start": days, "end": None, "fee": 9}).to_csv(tmp_path / "s.csv")
    (tmp_path / "keepwell.toml").write_text(
        '[tables.subscriptions]\nsource = "s.csv"\ncolumns.customer_id = "account"\n'
        'columns.started_at = "start"\ncolumns.ended_at = "end"\ncolumns.price = "fee"\n'
        '[churn]\nkind = "subscription"\n',
        encoding="utf-8",
    )
    assert main(["check", "-c", str(tmp_path / "keepwell.toml")]) == 0
    out = capsys.readouterr().out
    assert "│ subscriptions │" in out
    assert "while another of the same customer runs: 1; they are kept" in out
    assert "runs for each of the 1 customers, so that nobody has left" in out
    assert "absent: transactions (purchases and spend), " in out


def test_check_of_a_labelled_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pd.DataFrame({"plan": ["x", "y"], "left": ["yes", "no"]}).to_csv(tmp_path / "l.csv")
    (tmp_path / "keepwell.toml").write_text(
        '[tables.labelled]\nsource = "l.csv"\noutcome = "left"\npositive = "yes"\n'
        '[churn]\nkind = "labelled"\n',
        encoding="utf-8",
    )
    assert main(["check", "-c", str(tmp_path / "keepwell.toml")]) == 0
    out = capsys.readouterr().out
    assert "│ labelled │" in out
    assert "not given" not in out


def test_check_of_the_wrong_kind_of_churn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "keepwell.toml").write_text(
        '[tables.subscriptions]\nsource = "s.csv"\n', encoding="utf-8"
    )
    assert main(["check", "-c", str(tmp_path / "keepwell.toml")]) == 2
    err = capsys.readouterr().err
    assert 'churn.kind = "inactivity" needs the transactions table; add a' in err


def test_init_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "keepwell.toml").write_text("mine", encoding="utf-8")
    assert main(["init", str(tmp_path)]) == 2
    assert "exists already; name another folder, or remove it" in capsys.readouterr().err
    assert (tmp_path / "keepwell.toml").read_text(encoding="utf-8") == "mine"


def test_bad_input_is_one_message_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["init", str(tmp_path)])
    assert main(["check", "-c", str(tmp_path / "keepwell.toml")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("keepwell: tables.transactions.source: there is no file")
    assert "Traceback" not in err


def test_debug_adds_the_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "-c", str(tmp_path / "none.toml"), "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["chek"], ["check", "--confg", "x"], []])
def test_wrong_usage_is_status_2(arguments: list[str]) -> None:
    assert main(arguments) == 2


@pytest.mark.parametrize("arguments", [["--help"], ["init", "--help"], ["check", "--help"]])
def test_help_is_status_0_and_shows_an_example(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "Example:" in out or arguments == ["--help"]


def test_an_unforeseen_failure_is_one_line_and_status_1(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    below_a_file = tmp_path / "file" / "folder"
    plain = keepwell("init", below_a_file)
    assert plain.returncode == 1
    assert len(plain.stderr.splitlines()) == 1
    assert plain.stderr.startswith("keepwell: failed: NotADirectoryError")
    debugged = keepwell("--debug", "init", below_a_file)
    assert debugged.returncode == 1
    assert "Traceback" in debugged.stderr
