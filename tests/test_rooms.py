"""The import rules between the rooms, and every docstring's example."""

import ast
import doctest
import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "edge": {"smartcart.edge", "smartcart.models.labels", "smartcart.models.crop"},
    "server": {"smartcart.server", "smartcart.edge.events"},
    "models": {"smartcart.models"},
    "datasets": {"smartcart.datasets", "smartcart.models"},
}
TOP_LEVEL = {"pyproject.toml", "README.md", "LICENSE", "edge", "models", "datasets", "server", "tests", "scripts"}
HEAVY = {"torch", "torchvision", "ultralytics"}
FILES = [(room, path) for room in MAY_IMPORT for path in sorted((ROOT / room).rglob("*.py"))]


def imported_names(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names


def module_name(path: Path) -> str:
    inside = path.relative_to(ROOT).with_suffix("")
    parts = inside.parts[:-1] if inside.name == "__init__" else inside.parts
    return ".".join(["smartcart", *parts])


@pytest.mark.parametrize(("room", "path"), FILES, ids=lambda v: getattr(v, "name", v))
def test_a_room_imports_only_its_neighbours(room: str, path: Path) -> None:
    for name in imported_names(path):
        assert not name.startswith("."), f"{name}: relative imports are banned"
        assert name.split(".")[0] not in MAY_IMPORT, f"{name}: write smartcart.{name}"
        if name.startswith("smartcart"):
            assert any(name == ok or name.startswith(ok + ".") for ok in MAY_IMPORT[room]), name


@pytest.mark.parametrize(("room", "path"), FILES, ids=lambda v: getattr(v, "name", v))
def test_training_libraries_stay_in_models(room: str, path: Path) -> None:
    if room != "models":
        assert not {name.split(".")[0] for name in imported_names(path)} & HEAVY


def test_the_contract_needs_the_standard_library_only() -> None:
    names = {name.split(".")[0] for name in imported_names(ROOT / "edge" / "events.py")}
    assert names <= sys.stdlib_module_names


def test_the_server_needs_no_opencv() -> None:
    for path in (ROOT / "server").rglob("*.py"):
        assert not imported_names(path) & {"cv2", "onnxruntime"}, path


def test_the_top_level_is_the_one_that_was_fixed() -> None:
    import subprocess

    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    top = {line.split("/")[0] for line in tracked.stdout.splitlines()}
    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL


@pytest.mark.parametrize(("room", "path"), FILES, ids=lambda v: getattr(v, "name", v))
def test_docstring_examples_hold(room: str, path: Path) -> None:
    assert doctest.testmod(importlib.import_module(module_name(path))).failed == 0
