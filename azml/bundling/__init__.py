"""A deployment's files, checked and named after their content."""

from .bundle import bundle
from .cache import HashCache
from .environments import conda_document
from .freeze import freeze
from .records import Bundle, BundledAsset, BundledEnvironment, BundledFile
from .versions import before_numbers

__all__ = [
    "Bundle",
    "BundledAsset",
    "BundledEnvironment",
    "BundledFile",
    "HashCache",
    "before_numbers",
    "bundle",
    "conda_document",
    "freeze",
]
