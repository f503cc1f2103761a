"""The command line: what each command is called and takes, and how it fails."""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Annotated

import typer

from features.errors import InputError
from keepwell import (
    cli_campaign,
    cli_contacts,
    cli_cross,
    cli_models,
    cli_planning,
    cli_tuning,
    cli_uplift,
    cli_watching,
)
from keepwell.cli_options import (
    DEFAULT_CONFIG,
    AsOfOption,
    ChampionsDayOption,
    ConfigOption,
    ReportOption,
)
from models.errors import ModelError
from serving.errors import StoreError

DONE, FAILED, BAD_INPUT = 0, 1, 2

MENDABLE: tuple[type[Exception], ...] = (InputError, ModelError, StoreError)
"""Errors that a user can mend: told in their own words, exit status 2."""

_WIDE = 120
"""Where the output is piped: the table of tables has seven columns."""

_UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}

app = typer.Typer(
    name="keepwell",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


@app.callback()
def keepwell(
    *,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback when a command fails.")
    ] = False,
) -> None:
    """Who will leave, what they are worth, why: from a company's own tables.

    Exit status: 0 done, 1 failed, 2 bad input or usage, 3 another `keepwell retrain` is at work.
    """


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where to write; made if missing.")] = Path(),
) -> None:
    """Write a commented keepwell.toml, to be filled in.

    Example: `keepwell init shop`
    """
    from keepwell.starting import write_template  # noqa: PLC0415 - keeps --help quick

    path = write_template(folder)
    typer.echo(f"Wrote {path}. Fill in [tables.transactions], then: keepwell check -c {path}")


