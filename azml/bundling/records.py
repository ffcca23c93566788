"""The results of bundling: assets named after their content, ready to register and upload."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from azml.specs import AssetReference, InferenceConfig, ModelType


class BundledFile(NamedTuple):
    """One file of an asset; a tuple, because an asset may have thousands.

    `path` is relative to the asset's folder, POSIX, in Unicode normal form C. `source` is the file to upload
    unchanged: `sha256` (hex) and `size` (bytes) are of exactly those bytes.
    """

    path: str
    location: str
    sha256: str
    size: int
    executable: bool

    @property
    def source(self) -> Path:
        """The file whose bytes are deployed: on the user's disk, or a copy with other line endings."""
        return Path(self.location)


@dataclass(frozen=True)
class BundledAsset:
    """A model or a code folder, with the name and version to register.

    `digest` (hex) covers its whole content. The version is made from it, unless the file gives another.
    `root` is the last element of the asset's path (`model`, `model.joblib`, `src`): a model's blob prefix
    must end with it, because AZUREML_MODEL_DIR contains it. `blob_path` says where each file goes: a model
    that is one file to `<digest>/<root>`, a folder's files to `<digest>/<root>/<path>`.
    """

    kind: Literal["model", "code"]
    name: str
    version: str
    digest: str
    type: ModelType | None
    root: str
    files: tuple[BundledFile, ...]
    is_file: bool = False
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)

    def blob_path(self, file: BundledFile) -> str:
        """The path of `file` in the folder of this content: code at its top, a model below its root."""
        return file.path if self.kind == "code" or self.is_file else f"{self.root}/{file.path}"


@dataclass(frozen=True)
class BundledEnvironment:
    """An environment version. `conda` is the text to register (None for an image that needs none).

    `digest` (hex) covers its whole content. The version is made from it, unless the file gives another.
    """

    name: str
    version: str
    digest: str
    image: str
    conda: str | None = None
    inference_config: InferenceConfig | None = None
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bundle:
    """Everything that one deployment serves.

    `serves` is a hex digest of model, code and environment (as name:version), scoring script, instance type
    and environment variables: the same for local assets and for frozen references to them. `files` maps paths
    such as `code/score.py`, `model/model.joblib`, `environment/conda.yml` to the first 12 hex digits of their
    sha256. `notes` says what was added, or should be checked.
    """

    model: BundledAsset | AssetReference | None
    code: BundledAsset | AssetReference | None
    environment: BundledEnvironment | AssetReference | None
    serves: str
    files: Mapping[str, str]
    notes: tuple[str, ...] = ()
