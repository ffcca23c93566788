"""Creates the certificate authority and its certificates. Imported only when needed: it costs 15 MB."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

from azml.emulator.base.files import write_private

LIFETIME = timedelta(days=800)  # macOS rejects server certificates valid for more than 825 days
CLOCK_SKEW = timedelta(days=1)


def make_authority(path: Path) -> None:
    """Write a new authority. Key and certificate share a file, so that they always match."""
    authority = trustme.CA(organization_name="azml local Azure", key_type=trustme.KeyType.ECDSA)
    write_private(path, authority.private_key_pem.bytes() + authority.cert_pem.bytes())


def issue(authority: Path, certificate: bytes, server: Path, names: tuple[str, ...]) -> None:
    """Write a server's key and certificate chain. `certificate` is the authority's own, in PEM."""
    now = datetime.now(UTC)
    issued = trustme.CA.from_pem(certificate, authority.read_bytes()).issue_cert(
        *names, not_before=now - CLOCK_SKEW, not_after=now + LIFETIME
    )
    write_private(server, issued.private_key_and_cert_chain_pem.bytes())
