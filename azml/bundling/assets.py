"""Models and code folders: checked, hashed and named after their content."""

from pathlib import Path

from azml.findings import Finding
from azml.specs import DeploymentSpec, LocalCode, LocalModel

from .cache import HashCache
from .mlflow import check_mlflow, is_mlflow
from .records import BundledAsset, BundledFile
from .script import check_script
from .selection import choose, choose_file
from .versions import digest_of, version_of

MAX_CODE_BYTES = 300 * 1024 * 1024
MAX_CODE_FILES = 2000


def default_name(endpoint: str, deployment: str) -> str:
    """The name of an asset if its file gives none."""
    return f"{endpoint}-{deployment}".lower()


def bundle_model(
    model: LocalModel, name: str, spec: DeploymentSpec, cache: HashCache, findings: list[Finding]
) -> BundledAsset | None:
    """The model as an asset; None with findings."""
    path, before = model.path, len(findings)
    if not path.exists():
        remedy = "a path is relative to this file"
        findings.append(Finding(f"there is no model at {path}", remedy, *spec.place("model.path")))
        return None
    files = _files(path, cache, findings)
    if model.type == "mlflow_model" and len(findings) == before:
        check_mlflow(path, {file.path for file in files}, findings)
    elif is_mlflow(path) and spec.code is None and spec.environment is None:
        place = spec.place("model.type")
        findings.append(Finding("the folder is an MLflow model", "add type: mlflow_model", *place))
    if len(findings) > before:
        return None
    root = path.name
    digest = digest_of("model", model.type, root, _contents(files))
    return BundledAsset(
        kind="model",
        name=model.name or name,
        version=model.version or version_of(digest),
        digest=digest,
        type=model.type,
        root=root,
        files=files,
        is_file=path.is_file(),
        description=model.description,
        tags=model.tags,
        properties=model.properties,
    )


def bundle_code(
    code: LocalCode, name: str, spec: DeploymentSpec, cache: HashCache, findings: list[Finding]
) -> BundledAsset | None:
    """The code folder as an asset; None with findings."""
    path, place, before = code.path, spec.place("code_configuration.code"), len(findings)
    if not path.is_dir():
        what = "is a file, not a folder" if path.exists() else "is not there"
        findings.append(Finding(f"{path} {what}", "name the folder of the scoring script", *place))
        return None
    files = _files(path, cache, findings)
    size = sum(file.size for file in files)
    if size > MAX_CODE_BYTES or len(files) > MAX_CODE_FILES:
        message = f"holds {len(files)} files, {size // 1024 // 1024} MB: too much for code"
        limit = f"at most {MAX_CODE_FILES} files and {MAX_CODE_BYTES // 1024 // 1024} MB"
        findings.append(Finding(message, f"{limit}; leave files out with .amlignore", *place))
    if len(findings) == before:
        _check_script(spec, path, files, findings)
    if len(findings) > before:
        return None
    digest = digest_of("code", _contents(files))
    return BundledAsset("code", name, version_of(digest), digest, None, path.name, files)


def _check_script(
    spec: DeploymentSpec, folder: Path, files: tuple[BundledFile, ...], findings: list[Finding]
) -> None:
    """The scoring script must be one of the files that are deployed."""
    place = spec.place("code_configuration.scoring_script")
    script = Path(spec.scoring_script or "")
    found = next((file for file in files if file.path == script.as_posix()), None)
    if found is not None:
        check_script(folder / script, findings)
        return
    if (folder / script).is_file() and not script.is_absolute() and ".." not in script.parts:
        findings.append(
            Finding(
                f"{script} is left out by an ignore file", "include it with a line that begins with !", *place
            )
        )
    else:
        scripts = ", ".join(file.path for file in files if file.path.endswith(".py")) or "no Python file"
        findings.append(Finding(f"there is no {script} in {folder}", f"there is {scripts}", *place))


def _files(path: Path, cache: HashCache, findings: list[Finding]) -> tuple[BundledFile, ...]:
    """The chosen files with their hashes; empty with findings."""
    before = len(findings)
    chosen = choose(path, findings) if path.is_dir() else choose_file(path, findings)
    if not chosen and len(findings) == before:
        findings.append(Finding("has no files to deploy", "check its ignore file", path))
    if len(findings) > before:
        return ()
    return tuple(cache.hash(chosen, findings))


def _contents(files: tuple[BundledFile, ...]) -> str:
    """Paths, contents and executable bits as one text; digests of equal length keep it unambiguous."""
    return "".join([f"{file.path}\0{file.sha256}{'x' if file.executable else '-'}\n" for file in files])
