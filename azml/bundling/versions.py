"""The versions of assets: numbers made from what they hold.

Microsoft's inference server reads a model's version out of AZUREML_MODEL_DIR and wants digits. Versions used
to be the digests themselves, in hexadecimal; workspaces hold such versions, and files name them.
"""

import hashlib
import re
from dataclasses import replace
from typing import TypeVar

from .records import BundledAsset, BundledEnvironment

DIGITS = 16  # hexadecimal, of the content's hash: two of a billion versions meet with a chance of 1 in 37
_BASE = 10**20  # above every digest: all our numbers have 21 digits, and no other version looks like one
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
    """A version as digests of what is served name it: of our numbers, the digest they are made from."""
    value = int(version) - _BASE if _NUMBER.fullmatch(version) else -1
    return f"{value:0{DIGITS}x}" if 0 <= value < 16**DIGITS else version


def before_numbers(asset: Local) -> Local | None:
    """The asset under the version it had before versions were numbers; None where a file gives it one."""
    return replace(asset, version=asset.digest) if asset.version == version_of(asset.digest) else None
