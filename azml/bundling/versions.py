"""The versions of assets: numbers derived from their content.

Microsoft's inference server reads a model's version from AZUREML_MODEL_DIR and requires digits. Versions used
to be the digests themselves, in hexadecimal; workspaces still have such versions, and files refer to them.
"""

import hashlib
import re
from dataclasses import replace
from typing import TypeVar

from .records import BundledAsset, BundledEnvironment

DIGITS = 16  # hexadecimal, of the content's hash: two of a billion versions meet with a chance of 1 in 37
_BASE = 10**20  # above every digest, so that our numbers, and no other versions, have 21 digits
_NUMBER = re.compile(r"1\d{20}")
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
    return str(_BASE + int(digest, 16))


def same_in_any_form(version: str) -> str:
    """The form of a version used in digests of what is served: for our numbers, the original digest."""
    value = int(version) - _BASE if _NUMBER.fullmatch(version) else -1
    return f"{value:0{DIGITS}x}" if 0 <= value < 16**DIGITS else version


def before_numbers(asset: Local) -> Local | None:
    """The asset with the version it had before versions were numbers; None if the file gives a version."""
    return replace(asset, version=asset.digest) if asset.version == version_of(asset.digest) else None
