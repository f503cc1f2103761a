"""``keepwell simulate``: check what is asked, write the company, say what to do next."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from keepwell.show import progress_bar
from keepwell.simulate.story import Story, checked
from keepwell.simulate.writing import CONFIG, chunks, prepare, write


def run_simulation(story: Story, folder: Path, out: Console) -> None:
    """Write a simulated company into an empty folder.

    Raises
    ------
    InputError
        When the story cannot be told, or the folder is not empty.
    """
    checked(story, datetime.now(UTC).date())
    prepare(folder)
    with progress_bar(out) as bar:
        bar.start("Customers", chunks(story))
        rows = write(story, folder, bar.step)
    counts = ", ".join(f"{name} {count:,}" for name, count in rows.items())
    out.print(
        f"Wrote {folder}, {story.start} to {story.end}: {counts} rows.\n"
        f"Next: keepwell train -c {folder / CONFIG} --as-of {story.as_of}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
