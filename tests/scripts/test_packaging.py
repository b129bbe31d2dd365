"""Wheel, sdist and editable install: each gives the one import name over the rooms, with every file it needs."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHECK = """
import importlib, importlib.resources as r, json, sys
for room in ("edge", "server", "models", "datasets", "scripts"):
    assert importlib.import_module(f"smartcart.{room}").__name__ == f"smartcart.{room}"
needed = {
    "smartcart.edge": ["py.typed", "contract/event.schema.json", "contract/asyncapi.json"],
    "smartcart.server": ["templates", "static", "catalogue.toml", "fonts/DejaVuSans.ttf"],
    "smartcart.models": ["smartcart-eye.onnx", "model_card.md", "LICENSE-AGPL-3.0.txt"],
    "smartcart.datasets": ["demo/demo.mp4", "demo/demo.truth.json"],
}
for package, files in needed.items():
    for name in files:
        path = r.files(package).joinpath(name)
        assert path.is_file() or path.is_dir(), (package, name)
importlib.import_module("smartcart.server.app.application")
import smartcart.edge.contract.events as events
print(json.dumps({"where": events.__file__, "heavy": [m for m in ("torch", "ultralytics", "cv2") if m in sys.modules]}))
"""


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git tracks, so that building leaves the checkout as it is."""
    tree = tmp_path_factory.mktemp("tree")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes((ROOT / name).read_bytes())
    return tree


@pytest.fixture(scope="module")
def built(tree: Path) -> Path:
    """A folder with wheel and sdist; the wheel is made from the sdist, as an index's users get it."""
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", tree / "dist", cwd=tree)
    return tree / "dist"


def environment(folder: Path) -> Path:
    """A fresh environment that sees this one's libraries, but not this one's smartcart; gives its python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "uninstall", "-q", "-y", "setuptools", cwd=folder)  # an old one comes with Python 3.11
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    (Path(site) / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return python


@pytest.mark.parametrize("kind", ["wheel", "sdist", "editable"])
def test_an_install_has_one_import_name_and_every_file(kind: str, tree: Path, built: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "env")
    what: tuple[str | Path, ...] = {
        "wheel": (next(built.glob("*.whl")),),
        "sdist": ("--no-build-isolation", next(built.glob("*.tar.gz"))),
        "editable": ("--no-build-isolation", "-e", tree),
    }[kind]
    run(python, "-m", "pip", "install", "-q", "--no-deps", "--ignore-installed", *what, cwd=tmp_path)
    told = run(python, "-c", CHECK, cwd=tmp_path)
    inside = tree if kind == "editable" else tmp_path / "env"
    assert f'"where": "{inside}' in told
    assert '"heavy": []' in told
    assert run(tmp_path / "env" / "bin" / "smartcart", "--version", cwd=tmp_path).startswith("smartcart ")


def test_the_runtime_requires_neither_torch_nor_ultralytics() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = {line.split(">")[0].split("<")[0].split("[")[0].strip() for line in project["dependencies"]}
    assert not required & {"torch", "torchvision", "ultralytics"}
    assert {"numpy", "opencv-python", "onnxruntime", "paho-mqtt"} <= required
    assert {"train", "sim", "postgres", "dev"} <= set(project["optional-dependencies"])
