"""``smartcart pair`` as an engineer types it, and what it writes, held against the real programs."""

import getpass
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from processes import MOSQUITTO, free_port, wait_until
from store_broker import Peer, StoreMosquitto

from smartcart.edge.contract.events import Channel, Topic
from smartcart.scripts.main import main

yaml = pytest.importorskip("yaml")


def pair(folder: Path, *words: str) -> int:
    return main(["pair", words[0], "--folder", str(folder), *words[1:]])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    assert pair(folder, "create", "--store", "store-1") == 0
    assert pair(folder, "broker", "--port", str(free_port())) == 0
    assert pair(folder, "server") == 0
    return folder


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_cart_is_let_in_renewed_and_shut_out(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = tmp_path / "cart-7.pem", tmp_path / "new.pem"
    assert pair(folder, "issue", "--cart", "cart-7", "--out", str(old)) == 0
    port = int((folder / "authority" / "broker.url").read_text().rpartition(":")[2])
    broker = StoreMosquitto(folder / "broker", port)
    status = str(Topic(store="store-1", cart="cart-7", channel=Channel.STATUS))
    first = Peer(broker.url, old)
    assert first.publish(status, b"here")
    first.close()
    assert pair(folder, "renew", "--cart", "cart-7", "--out", str(new)) == 0
    assert pair(folder, "revoke", "--cart", "cart-7", "--but-newest") == 0
    assert "restart the broker" in capsys.readouterr().out
    broker.stop()
    broker.start()
    assert Peer(broker.url, old).refused
    renewed = Peer(broker.url, new)
    assert not renewed.refused
    assert pair(folder, "revoke", "--cart", "cart-7") == 0
    broker.stop()  # this throws out who is connected
    wait_until(renewed.lost.is_set)
    broker.start()
    assert Peer(broker.url, new).refused
    broker.stop()


def test_the_list_tells_who_is_in_and_who_must_renew(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pair(folder, "issue", "--cart", "cart-7", "--out", str(folder / "c.pem"), "--days", "20") == 0
    capsys.readouterr()
    assert pair(folder, "list", "--json") == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(t["name"], t["role"], t["state"]) for t in told] == [
        ("@broker", "broker", "good"),
        ("@server", "server", "good"),
        ("cart-7", "cart", "good"),
    ]
    assert pair(folder, "list", "--expiring", "10") == 0
    assert pair(folder, "list", "--expiring", "30") == 1
    assert "expires soon" in capsys.readouterr().out


def test_a_further_server_is_let_in_beside_the_first(folder: Path) -> None:
    assert pair(folder, "server", "--name", "second", "--out", str(folder / "second.pem")) == 0
    access = (folder / "broker" / "acl").read_text()
    assert [line for line in access.splitlines() if line.startswith("user")] == ["user @second", "user @server"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["create", "--store", "other"], "already contains an authority"),
        (["issue", "--cart", "a/b"], "must be 1 to 64"),
        (["renew", "--cart", "cart-99"], "never had a certificate"),
        (["revoke", "--cart", "cart-99"], "has no valid certificate"),
        (["server"], "already has a valid certificate"),
        (["broker", "--host", "a b"], "not a name or address"),
        (["broker", "--port", "70000"], "from 1 to 65535"),
        (["units", "--out", "units", "--user", "no-such-user"], "useradd --system"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else None,
)
def test_what_cannot_be_says_why(
    folder: Path, words: list[str], reason: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    capsys.readouterr()
    assert pair(folder, *words) == 2
    assert reason in capsys.readouterr().err


def test_a_bundle_is_for_its_own_side(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cart = folder / "cart-7.pem"
    assert pair(folder, "issue", "--cart", "cart-7", "--out", str(cart)) == 0
    assert main(["server", "--bundle", str(cart), "--ledger", "memory:"]) == 2
    assert "smartcart pair server" in capsys.readouterr().err
    assert main(["edge", "--bundle", str(folder / "server.pem")]) == 2
    assert "smartcart pair issue" in capsys.readouterr().err
    assert main(["edge", "--bundle", str(cart), "--key", str(cart)]) == 2
    assert "omit --ca, --cert and --key" in capsys.readouterr().err


def test_a_store_without_broker_or_authority_says_what_comes_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pair(tmp_path, "issue", "--cart", "cart-7") == 2
    assert "smartcart pair create" in capsys.readouterr().err
    assert pair(tmp_path, "create", "--store", "s") == 0
    assert pair(tmp_path, "issue", "--cart", "cart-7") == 2
    assert "smartcart pair broker" in capsys.readouterr().err


def test_the_units_are_what_systemd_takes(folder: Path, tmp_path: Path) -> None:
    units = tmp_path / "units"
    assert pair(folder, "units", "--out", str(units), "--user", getpass.getuser()) == 0
    written = sorted(path.name for path in units.iterdir())
    assert written == [
        "compose.yaml",
        "smartcart-broker.service",
        "smartcart-edge@.service",
        "smartcart-server.service",
    ]
    assert not any("@FOLDER@" in path.read_text() or "@USER@" in path.read_text() for path in units.iterdir())
    if not (analyze := shutil.which("systemd-analyze")):
        pytest.skip("systemd is not installed")
    (units / "smartcart-edge@.service").rename(units / "smartcart-edge@cart-7.service")
    services = sorted(str(path) for path in units.glob("*.service"))
    told = subprocess.run([analyze, "verify", "--man=no", *services], capture_output=True, text=True, timeout=60)
    ours = [line for line in told.stderr.splitlines() if "smartcart" in line and "not executable" not in line]
    assert not ours, ours


def test_the_compose_file_runs_what_the_folder_holds(folder: Path, tmp_path: Path) -> None:
    assert pair(folder, "units", "--out", str(tmp_path / "u"), "--user", getpass.getuser()) == 0
    services = yaml.safe_load((tmp_path / "u" / "compose.yaml").read_text())["services"]
    assert set(services) == {"broker", "server"}
    for service in services.values():
        assert service["network_mode"] == "host"
        (mount,) = service["volumes"]
        assert Path(mount.split(":")[0]).is_dir()
    assert Path(services["broker"]["command"].split(" -c ")[1]).is_file()
    main_parser_takes(services["server"]["command"].split()[1:])


def main_parser_takes(words: list[str]) -> None:
    from smartcart.scripts.main import parser

    parsed = parser().parse_args(words)
    assert parsed.bundle.is_file()