@app.command()
def check(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Read and validate every table; print rows, customers, period, rejected rows, warnings.

    Example: `keepwell check --config shop/keepwell.toml`
    """
    from keepwell.checking import run_check  # noqa: PLC0415 - keeps --help quick
    from keepwell.project import Project  # noqa: PLC0415
    from keepwell.show import console  # noqa: PLC0415

    run_check(Project.at(config), console(_WIDE))


@app.command()
def train(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
    *,
    replacing: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Replace a champion that means another thing or knows later data.",
        ),
    ] = False,
    untuned: Annotated[
        bool, typer.Option("--untuned", help="Use the default parameters, whatever was tuned.")
    ] = False,
) -> None:
    """Train churn and value models, measure them, register them, promote if not worse.

    Example: `keepwell train --as-of 2017-12-04`
    """
    from keepwell.project import Project  # noqa: PLC0415 - keeps --help quick
    from keepwell.show import console  # noqa: PLC0415
    from keepwell.training import run_training  # noqa: PLC0415

    run_training(Project.at(config), console(), _day(as_of), replacing=replacing, untuned=untuned)


cli_tuning.add_to(app)


@app.command()
def evaluate(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: ChampionsDayOption = None,
    html: ReportOption = None,
) -> None:
    """Report how good the champion is, where it is worse, and what it rests on.

    Example: `keepwell evaluate --html report.html`
    """
    from keepwell.evaluating import run_evaluation  # noqa: PLC0415 - keeps --help quick
    from keepwell.project import Project  # noqa: PLC0415
    from keepwell.show import console  # noqa: PLC0415

    run_evaluation(Project.at(config), console(), _day(as_of), html)


cli_uplift.add_to(app)


@app.command()
def score(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
    out: Annotated[
        Path | None, typer.Option(help="Write here, too: a .parquet or .csv file.")
    ] = None,
    *,
    backtest: Annotated[
        bool, typer.Option("--backtest", help="Allow a day the champion may have learnt from.")
    ] = False,
) -> None:
    """Score every active customer with the champion; writes scores.parquet.

    Example: `keepwell score --as-of 2017-12-04 --out scores.csv`
    """
    from keepwell.project import Project  # noqa: PLC0415 - keeps --help quick
    from keepwell.scoring import run_scoring  # noqa: PLC0415
    from keepwell.show import console  # noqa: PLC0415

    run_scoring(Project.at(config), console(), _day(as_of), out, backtest=backtest)


@app.command("features")
def write_features(
    out: Annotated[Path, typer.Option(help="Write here: a .parquet or .csv file.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
    customers: Annotated[
        Path | None,
        typer.Option(help="A .csv or .parquet file with a column customer_id; else all active."),
    ] = None,
) -> None:
    """Write what was known of each customer on a day: every feature, a column each.

    Example: `keepwell features --as-of 2017-12-04 --out features.parquet`
    """
    from keepwell.featuring import run_features  # noqa: PLC0415 - keeps --help quick
    from keepwell.project import Project  # noqa: PLC0415
    from keepwell.show import console  # noqa: PLC0415

    run_features(Project.at(config), console(), out, _day(as_of), customers)


@app.command("risk-list")
def risk_list(
    config: ConfigOption = DEFAULT_CONFIG,
    top: Annotated[int | None, typer.Option(min=1, help="Customers at most.")] = None,
    min_value: Annotated[
        float | None, typer.Option(help="Leave out customers with less expected value.")
    ] = None,
    rest_days: Annotated[
        int | None,
        typer.Option(
            min=0, help="Leave out who was contacted so recently; [scoring] rest_days by default."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write a .csv file here.")] = None,
) -> None:
    """Rank the scored customers by value at risk, with reasons in words.

    Example: `keepwell risk-list --top 100 --min-value 50 --out call.csv`
    """
    from keepwell.project import Project  # noqa: PLC0415 - keeps --help quick
    from keepwell.scoring import run_risk_list  # noqa: PLC0415
    from keepwell.show import console  # noqa: PLC0415

    run_risk_list(Project.at(config), console(), top, min_value, out, rest_days=rest_days)


cli_planning.add_to(app)


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where to work.")] = Path("demo"),
) -> None:
    """Run the whole way on a real grocer's data: train, score, list, and what came true.

    Example: `keepwell demo`
    """
    from keepwell.demo import run_demo  # noqa: PLC0415 - keeps --help quick
    from keepwell.show import console  # noqa: PLC0415

    run_demo(folder, console())


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="An empty folder, or a new one.")],
    customers: Annotated[int, typer.Option(help="Customers ever.")] = 3_000,
    months: Annotated[int, typer.Option(help="Length of the records, 6 to 120.")] = 24,
    seed: Annotated[int, typer.Option(help="Another seed, another company.")] = 7,
    end: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day with records.")
    ] = datetime(2024, 12, 31),  # noqa: DTZ001 - a day
) -> None:
    """Write a made-up company whose truth is known: every table, a configuration, truth.parquet.

    Example: `keepwell simulate --customers 3000 --months 24 --seed 7 --out company`
    """
    from keepwell.show import console  # noqa: PLC0415 - keeps --help quick
    from keepwell.simulate.running import run_simulation  # noqa: PLC0415
    from keepwell.simulate.story import Story  # noqa: PLC0415

    run_simulation(Story(customers, months, seed, end.date()), out, console())


@app.command()
def serve(
    config: ConfigOption = DEFAULT_CONFIG,
    host: Annotated[
        str | None, typer.Option(help="Address; elsewhere than here needs keys.")
    ] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65_535, help="3000 by default.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="1 by default.")] = None,
) -> None:
    """Serve predictions, published scores and risk lists over HTTP.

    Example: `keepwell serve --port 8000`
    """
    from keepwell.serving import run_serve  # noqa: PLC0415 - keeps --help quick

    run_serve(config, host, port, workers)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Where to write.")] = Path("release"),
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write the champion into a folder that is served without MLflow.

    Example: `keepwell export release`
    """
    from keepwell.serving import export_release  # noqa: PLC0415 - keeps --help quick
    from keepwell.show import console  # noqa: PLC0415

    export_release(config, folder, console())


@app.command()
def build(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Build a Bento that carries the champion.

    Example: `keepwell build --config shop/keepwell.toml`
    """
    from keepwell.serving import build_bento  # noqa: PLC0415 - keeps --help quick
    from keepwell.show import console  # noqa: PLC0415

    build_bento(config, console())


app.add_typer(cli_models.app, name="models")
cli_contacts.add_to(app)
cli_campaign.add_to(app)
app.command()(cli_watching.retrain)
app.command()(cli_watching.monitor)
cli_cross.add_to(app)

keys = typer.Typer(no_args_is_help=True, help="API keys of the service.")
app.add_typer(keys, name="keys")


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Whom it is for.")],
    role: Annotated[
        list[str], typer.Option(help="read, predict, write or admin; may be repeated.")
    ],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Make a key and print it; it is kept as a hash and never shown again.

    Example: `keepwell keys create shop-app --role predict --role read`
    """
    from keepwell.serving import create_key as make  # noqa: PLC0415 - keeps --help quick
    from keepwell.show import console  # noqa: PLC0415

    make(config, name, role, console())


@keys.command("list")
def list_keys(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Print the keys, without their secrets."""
    from keepwell.serving import list_keys as show  # noqa: PLC0415 - keeps --help quick
    from keepwell.show import console  # noqa: PLC0415

    show(config, console())


@keys.command("revoke")
def revoke_key(
    name: Annotated[str, typer.Argument(help="Id or name.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Take a key away; the service refuses it within a second."""
    from keepwell.serving import revoke_key as take_away  # noqa: PLC0415 - keeps --help quick
    from keepwell.show import console  # noqa: PLC0415

    take_away(config, name, console())


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    Parameters
    ----------
    arguments
        What follows the program's name; None: what it was started with.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    if not debug:
        sys.excepthook = _one_line
    command = typer.main.get_command(app)
    try:
        command.main([a for a in given if a != "--debug"], "keepwell")
    except SystemExit as finished:
        return finished.code if isinstance(finished.code, int) else DONE
    except MENDABLE as error:
        return _refuse(str(error), debug=debug)
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        return _refuse(f"cannot write {error.filename}: {error.strerror}", debug=debug)
    return DONE


def _refuse(message: str, *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    return _tell(message, BAD_INPUT)


def _tell(message: str, status: int) -> int:
    typer.echo(f"keepwell: {message}", err=True)
    return status


def _one_line(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
    # Python itself then exits with status 1: nothing is caught that nobody foresaw.
    said = " ".join(str(error).split())
    _tell(f"failed: {kind.__name__}: {said} (--debug shows where)", FAILED)


if __name__ == "__main__":
    sys.exit(main())
