"""The versions of assets: numbers derived from their content.

Microsoft's inference server reads a model's version from AZUREML_MODEL_DIR and requires digits. Versions used
to be the digests themselves, in hexadecimal; workspaces still have such versions, and files refer to them.
"""

import hashlib
from dataclasses import replace
from typing import TypeVar

from azml.served import BASE, DIGITS

from .records import BundledAsset, BundledEnvironment

Local = TypeVar("Local", bound=BundledAsset | BundledEnvironment)


def digest_of(*parts: str) -> str:
    """A digest (hexadecimal) from everything that makes two contents differ."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(b"%d:" % len(data) + data)
    return digest.hexdigest()[:DIGITS]


def version_of(digest: str) -> str:
    """The version of the content with this digest: a decimal number of 21 digits."""
    return str(BASE + int(digest, 16))


def before_numbers(asset: Local) -> Local | None:
    """The asset with the version it had before versions were numbers; None if the file gives a version."""
    return replace(asset, version=asset.digest) if asset.version == version_of(asset.digest) else None
