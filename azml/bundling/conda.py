"""The conda file: readable, sane, and with the inference server in it."""

import re

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from azml.findings import Finding, did_you_mean
from azml.specs import Node

SERVER = "azureml-inference-server-http"
BRINGS_SERVER = frozenset((SERVER, "azureml-defaults"))
# Without a bound pip may choose a server years old to please its neighbours.
SERVER_REQUIREMENT = f"{SERVER}>=1.5.1"
KEYS = ("name", "channels", "dependencies", "prefix", "variables", "platforms")
CHANNELS = ("conda-forge", "defaults", "anaconda", "main", "free", "r", "bioconda", "pytorch", "nvidia")
CHANNELS_TOO = ("intel", "microsoft", "rapidsai", "huggingface", "fastai", "apple", "nodefaults")
MISNAMED = {
    "sklearn": "scikit-learn",
    "scikitlearn": "scikit-learn",
    "scikit-lean": "scikit-learn",
    "scikit-lear": "scikit-learn",
    "sckit-learn": "scikit-learn",
    "skit-learn": "scikit-learn",
    "pil": "pillow",
    "cv2": "opencv-python-headless",
    "yaml": "pyyaml",
    "pandsa": "pandas",
    "padnas": "pandas",
    "nunpy": "numpy",
    "numpi": "numpy",
    "ml-flow": "mlflow",
    "tensorfow": "tensorflow",
    "azureml-default": "azureml-defaults",
    "azureml-inference-server": SERVER,
    "azureml-inference-http-server": SERVER,
    "azureml-inferece-server-http": SERVER,
}
CONDA_SPEC = re.compile(
    r"(?:[\w.\-/:]+::)?(?P<name>[A-Za-z0-9_][\w.\-]*)"
    r"(?:\[[^\]]*\]|\s*[=<>!~]{1,2}\s*[\w*]\S*(?:\s\S+)?|\s+[\d*]\S*(?:\s+[\w*]+)?)?"
)
# As pip reads a line of a requirements file, which conda makes of the section.
PIP_ASIDE = re.compile(r"\s+(?:#|--(?:hash|config-settings?|global-option)\b).*")
LOCAL_FILE = re.compile(
    r"-[rc]|--(?:requirement|constraint)\b|(?:-e|--editable)(?![\s=]*\w+\+)|\.|/|~|file:|[^;]*@\s*file:"
)


def check_conda(root: Node, findings: list[Finding]) -> None:
    """Add a finding for everything in a conda file that cannot be right."""
    if not root.is_table:
        findings.append(root.wrong("is not a mapping", "channels: and dependencies:"))
        return
    for name, node in root.value.items():
        if name not in KEYS:
            findings.append(node.wrong("is not a known key", did_you_mean(str(name), KEYS)))
    _check_channels(root.value.get("channels"), findings)
    dependencies = root.value.get("dependencies")
    if dependencies is None:
        findings.append(root.wrong("has no dependencies", "dependencies: [python=3.11, pip, ...]"))
    elif not isinstance(dependencies.value, list):
        findings.append(dependencies.wrong("is not a list", "one package a line, each after a dash"))
    else:
        _check_dependencies(dependencies, findings)


def with_server(text: str) -> tuple[str, bool]:
    """A checked conda file with the inference server in its pip section, and whether it had to be added."""
    document = yaml.safe_load(text)
    names = {_name(item) for item in document["dependencies"] if isinstance(item, str)}
    pips = [item["pip"] for item in document["dependencies"] if isinstance(item, dict)]
    names |= {_name(item) for pip in pips for item in pip}
    if names & BRINGS_SERVER:
        return text, False
    if pips:
        pips[0].append(SERVER_REQUIREMENT)
    else:
        document["dependencies"] += [*([] if "pip" in names else ["pip"]), {"pip": [SERVER_REQUIREMENT]}]
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True), True


def _name(requirement: str) -> str:
    """The name a conda spec or a pip requirement begins with."""
    match = re.match(r"(?:[\w.\-/:]+::)?([A-Za-z0-9][\w.\-]*)", requirement.strip())
    return canonicalize_name(match[1]) if match else ""


