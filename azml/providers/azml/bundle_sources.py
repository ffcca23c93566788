"""Where the files of bundles lie on this machine, as the program tells it for one run.

A resource's inputs are kept in the state, where the path of a file on one person's disk has no place: in
another clone every resource would look changed. So the program tells paths by a function call, and only when
something may be uploaded. The engine gives all calls of one update to one process of the plugin.
"""

from collections.abc import Mapping
from pathlib import Path

from azml.engine_values import Properties
from azml.providers.calls import ProviderError


class BundleSources:
    """Sources by bundle; nothing is written down."""

    def __init__(self) -> None:
        self._told: dict[str, Mapping[str, Path]] = {}

    def tell(self, arguments: Properties) -> Properties:
        """Take `files`, from paths in the folder to absolute paths here, for the bundle in `folder`.

        Raises ProviderError for arguments of another shape.
        """
        folder, files = arguments.get("folder"), arguments.get("files")
        if not isinstance(folder, str) or not isinstance(files, dict):
            raise ProviderError(
                f"bundleSources takes folder and files, not {', '.join(arguments) or 'nothing'}"
            )
        self._told[folder] = {path: Path(str(source)) for path, source in files.items()}
        return {"folder": folder}

    def of(self, folder: str) -> Mapping[str, Path]:
        """The sources of a bundle. Raises ProviderError when the program told none in this run."""
        try:
            return self._told[folder]
        except KeyError:
            raise ProviderError(
                f"the program has not said where the files of {folder} are: "
                "a program calls azml:index:bundleSources before it declares a BundleUpload"
            ) from None
