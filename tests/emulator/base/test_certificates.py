"""The authority: kept over restarts, private, and trusted by clients that check strictly."""

import asyncio
import ssl
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from azml.azure.http import trust
from azml.emulator.base.certificates import ensure_certificates
from azml.emulator.base.files import write_private


def test_the_same_folder_keeps_its_certificates(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.pem")}
    assert ensure_certificates(tmp_path) == first
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.pem")} == before


def test_a_lost_server_certificate_is_issued_again_by_the_same_authority(tmp_path: Path) -> None:
    certificates = ensure_certificates(tmp_path)
    authority = certificates.ca.read_bytes()
    certificates.certificate.unlink()
    assert ensure_certificates(tmp_path).ca.read_bytes() == authority
    assert certificates.certificate.is_file()


def test_a_damaged_a_foreign_and_an_ending_server_certificate_are_issued_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates = ensure_certificates(tmp_path / "own")
    good = certificates.certificate.read_bytes()
    foreign = ensure_certificates(tmp_path / "other").certificate.read_bytes()
    for bad in (b"", good[: len(good) // 2], foreign):
        certificates.certificate.write_bytes(bad)
        ensure_certificates(tmp_path / "own")
        assert certificates.certificate.read_bytes() not in (good, bad)
    before = certificates.certificate.read_bytes()
    monkeypatch.setattr("azml.emulator.base.certificates.RENEW_BEFORE", timedelta(days=900))
    ensure_certificates(tmp_path / "own")
    assert certificates.certificate.read_bytes() != before


@pytest.mark.process
def test_certificates_that_are_good_need_no_cryptography_package(tmp_path: Path) -> None:
    """A process that only reads them stays small."""
    ensure_certificates(tmp_path)
    program = (
        "import sys; from pathlib import Path; "
        "from azml.emulator.base.certificates import ensure_certificates; "
        "ensure_certificates(Path(sys.argv[1])); assert not {'trustme', 'cryptography'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)


def test_only_the_owner_may_read_keys(tmp_path: Path) -> None:
    folder = tmp_path / "emulator"
    ensure_certificates(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.glob("*.pem")} == {0o600}


def test_the_bundle_adds_the_authority_to_the_roots_a_machine_names_and_never_to_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ensure_certificates(tmp_path / "other").ca
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    own = ensure_certificates(tmp_path / "own")
    bundle = own.ca_bundle.read_bytes()
    assert own.ca.read_bytes().strip() in bundle
    assert other.read_bytes().strip() in bundle
    monkeypatch.setenv("SSL_CERT_FILE", str(own.ca_bundle))
    assert other.read_bytes().strip() not in ensure_certificates(tmp_path / "own").ca_bundle.read_bytes()


def test_who_connects_to_this_machine_reads_the_authority_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And all of a bundle that is not the local Azure's."""
    made = ensure_certificates(tmp_path / "emulator")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made.ca_bundle))
    own = ssl.create_default_context(cafile=str(made.ca)).get_ca_certs()
    assert trust("127.0.0.1").get_ca_certs() == own
    everything = trust("management.azure.com").get_ca_certs()
    assert own[0] in everything
    assert len(everything) > 100

    other = tmp_path / "other.pem"
    other.write_text(made.ca_bundle.read_text().partition("\n")[2])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    assert trust("127.0.0.1").get_ca_certs() == everything


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_strict_client_trusts_the_server_by_both_names(tmp_path: Path, host: str) -> None:
    certificates = ensure_certificates(tmp_path)
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(certificates.certificate, certificates.key)
    trusting = ssl.create_default_context(cafile=str(certificates.ca))
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=serving)
    async with server:
        port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname=host)
        assert writer.get_extra_info("ssl_object").version() == "TLSv1.3"
        writer.close()
        await writer.wait_closed()


def test_a_write_that_fails_leaves_the_old_content_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "kept"
    write_private(target, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("azml.emulator.base.files.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_private(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