def _check_channels(node: Node | None, findings: list[Finding]) -> None:
    """Channels are names or addresses; a misspelt one is told from an unusual one by its likeness."""
    if node is None:
        return
    if not isinstance(node.value, list):
        findings.append(node.wrong("is not a list", "channels: [conda-forge]"))
        return
    for item in node.value:
        if not isinstance(item.value, str) or not item.value:
            findings.append(item.wrong("is not the name of a channel", "such as conda-forge"))
        elif "://" in item.value:
            if not item.value.startswith("https://"):
                findings.append(item.wrong(f"{item.value!r} is not https", "use an https address"))
        elif re.search(r"[^\w./\-]", item.value):
            findings.append(item.wrong(f"{item.value!r} is no channel's name", "such as conda-forge"))
        elif item.value not in (*CHANNELS, *CHANNELS_TOO) and _is_like(item.value):
            findings.append(item.wrong(f"{item.value!r} looks misspelt", did_you_mean(item.value, CHANNELS)))


def _is_like(channel: str) -> bool:
    """Whether a channel is all but one we know: too near to be another one."""
    known = ("conda-forge", "defaults", "anaconda", "bioconda", "pytorch", "nvidia")
    plain = re.sub(r"[^a-z]", "", channel.lower())
    return any(
        plain == name.replace("-", "") or did_you_mean(channel, [name]).startswith("did") for name in known
    )


def _check_dependencies(node: Node, findings: list[Finding]) -> None:
    """Every package, the conda ones and the pip ones; none twice in one section."""
    seen: dict[str, int | None] = {}
    pips: dict[str, int | None] = {}
    if not node.value:
        findings.append(node.wrong("is empty", "name at least python"))
    for item in node.value:
        if isinstance(item.value, str):
            _check_conda_spec(item, seen, findings)
        elif item.is_table and set(item.value) == {"pip"} and isinstance(item.value["pip"].value, list):
            for requirement in item.value["pip"].value:
                _check_pip(requirement, pips, findings)
        else:
            findings.append(
                item.wrong("is no dependency", "a package such as numpy=1.26, or pip: with a list")
            )


def _check_conda_spec(item: Node, seen: dict[str, int | None], findings: list[Finding]) -> None:
    """One conda package: `numpy`, `numpy=1.26`, `numpy>=1.2,<2`, `conda-forge::numpy`."""
    match = CONDA_SPEC.fullmatch(item.value.strip())
    if match is None:
        findings.append(item.wrong(f"{item.value!r} is no conda package", "such as numpy=1.26"))
        return
    _check_name(item, match["name"], seen, findings)


def _check_pip(item: Node, seen: dict[str, int | None], findings: list[Finding]) -> None:
    """One line of the pip section; the files it may name do not reach Azure's image builder."""
    if not isinstance(item.value, str):
        findings.append(item.wrong("is no requirement", "such as numpy==1.26.4"))
        return
    line = PIP_ASIDE.sub("", item.value).strip()
    if LOCAL_FILE.match(line):
        remedy = "write the packages out here; Azure builds the environment from this file alone"
        findings.append(item.wrong(f"{line!r} names a local file", remedy))
    elif not line.startswith(("-", "#")) and "://" not in line.split("@")[0]:
        try:
            _check_name(item, Requirement(line).name, seen, findings)
        except InvalidRequirement as error:
            remedy = (
                "pip pins with ==" if re.fullmatch(r"[\w.\-\[\]]+=[^=].*", line) else "such as numpy==1.26.4"
            )
            findings.append(item.wrong(f"{line!r} is no requirement: {str(error).splitlines()[0]}", remedy))


def _check_name(item: Node, name: str, seen: dict[str, int | None], findings: list[Finding]) -> None:
    """A package's name: not one that is known to be wrong, not one that was there before."""
    plain = canonicalize_name(name)
    if plain in MISNAMED:
        findings.append(item.wrong(f"{name!r} is not the package", f"did you mean {MISNAMED[plain]!r}?"))
    elif plain in seen:
        findings.append(item.wrong(f"{name!r} appears twice", f"it is also on line {seen[plain]}"))
    seen[plain] = item.line
