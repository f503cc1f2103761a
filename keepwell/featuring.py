"""``keepwell features``: what was known of customers at a day, as a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from features.asof import Spine, midnight
from features.catalogue import FeatureSet
from features.errors import InputError
from features.files import missing_file
from features.keeping import internal_name
from features.own import Own
from features.panel import features_at, write
from features.population import population
from features.tables import Tables
from keepwell.output import check_format, write_tables
from keepwell.project import Project, make
from keepwell.show import print_rejected, progress_bar
from keepwell.training import champion_of
from models import wallet_fit
from models.derived import derivable, derive, with_derived
from models.registry import store
from models.wallet import OBSERVED, SPEND, WalletModel, inputs
from training.dates import dates, known_by
from training.usable import usable

_BATCH = 100_000
_LABELLED = "labelled"
_ID = "customer_id"
_READERS = {".csv": lambda path: pd.read_csv(path, dtype=str), ".parquet": pd.read_parquet}


@dataclass(frozen=True)
class _Moment:
    """What was known of the tables on a day, and what to compute from it."""

    project: Project
    tables: Tables
    day: date
    own: Own

    def population(self) -> Spine:
        """Take the customers who can leave."""
        settings = self.project.settings
        within = settings.population.active_within
        return population(self.tables, self.day, settings.churn.kind, within)

    def named(self, ids: list[str]) -> Spine:
        """Take customers by their ids."""
        cutoffs = pa.array([midnight(self.day)] * len(ids), pa.timestamp("us"))
        rows = pa.table({_ID: ids, "cutoff": cutoffs})
        name = internal_name("customers", "wanted")
        backend = self.project.backend
        return Spine(backend.create_table(name, rows, temp=True, overwrite=True), self.day)

    def write(self, spine: Spine, path: Path) -> FeatureSet:
        """Write the features that the tables give."""
        made = features_at(self.tables, spine, self.own.families)
        write(made.table, path)
        return made.features


def run_features(
    project: Project,
    out: Console,
    target: Path,
    as_of: date | None = None,
    customers: Path | None = None,
) -> FeatureSet:
    """Write the features of customers: ``customer_id``, ``as_of``, then each by its name.

    Parameters
    ----------
    project : Project
    out : Console
    target : Path
        A .parquet or .csv file.
    as_of : date, optional
        The first day that is not known; as ``keepwell train`` has it by default.
    customers : Path, optional
        A .parquet or .csv file with the ids of those wanted, in a column ``customer_id``; the
        population by default.

    Returns
    -------
    FeatureSet
        Those written, in their order.

    Raises
    ------
    InputError
        For a flat file, a day that the tables do not know, or when there is nobody to describe.
    """
    check_format(target)
    _check_kind(project)
    wanted = None if customers is None else _ids(customers)
    make(project.folder)
    with project.scratch() as folder, progress_bar(out) as bar:
        bar.start("Tables", 1)
        loaded = project.load()
        when = dates(loaded.tables, as_of, project.today())
        day = as_of or when.as_of
        at = _Moment(project, known_by(loaded.tables, day), day, project.own())
        bar.step()
        bar.start("Features", 2)
        path = folder / "snapshots.parquet"
        features = at.write(at.population() if wanted is None else at.named(wanted), path)
        count = pq.read_metadata(path).num_rows
        bar.step()
        wallet = _wallet(at, features, folder)
        written = with_derived(features)
        write_tables(_tables(path, wallet, written, day), target)
        bar.step()
    print_rejected(loaded, out)
    _say(out, f"Wrote {len(written)} features of {count:,} customers as of {day} to {target}")
    if day > when.as_of:
        _say(out, f"note: the data ends {(day - when.as_of).days} days before {day}")
    return written


def _say(out: Console, text: str) -> None:
    out.print(text, highlight=False, markup=False)


def _check_kind(project: Project) -> None:
    if project.settings.churn.kind == _LABELLED:
        raise InputError(
            "a flat file ([tables.labelled]) has no time, and its columns are its features: there "
            "is nothing to compute as of a day"
        )


def _ids(path: Path) -> list[str]:
    """Read the ids of the customers who are wanted, each once."""
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise InputError(f"--customers {path}: name a file that ends in .csv or .parquet")
    if not path.is_file():
        raise InputError(f"--customers {path}: {missing_file(path)}")
    try:
        frame = read(path)
    except (ValueError, OSError) as error:
        raise InputError(f"--customers {path} cannot be read: {error}") from error
    if _ID not in frame.columns:
        columns = ", ".join(map(str, frame.columns))
        raise InputError(f"--customers {path}: there is no column {_ID}; columns: {columns}")
    ids = frame[_ID].dropna().astype(str).drop_duplicates().tolist()
    if not ids:
        raise InputError(f"--customers {path}: there is no {_ID} in it")
    return ids


def _wallet(at: _Moment, features: FeatureSet, folder: Path) -> WalletModel | None:
    """Give the champion's estimator of wallets, or fit one on the population."""
    if len(derivable(features)) == 0:
        return None
    found = _of_champion(at, features)
    if found is not None:
        return found
    path = folder / "population.parquet"
    at.write(at.population(), path)
    chosen = inputs(features)
    names = [SPEND, *(n for n in (OBSERVED,) if n in features.names), *chosen.names]
    frame = pd.read_parquet(path, columns=[_ID, "cutoff", *names])
    settings = at.project.settings
    told, _ = usable(chosen, frame)
    return wallet_fit.fit(frame, told, settings.training.wallet_quantile, settings.seed)


def _of_champion(at: _Moment, features: FeatureSet) -> WalletModel | None:
    """Give the champion's, where it has not learnt from later days nor from other columns."""
    project = at.project
    with store(project.settings.tracking_uri):
        _, champion = champion_of(project)
    if champion is None or champion.release.wallet is None:
        return None
    wallet = champion.release.wallet
    known = set(wallet.encoder.features.names) <= set(features.names)
    return wallet if known and champion.data_cutoff <= at.day.isoformat() else None


def _tables(
    path: Path, wallet: WalletModel | None, features: FeatureSet, day: date
) -> Iterator[pa.Table]:
    types = {f.name: pa.string() if f.dtype == "category" else pa.float64() for f in features}
    schema = pa.schema({_ID: pa.string(), "as_of": pa.date32(), **types})
    file = pq.ParquetFile(path)
    if file.metadata.num_rows == 0:
        raise InputError(
            f"nobody to describe: no customer is in the population on {day}; is the data up to "
            "date? --customers names others"
        )
    for batch in file.iter_batches(_BATCH):
        frame = batch.to_pandas()
        whole = derive(wallet, frame) if len(derivable(features)) else frame
        yield pa.Table.from_pandas(whole.assign(as_of=day), schema, preserve_index=False)
