"""Checks the pip section of a conda file, which conda passes to pip as a requirements file."""

import re
from collections.abc import Iterator, Mapping, Sequence

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from azml.findings import Finding, did_you_mean
from azml.specs import Node

from .misnamed import known_wrong

# pip's documentation, "Requirements file format": the options of a file, and those of one line.
WITH_VALUE = frozenset(
    [
        "-i",
        "--index-url",
        "--extra-index-url",
        "-f",
        "--find-links",
        "-c",
        "--constraint",
        "-r",
        "--requirement",
        "-e",
        "--editable",
        "--no-binary",
        "--only-binary",
        "--trusted-host",
        "--use-feature",
    ]
)
ALONE = frozenset(["--pre", "--prefer-binary", "--require-hashes", "--no-index"])
FILES = frozenset(["-c", "--constraint", "-r", "--requirement", "-f", "--find-links", "-e", "--editable"])
OPTION = re.compile(r"(--[\w-]+|-\w)(?:\s*=\s*|\s+|(?<=^-\w))?(.*)", re.DOTALL)
ASIDE = re.compile(r"\s+--(?:hash|config-settings?|global-option)\b.*|\s+-C\b.*")
COMMENT = re.compile(r"(^|\s)#.*")
VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
HASH = re.compile(r"--hash[=\s]+(\S+)")
DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}  # the only ones that pip accepts
LOCAL = re.compile(
    r"\.|/|~|file:|[^;]*@\s*file:|[^;@\s]*(?:/|\.(?:whl|zip|tar\.(?:gz|bz2|xz)|tgz)\s*(?:;|$))"
)
ADDRESS = re.compile(r"(?!file:)[^;@\s]*://")
GOES_ON = re.compile(r"\\\r?\n")
PYTHONS = tuple(f"3.{minor}" for minor in range(8, 16))
# Azure runs deployments on Linux on x86-64, whatever this machine is.
AZURE = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "",
    "platform_system": "Linux",
    "platform_version": "",
    "sys_platform": "linux",
    "extra": "",
}


def check_pip(lines: Sequence[Node], python: str | None, findings: list[Finding]) -> None:
    """Add a finding for everything that pip refuses or that Azure's image builder does not get.

    `python` is the version that the conda file asks for, as conda writes it (`3.11.*`).
    """
    seen: dict[str, list[tuple[Node, Marker | None]]] = {}
    for item in lines:
        requirement = _check_line(item, findings)
        if requirement is None or known_wrong(item, requirement.name, findings):
            continue
        others = seen.setdefault(canonicalize_name(requirement.name), [])
        for other, marker in others:
            if _meet(marker, requirement.marker, python):
                remedy = f"it is also on line {other.line}, and both count on Azure"
                findings.append(item.wrong(f"{requirement.name!r} appears twice", remedy))
                break
        others.append((item, requirement.marker))
    _check_hashes(lines, findings)


def is_hashed(line: str) -> bool:
    """Whether a line has a hash; pip then requires one for every package."""
    return HASH.search(line) is not None


def requirement_of(line: str) -> Requirement | None:
    """The requirement of a line, None for an option, a comment, an address or what cannot be read."""
    try:
        return Requirement(_bare(line))
    except InvalidRequirement:
        return None


def _bare(line: str) -> str:
    return ASIDE.sub("", COMMENT.sub("", GOES_ON.sub(" ", line))).strip()


def _check_line(item: Node, findings: list[Finding]) -> Requirement | None:
    """Check one line; returns its requirement, if it has one with a name."""
    if not isinstance(item.value, str):
        findings.append(item.wrong("is not a requirement", "such as numpy==1.26.4"))
        return None
    line = _bare(item.value)
    if VARIABLE.search(line):
        remedy = "Azure builds without your environment: write the address out, without a secret in it"
        findings.append(item.wrong(f"{line!r} takes an environment variable", remedy))
    elif line.startswith("-"):
        _check_option(item, line, findings)
    elif ADDRESS.match(line):
        pass  # only the index or the host can tell whether it exists
    elif LOCAL.match(line):
        findings.append(_local(item, line))
    elif line:
        try:
            return Requirement(line)
        except InvalidRequirement as error:
            one = re.fullmatch(r"[\w.\-\[\]]+=[^=].*", line)
            remedy = "pip pins with ==" if one else "such as numpy==1.26.4"
            message = f"{line!r} is not a requirement: {str(error).splitlines()[0]}"
            findings.append(item.wrong(message, remedy))
    return None


def _check_option(item: Node, line: str, findings: list[Finding]) -> None:
    found = OPTION.fullmatch(line)
    name, value = (found[1], found[2].strip()) if found else (line, "")
    if name not in WITH_VALUE | ALONE:
        remedy = did_you_mean(name, WITH_VALUE | ALONE)
        findings.append(item.wrong(f"{name!r} is not an option of a requirements file", remedy))
    elif (name in WITH_VALUE) != bool(value):
        what = "needs a value" if name in WITH_VALUE else f"takes no value, and {value!r} is one"
        findings.append(item.wrong(f"{name!r} {what}", "as pip's documentation has it"))
    elif name in FILES and ("://" not in value or value.startswith("file:")):
        findings.append(_local(item, line))


def _local(item: Node, line: str) -> Finding:
    remedy = "write the packages out here; Azure builds the environment from this file alone"
    return item.wrong(f"{line!r} names a local file", remedy)


def _check_hashes(lines: Sequence[Node], findings: list[Finding]) -> None:
    """If one package has a hash, pip requires a hash and an exact version of every package."""
    texts = [(item, item.value) for item in lines if isinstance(item.value, str)]
    if not any(is_hashed(text) for _, text in texts):
        return
    for item, text in texts:
        for written in HASH.findall(text):
            kind, _, digits = written.partition(":")
            if not re.fullmatch(r"[0-9a-fA-F]+", digits) or DIGITS.get(kind) != len(digits):
                findings.append(item.wrong(f"{written!r} is not a hash", "sha256: and 64 hexadecimal digits"))
        requirement = requirement_of(text)
        if requirement is None:
            continue
        exact = requirement.url or any(one.operator in ("==", "===") for one in requirement.specifier)
        if not is_hashed(text) or not exact:
            remedy = "pip wants == and --hash of every package once one has a hash, those it needs included"
            findings.append(item.wrong(f"{requirement.name!r} has no hash or no exact version", remedy))


def _meet(one: Marker | None, other: Marker | None, python: str | None) -> bool:
    """Whether two markers can both be true on Azure, for the requested Python or else for any."""
    return any(
        all(marker is None or marker.evaluate(environment) for marker in (one, other))
        for environment in _environments(python)
    )


def _environments(python: str | None) -> Iterator[Mapping[str, str]]:
    found = re.match(r"==?(3\.\d+)|(3\.\d+)(?:\.|$)", python or "")
    minors = (found[1] or found[2],) if found else PYTHONS
    for minor in minors:
        full = f"{minor}.0"
        yield {**AZURE, "python_version": minor, "python_full_version": full, "implementation_version": full}
