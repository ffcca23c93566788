"""A deployment's files, checked and named by their content."""

from .bundle import bundle
from .cache import HashCache
from .freeze import freeze
from .records import Bundle, BundledAsset, BundledEnvironment, BundledFile

__all__ = ["Bundle", "BundledAsset", "BundledEnvironment", "BundledFile", "HashCache", "bundle", "freeze"]
