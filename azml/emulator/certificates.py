"""The local Azure's own certificate authority: real clients send no credential over plain http."""

import os
import re
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
import trustme
from cryptography import x509

from azml.emulator.files import only_one, private_folder, write_private

NAMES = ("127.0.0.1", "localhost")
LIFETIME = timedelta(days=800)  # macOS trusts no server certificate that is valid for more than 825 days
CLOCK_SKEW = timedelta(days=1)
RENEW_BEFORE = timedelta(days=30)
_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True)
class Certificates:
    """Where a server's certificate is, and what its clients must trust. All are PEM files.

    `ca` is the authority alone; `ca_bundle` adds the machine's own roots, for a client that takes one file
    and also speaks to real hosts. `certificate` (with its chain) and `key` may be one and the same file.
    """

    ca: Path
    ca_bundle: Path
    certificate: Path
    key: Path


def ensure_certificates(folder: Path) -> Certificates:
    """The folder's certificates: made at first, kept after, the server's renewed a month before it ends.

    Safe to call from several processes at once. Raises OSError when the folder cannot be written.
    """
    private_folder(folder)
    server = folder / "server.pem"
    paths = Certificates(folder / "ca.pem", folder / "ca-bundle.pem", server, server)
    with only_one(folder / ".certificates.lock"):
        authority = _authority(folder / "ca-key.pem")
        own = authority.cert_pem.bytes()
        _write_changed(paths.ca, own)
        _write_changed(paths.ca_bundle, _bundle(own, folder))
        if not _is_good(server, own):
            now = datetime.now(UTC)
            issued = authority.issue_cert(*NAMES, not_before=now - CLOCK_SKEW, not_after=now + LIFETIME)
            write_private(server, issued.private_key_and_cert_chain_pem.bytes())
    return paths


def _authority(path: Path) -> trustme.CA:
    # Key and certificate share one file, so that a killed process cannot leave a pair that does not match.
    if path.is_file():
        pem = path.read_bytes()
        return trustme.CA.from_pem(b"\n".join(_BLOCK.findall(pem)), pem)
    authority = trustme.CA(organization_name="azml local Azure", key_type=trustme.KeyType.ECDSA)
    write_private(path, authority.private_key_pem.bytes() + authority.cert_pem.bytes())
    return authority


def _is_good(server: Path, authority: bytes) -> bool:
    if not server.is_file():
        return False
    certificate = x509.load_pem_x509_certificate(b"\n".join(_BLOCK.findall(server.read_bytes())))
    issuer = x509.load_pem_x509_certificate(authority)
    ends = certificate.not_valid_after_utc
    return certificate.issuer == issuer.subject and ends > datetime.now(UTC) + RENEW_BEFORE


def _bundle(authority: bytes, folder: Path) -> bytes:
    # A machine behind an inspecting proxy names its roots by these; they may also name this very file.
    named = (os.environ.get(name) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"))
    sources = (*named, ssl.get_default_verify_paths().cafile, certifi.where())
    files = [Path(source) for source in sources if source]
    roots = [
        block
        for file in files
        if file.is_file() and folder.resolve() not in file.resolve().parents
        for block in _BLOCK.findall(file.read_bytes())
    ]
    return b"\n".join(dict.fromkeys([*_BLOCK.findall(authority), *roots])) + b"\n"


def _write_changed(path: Path, content: bytes) -> None:
    if not path.is_file() or path.read_bytes() != content:
        write_private(path, content)
