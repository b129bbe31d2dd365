"""The store authority: what it issues, to whom it refuses, and how it keeps its key."""

import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from smartcart.server.pki.authority import AuthorityError, StoreAuthority
from smartcart.server.pki.bundle import Bundle, BundleError, read_bundle, write_bundle
from smartcart.server.pki.certificates import CertificateRole


@pytest.fixture
def authority(tmp_path: Path) -> StoreAuthority:
    return StoreAuthority.create(tmp_path / "authority", "store-1")


def test_its_key_is_its_owners_alone_and_never_replaced(authority: StoreAuthority, tmp_path: Path) -> None:
    folder = tmp_path / "authority"
    assert stat.S_IMODE((folder / "authority.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    key = (folder / "authority.key").read_bytes()
    with pytest.raises(AuthorityError, match="already contains an authority"):
        StoreAuthority.create(folder, "store-2")
    assert (folder / "authority.key").read_bytes() == key
    (folder / "authority.key").chmod(0o644)
    with pytest.raises(AuthorityError, match="can be read by others"):
        StoreAuthority(folder)


def test_a_carts_certificate_names_cart_and_store_and_is_a_clients_alone(authority: StoreAuthority) -> None:
    made = authority.issue("cart-7", CertificateRole.CART, days=10)
    certificate = x509.load_pem_x509_certificate(made.certificate)
    parts = {a.oid: a.value for a in certificate.subject}
    assert parts[NameOID.COMMON_NAME] == "cart-7"
    assert parts[NameOID.ORGANIZATION_NAME] == "store-1"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    root = x509.load_pem_x509_certificate(authority.certificate)
    certificate.verify_directly_issued_by(root)
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


@pytest.mark.parametrize("name", ["", "a/b", "cart 7", "+", "#", "@server", "x" * 65, "cart\n", "-cart"])
def test_a_name_that_could_reach_beyond_its_topics_gets_no_certificate(authority: StoreAuthority, name: str) -> None:
    with pytest.raises(AuthorityError, match="must be 1 to 64"):
        authority.issue(name, CertificateRole.CART)
    assert authority.holders() == []


def test_a_second_certificate_is_a_renewal_or_none(authority: StoreAuthority) -> None:
    first = authority.issue("cart-7", CertificateRole.CART)
    with pytest.raises(AuthorityError, match="already has a valid certificate"):
        authority.issue("cart-7", CertificateRole.CART)
    later = datetime.now(UTC) + timedelta(hours=1)
    second = authority.issue("cart-7", CertificateRole.CART, again=True, now=later)
    assert authority.revoke("cart-7", but_newest=True, now=later) == [first.issued]
    states = {h.issued.serial: h.state(later) for h in authority.holders()}
    assert states == {first.issued.serial: "revoked", second.issued.serial: "good"}


def test_an_expired_certificate_frees_the_name_and_none_outlives_the_authority(authority: StoreAuthority) -> None:
    past = datetime.now(UTC) - timedelta(days=40)
    authority.issue("cart-7", CertificateRole.CART, days=30, now=past)
    assert [h.state(datetime.now(UTC)) for h in authority.holders()] == ["expired"]
    long = authority.issue("cart-7", CertificateRole.CART, days=36500)
    assert long.issued.expires == authority.expires


def test_the_list_of_the_revoked_grows_and_is_signed(authority: StoreAuthority, tmp_path: Path) -> None:
    gone = {authority.issue(name, CertificateRole.CART).issued.serial for name in ("a", "b", "c")}
    for name in ("a", "b", "c"):
        StoreAuthority(tmp_path / "authority").revoke(name)
    revocations = x509.load_pem_x509_crl(authority.revocations())
    assert {entry.serial_number for entry in revocations} == gone
    key = x509.load_pem_x509_certificate(authority.certificate).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert revocations.is_signature_valid(key)
    assert revocations.next_update_utc == authority.expires, "an expired list would shut everybody out"
    with pytest.raises(AuthorityError, match="has no valid certificate"):
        authority.revoke("a")


def test_two_who_revoke_at_once_lose_nothing(authority: StoreAuthority, tmp_path: Path) -> None:
    names = [f"cart-{i}" for i in range(12)]
    for name in names:
        authority.issue(name, CertificateRole.CART)
    threads = [threading.Thread(target=StoreAuthority(tmp_path / "authority").revoke, args=(n,)) for n in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(holder.revoked for holder in authority.holders())


def test_a_folder_without_an_authority_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(AuthorityError, match="smartcart pair create"):
        StoreAuthority(tmp_path)


def test_a_bundle_tells_who_holds_it_and_is_its_owners_alone(authority: StoreAuthority, tmp_path: Path) -> None:
    made, path = authority.issue("cart-7", CertificateRole.CART), tmp_path / "cart-7.pem"
    bundle = Bundle(store="store-1", name="cart-7", broker="mqtts://10.0.0.5:8883")
    write_bundle(path, bundle, certificate=made.certificate, key=made.key, authority=authority.certificate)
    assert read_bundle(path) == bundle
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (tmp_path / "other.pem").write_bytes(made.certificate)
    with pytest.raises(BundleError, match="is not a bundle"):
        read_bundle(tmp_path / "other.pem")
    with pytest.raises(BundleError, match="cannot be read"):
        read_bundle(tmp_path / "none.pem")
