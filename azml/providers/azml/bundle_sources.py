"""The paths of bundles' files on this machine, as given by the program for one run.

A resource's inputs are stored in the state, which must not contain paths on one person's disk: in another
clone every resource would look changed. So the program passes paths in a function call, and only when
something may be uploaded. The engine sends all calls of one update to one process of the plugin.
"""

from collections.abc import Mapping
from pathlib import Path

from azml.engine_values import Properties
from azml.providers.calls import ProviderError


class BundleSources:
    """Source paths by bundle, in memory only."""

    def __init__(self) -> None:
        self._sources: dict[str, Mapping[str, Path]] = {}

    def tell(self, arguments: Properties) -> Properties:
        """Store `files`, from paths in the folder to absolute paths here, for the bundle in `folder`.

        Raises ProviderError for arguments of another shape.
        """
        folder, files = arguments.get("folder"), arguments.get("files")
        if not isinstance(folder, str) or not isinstance(files, dict):
            raise ProviderError(
                f"bundleSources takes folder and files, not {', '.join(arguments) or 'nothing'}"
            )
        self._sources[folder] = {path: Path(str(source)) for path, source in files.items()}
        return {"folder": folder}

    def of(self, folder: str) -> Mapping[str, Path]:
        """The source paths of a bundle. Raises ProviderError when the program gave none in this run."""
        try:
            return self._sources[folder]
        except KeyError:
            raise ProviderError(
                f"the program has not said where the files of {folder} are: "
                "a program calls azml:index:bundleSources before it declares a BundleUpload"
            ) from None
