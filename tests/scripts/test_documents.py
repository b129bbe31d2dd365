"""The documents are held to the code: what they call, link and name exists, and every command has its line."""

import re
import shlex
from pathlib import Path

import pytest

from smartcart.scripts.main import COMMANDS, parser

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = sorted(
    path for path in [*ROOT.glob("*.md"), *ROOT.glob(".github/*.md"), *ROOT.glob("[a-z]*/**/*.md")] if path.is_file()
)
CALL = re.compile(r"(sudo (-u \w+ )?)?(/opt/smartcart/bin/)?smartcart ")
BLOCK = re.compile(r"```(?:sh|powershell)\n(.*?)```", re.S)
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED = re.compile(r"`((?:edge|server|models|datasets|scripts|tests)/[\w./-]+)`")
HEADING = re.compile(r"^#+ (.+)$", re.M)


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def calls() -> list[list[str]]:
    lines = [
        line.split(" #")[0].strip()
        for document in DOCUMENTS
        for block in BLOCK.findall(text_of(document))
        for line in block.splitlines()
    ]
    found = {line: shlex.split(CALL.sub("", line, count=1)) for line in lines if CALL.match(line)}
    return list(found.values())


def anchor(heading: str) -> str:
    """What GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def name_of(document: Path) -> str:
    return str(document.relative_to(ROOT))


@pytest.mark.parametrize("words", calls(), ids=" ".join)
def test_every_call_is_understood(words: list[str]) -> None:
    parser().parse_args(words)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_stands_in_the_readme(command: str) -> None:
    assert f"| `smartcart {command}` |" in text_of(README)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in LINK.findall(text_of(document)):
        if link.startswith(("https://", "http://")):
            continue
        place, _, section = link.partition("#")
        target = (document.parent / place).resolve() if place else document
        assert target.exists(), link
        assert not section or section in map(anchor, HEADING.findall(text_of(target))), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_file_that_it_names_is_there(document: Path) -> None:
    for name in NAMED.findall(text_of(document)):
        assert (ROOT / name).exists() or (document.parent / name).exists(), name


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_nothing_is_left_to_be_filled_in(document: Path) -> None:
    assert not re.search(r"\bTODO\b|\bTBD\b|^[A-Z_]{4,}$", text_of(document), re.M)


def test_the_readme_is_one_page() -> None:
    text = text_of(README)
    assert len(text.splitlines()) <= 120
    assert len(text.encode()) <= 8_000
