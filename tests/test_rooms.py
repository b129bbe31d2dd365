"""The rules of the house: what a room may import, the order of the shelves in it, and every docstring's example."""

import ast
import doctest
import graphlib
import importlib
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GALLERY = {f"smartcart.edge.gallery.{name}" for name in ("gallery_file", "nearest", "search", "sights", "wire")}
NUMBERS = "smartcart.edge.codes.numbers"
MAY_IMPORT = {
    "edge": {"smartcart.edge", "smartcart.models.labels", "smartcart.models.crop"},
    "server": {"smartcart.server", "smartcart.edge.contract", NUMBERS, *GALLERY},
    "models": {"smartcart.models"},
    "datasets": {"smartcart.datasets", "smartcart.models"},
}
ORDER = {
    "server": (
        *(
            "app",
            "web",
            "api",
            "site",
            "views",
            "checkout",
            "mqtt",
            "gallery",
            "carts",
            "ledger",
            "basket",
            "catalogue",
        ),
        *("access", "database", "pki", "http", "runtime", "errors"),
    ),
    "edge": (
        *(
            "view",
            "cart",
            "pipeline",
            "delivery",
            "gallery",
            "codes",
            "judge",
            "tracking",
            "vision",
            "contract",
            "capture",
        ),
        "errors",
    ),
    "models": ("embedding", "export", "recogniser", "training", "evaluation", "dataset", "crop", "labels", "errors"),
    "datasets": ("collage", "real", "output", "story", "skins", "photos", "scene", "products", "pictures", "errors"),
    "scripts": (
        *(
            "commands",
            "admin_ledger",
            "datasets",
            "evaluation",
            "bench",
            "chaos",
            "models",
            "products",
            "cart",
            "cart_products",
            "video_out",
        ),
        *("pipeline", "pipeline_options", "broker_options", "supervised", "own_postgres", "process_use", "require"),
        *("shared_scenes_option", "progress", "workers", "signals", "main", "private_files"),
    ),
}
"""The shelves of each room, top to bottom: a shelf imports only itself and what stands below it."""
MOST_MODULES = 20
"""In one folder; more cannot be taken in at a glance."""
SAID_TWICE: set[str] = set()
"""Class names that stand for two things; each says in its docstring why."""
TOP_LEVEL = {"pyproject.toml", "README.md", "LICENSE", "edge", "models", "datasets", "server", "tests", "scripts"}
HEAVY = {"torch", "torchvision", "ultralytics"}
FILES = [(room, path) for room in MAY_IMPORT for path in sorted((ROOT / room).rglob("*.py"))]
MODULES = {room: sorted((ROOT / room).rglob("*.py")) for room in ORDER}


def imported_names(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names


def imported_modules(path: Path) -> set[str]:
    """Modules of the project that a file imports, ``from package import module`` included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("smartcart."):
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                names.add(below if below in NAMES else str(node.module))
    return names


def module_name(path: Path) -> str:
    inside = path.relative_to(ROOT).with_suffix("")
    parts = inside.parts[:-1] if inside.name == "__init__" else inside.parts
    return ".".join(["smartcart", *parts])


NAMES = {module_name(path) for paths in MODULES.values() for path in paths}
IMPORTS = {module_name(path): imported_modules(path) for paths in MODULES.values() for path in paths}


@pytest.mark.parametrize("room", ORDER)
def test_a_shelf_imports_only_what_stands_below_it(room: str) -> None:
    rank = {f"smartcart.{room}.{shelf}": place for place, shelf in enumerate(ORDER[room])}

    def place(module: str) -> int:
        return rank[".".join(module.split(".")[:3])]

    upward = [
        f"{module} imports {other}"
        for module, others in IMPORTS.items()
        if module.startswith(f"smartcart.{room}.")
        for other in others
        if other.startswith(f"smartcart.{room}.") and place(other) < place(module)
    ]
    assert not upward


@pytest.mark.parametrize("room", ORDER)
def test_every_shelf_stands_in_the_order(room: str) -> None:
    shelves = {path.relative_to(ROOT / room).parts[0].removesuffix(".py") for path in MODULES[room]}
    assert shelves - {"__init__"} == set(ORDER[room])


def test_no_modules_import_each_other_in_a_circle() -> None:
    graphlib.TopologicalSorter(IMPORTS).prepare()


@pytest.mark.parametrize("room", ORDER)
def test_a_folder_can_be_taken_in_at_a_glance(room: str) -> None:
    for folder in {path.parent for path in MODULES[room]}:
        modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= MOST_MODULES, f"{folder.relative_to(ROOT)} holds {len(modules)} modules"


def test_a_class_name_is_given_once() -> None:
    places: dict[str, list[str]] = {}
    for paths in MODULES.values():
        for path in paths:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places.setdefault(node.name, []).append(module_name(path))
    twice = {name: where for name, where in places.items() if len(where) > 1}
    assert set(twice) == SAID_TWICE, twice


def test_every_package_is_installed() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    assert set(packages) == {
        module_name(path) for room in ORDER for path in MODULES[room] if path.name == "__init__.py"
    }


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
    names = {name.split(".")[0] for name in imported_names(ROOT / "edge" / "contract" / "events.py")}
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
