"""The local Azure's own certificate authority: real clients do not send credentials over plain http."""

import contextlib
import os
import re
import ssl
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import certifi

from azml.emulator.base.damage import note, set_aside
from azml.emulator.base.files import only_one, private_folder, write_private

NAMES = ("127.0.0.1", "localhost")
LOCAL_AUTHORITY_FIRST = b"# The first certificate is that of the local Azure."
"""The first line of the bundle: who connects to this machine alone need not read the others."""
RENEW_BEFORE = timedelta(days=30)
_FLIGHTS = 8  # a handshake takes three in each direction
_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True)
class Certificates:
    """Where a server's certificate is, and what its clients must trust. All are PEM files.

    `ca` is the authority alone; `ca_bundle` adds the machine's own roots, for a client that accepts only one
    file and also connects to real hosts. `certificate` (with its chain) and `key` may be the same file.
    """

    ca: Path
    ca_bundle: Path
    certificate: Path
    key: Path


def ensure_certificates(folder: Path) -> Certificates:
    """The folder's certificates, created on first use. The server's is renewed a month before it expires.

    Safe to call from several processes at once. Raises OSError when the folder cannot be written.
    """
    private_folder(folder)
    server = folder / "server.pem"
    paths = Certificates(folder / "ca.pem", folder / "ca-bundle.pem", server, server)
    with only_one(folder / ".certificates.lock"):
        authority = folder / "ca-key.pem"
        if not _is_readable(authority):
            _make_authority(authority)
        own = b"\n".join(_BLOCK.findall(authority.read_bytes())) + b"\n"
        _write_changed(paths.ca, own)
        _write_changed(paths.ca_bundle, _bundle(own, folder))
        if not _is_good(server, own):
            _issue(authority, own, server)
    return paths


def _is_readable(authority: Path) -> bool:
    """Whether there is an authority whose key matches its certificate. A damaged one is renamed."""
    if not authority.exists():
        return False
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(authority)
    except (ssl.SSLError, IsADirectoryError) as error:
        note(
            authority.parent,
            f"{authority.name} is damaged ({type(error).__name__}): a new authority was created, which "
            f"clients read from ca.pem. The damaged file is {set_aside(authority).name}.",
        )
        return False
    return True


def _make_authority(path: Path) -> None:
    from azml.emulator.base.authority import make_authority  # imported late: its memory is never freed

    make_authority(path)


def _issue(authority: Path, certificate: bytes, server: Path) -> None:
    from azml.emulator.base.authority import issue  # imported late, as above

    issue(authority, certificate, server, NAMES)


def _is_good(server: Path, authority: bytes) -> bool:
    """Whether a client that trusts the authority will accept the server, and still will in a month.

    This does a TLS handshake in memory: the standard library has no other way to read a certificate.
    """
    try:
        return _end_seen_by_client(server, authority) > time.time() + RENEW_BEFORE.total_seconds()
    except OSError:  # ssl.SSLError is one; a missing or damaged file is another
        return False


def _end_seen_by_client(server: Path, authority: bytes) -> float:
    """When the server's certificate expires, in unix seconds. Raises OSError when the client refuses it."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(server)
    trusting = ssl.create_default_context(cadata=authority.decode())
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(back, there, server_hostname=NAMES[0])
    other = serving.wrap_bio(there, back, server_side=True)
    for _ in range(_FLIGHTS):
        for side in (client, other):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
        if client.version() and (seen := client.getpeercert()):
            return float(ssl.cert_time_to_seconds(str(seen["notAfter"])))
    raise ssl.SSLError("the handshake does not finish")


def _bundle(authority: bytes, folder: Path) -> bytes:
    # A machine behind an inspecting proxy names its roots with these; they may also name this file itself.
    named = (os.environ.get(name) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"))
    sources = (*named, ssl.get_default_verify_paths().cafile, certifi.where())
    files = [Path(source) for source in sources if source]
    roots = [
        block
        for file in files
        if file.is_file() and folder.resolve() not in file.resolve().parents
        for block in _BLOCK.findall(file.read_bytes())
    ]
    return b"\n".join([LOCAL_AUTHORITY_FIRST, *dict.fromkeys([*_BLOCK.findall(authority), *roots])]) + b"\n"


def _write_changed(path: Path, content: bytes) -> None:
    if not path.is_file() or path.read_bytes() != content:
        write_private(path, content)
