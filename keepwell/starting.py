"""`keepwell init`: a commented configuration to begin with."""

from __future__ import annotations

from pathlib import Path

from features.errors import InputError

TEMPLATE = Path(__file__).with_name("template.toml")
NAME = "keepwell.toml"


def write_template(folder: Path) -> Path:
    """Write the commented configuration into a folder, and return its path.

    Parameters
    ----------
    folder
        Made if it is missing.

    Raises
    ------
    InputError
        When there is a configuration already, or the folder is a file.
    """
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE.read_text(encoding="utf-8"))
    except FileExistsError:
        taken = path if path.exists() else folder
        raise InputError(f"{taken} exists already; name another folder, or remove it") from None
    return path
