"""Broker addresses."""

from pathlib import Path

import pytest

from smartcart.edge.contract.broker_address import BrokerAddress, BrokerAddressError


def test_user_and_password_come_from_the_url_or_the_environment() -> None:
    address = BrokerAddress.parse("mqtt://me:p%40ss@[::1]:1884", environment={"SMARTCART_MQTT_USER": "other"})
    assert (address.host, address.port, address.user, address.password) == ("::1", 1884, "me", "p@ss")
    assert str(address) == "mqtt://[::1]:1884"
    assert "p@ss" not in repr(address)
    address = BrokerAddress.parse(
        "mqtts://b", environment={"SMARTCART_MQTT_USER": "me", "SMARTCART_MQTT_PASSWORD": "secret"}
    )
    assert (address.tls, address.port, address.user, address.password) == (True, 8883, "me", "secret")
    assert "secret" not in f"{address!r}{address}"


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:1883", "http://x", "mqtt://", "mqtt://x:port", "mqtt://x:99999", "mqtt://x/path", "mqtt://[x"],
)
def test_a_bad_address_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BrokerAddressError):
        BrokerAddress.parse(url, environment={})


def test_files_for_tls_must_be_there_and_of_use(tmp_path: Path) -> None:
    none, words = tmp_path / "none.pem", tmp_path / "words.pem"
    words.write_text("no certificate")
    for wrong in (none, words):
        with pytest.raises(BrokerAddressError, match=f"{wrong.name}: contains no certificate authorities"):
            BrokerAddress.parse("mqtts://x", ca=wrong)
        with pytest.raises(BrokerAddressError, match=f"{wrong.name}: not a certificate with its key"):
            BrokerAddress.parse("mqtts://x", cert=wrong)
    with pytest.raises(BrokerAddressError, match="mqtts"):
        BrokerAddress.parse("mqtt://x", ca=none)
    with pytest.raises(BrokerAddressError, match="--key needs --cert"):
        BrokerAddress.parse("mqtts://x", key=none)
