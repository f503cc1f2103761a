"""The tree stays small, free of one machine's paths, and its pins agree with pyproject.toml."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
MACHINE_PATH = re.compile(r"(?:^|[^\w.~])/(?:work|root|home|Users)/\w")
ADDRESS = re.compile(r"://|--(?:extra-)?index-url|--find-links")
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^ ;]+)(?P<marker> ;[^\\]*)? \\$", re.MULTILINE)
FILE_LINES = 400
FUNCTION_LINES = 50


def tracked(*patterns: str) -> list[Path]:
    """Return the files that git tracks, or would on the next `git add`."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--"]
    listed = subprocess.run([*command, *patterns], cwd=ROOT, capture_output=True, check=True)
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return sorted(path for path in set(paths) if path.is_file())


def text_of(path: Path) -> str | None:
    """Return a file's text; None for a binary file."""
    content = path.read_bytes()
    return None if b"\0" in content else content.decode()


def pins(name: str) -> list[tuple[str, str]]:
    """Return (package, version) of every entry; a package has one for each kind of machine."""
    content = (ROOT / "requirements" / name).read_text()
    return [(match["name"], match["version"]) for match in PIN.finditer(content)]


def declared(*groups: str) -> list[Requirement]:
    """Return what pyproject.toml asks for: dependencies, the demo extra and dependency groups."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lines = [*project["project"]["dependencies"]]
    lines += project["project"]["optional-dependencies"]["demo"]
    for group in groups:
        lines += project["dependency-groups"][group]
    return [Requirement(line) for line in lines]


def long_functions(path: Path) -> list[str]:
    """Return the functions of a module that are longer than a screen, docstrings not counted."""
    return [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno - docstring_lines(node) >= FUNCTION_LINES
    ]


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a docstring: a long one is no fault."""
    first = node.body[0]
    if ast.get_docstring(node) is None:
        return 0
    return (first.end_lineno or first.lineno) - first.lineno + 1


def test_no_path_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in tracked()
        for number, line in enumerate((text_of(path) or "").splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("folder", ["work", "root", "home", "Users"])
@pytest.mark.parametrize("before", ["", "path = '", "(", "sqlite:///"])
def test_a_path_of_one_machine_is_recognised(folder: str, before: str) -> None:
    assert MACHINE_PATH.search(f"{before}/{folder}/ana")


@pytest.mark.parametrize("line", ["docs/work/notes.md", "~/home/ana", "../root/ana", "/homeward"])
def test_a_path_of_any_machine_is_not(line: str) -> None:
    assert not MACHINE_PATH.search(line)


def test_no_long_file() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in tracked("*.py", "*.sh")
    }
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES} == {}


def test_no_long_function() -> None:
    assert [name for path in tracked("*.py") for name in long_functions(path)] == []


@pytest.mark.parametrize("name", ["core.txt", "test.txt", "uv.txt"])
def test_requirements_are_pinned_hashed_and_without_addresses(name: str) -> None:
    content = (ROOT / "requirements" / name).read_text()
    entries = re.split(r"\n(?=\S)", "\n".join(re.findall(r"^(?!\s*#).+$", content, re.MULTILINE)))
    assert not ADDRESS.search(content)
    assert len(entries) == len(pins(name))
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_test_requirements_contain_the_core_ones() -> None:
    assert set(pins("core.txt")) <= set(pins("test.txt"))


@pytest.mark.parametrize(
    ("name", "groups"), [("core.txt", ("build",)), ("test.txt", ("build", "test"))]
)
def test_requirements_satisfy_pyproject(name: str, groups: tuple[str, ...]) -> None:
    pinned = pins(name)
    met = {
        wanted
        for wanted in declared(*groups)
        for package, version in pinned
        if package == canonicalize_name(wanted.name) and wanted.specifier.contains(version)
    }
    unmet = [str(wanted) for wanted in declared(*groups) if wanted not in met]
    assert unmet == [], "pyproject.toml and requirements differ: run make lock"
