"""What the documents show works, and what they point at is there."""

import functools
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from azml.bundling import HashCache, bundle
from azml.cli.app import application
from azml.specs import load_deployment, load_endpoint

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "scoring" / "diabetes"
GUIDE = ROOT / "docs" / "bring-your-own-model.md"
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("examples/*.md"),
        *ROOT.glob("scoring/**/*.md"),
    ]
)
CHANGES = ROOT / "CHANGELOG.md"
"""It names what there was: files and commands of earlier versions too."""
CITES = ROOT / "docs" / "azure-truth.md"
"""It names source files of Azure's clients and of azure-native too."""
CURRENT = [document for document in DOCUMENTS if document != CHANGES]
WIDTH = 110
"""Characters in a line of prose at most; tables, code and what cannot be broken may be longer."""
TOPS = ("azml", "benchmarks", "components", "docs", "examples", "local", "scoring", "scripts", "tests")
"""The folders of the repository."""
BASES = (
    "",
    "azml",
    "azml/cli",
    "azml/emulator",
    "azml/emulator/control",
    "azml/emulator/control/machinelearning",
    "azml/emulator/supervisor",
    "azml/toolchain",
)
"""Folders that paths in the documents may be relative to, beside the document's own."""
MADE = (".azml", ".azureml", ".venv", "local/.state", "manifests/", "verify-azure.md")
"""Files and folders that appear only when the project is used."""
SHOWN = ("azml/models/", "azml/code/", "scoring/churn/", "releases/")
"""What begins so is a path in a container or in somebody's folder: an example."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def without_fences(document: Path) -> str:
    """The text without its fenced blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", document.read_text(), flags=re.M | re.S)


def quoted(document: Path) -> list[str]:
    """What stands between backquotes, on one line or two."""
    return [re.sub(r"\s+", " ", span) for span in re.findall(r"`([^`]+)`", without_fences(document))]


@functools.cache
def names() -> frozenset[str]:
    """The name of each file and folder that the documents speak of."""
    return frozenset(path.name for top in TOPS for path in (ROOT / top, *(ROOT / top).rglob("*")))


def exists(path: str, document: Path) -> bool:
    """Whether a path leads to something: a single name anywhere, others from the usual folders."""
    if "/" not in path.rstrip("/") and path.rstrip("/") in names():
        return True
    bases = (document.parent, *(ROOT / base for base in BASES))
    return any(base.joinpath(path).exists() for base in bases)


def anchors(document: Path) -> set[str]:
    """The addresses of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", without_fences(document), re.M)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


def names_of(program: typer.Typer) -> set[str]:
    """The commands of a program or of one of its groups, as they are typed."""
    known = ((each.name, each.callback) for each in program.registered_commands)
    return {name or str(getattr(callback, "__name__", "")) for name, callback in known}


def commands() -> dict[str, set[str]]:
    """Every command of `azml`; those of a group with the group's own."""
    app = application()
    alone: dict[str, set[str]] = {name: set() for name in names_of(app)}
    groups = [(each.name, each.typer_instance) for each in app.registered_groups]
    return alone | {str(name): names_of(group) for name, group in groups if group}


@pytest.mark.parametrize("document", CURRENT, ids=name_of)
def test_no_line_of_prose_is_too_long(document: Path) -> None:
    lines = without_fences(document).splitlines()
    long = [line for line in lines if len(line) > WIDTH and not line.lstrip().startswith(("|", "#", "!["))]
    assert [line for line in long if " " in re.sub(r"`[^`]*`", "", line).strip(" -*")] == []


@pytest.mark.parametrize("document", CURRENT, ids=name_of)
def test_each_path_that_is_named_exists(document: Path) -> None:
    paths = [span for span in quoted(document) if re.fullmatch(r"[\w.\-]+(/[\w.\-]+)*(/|\.py|\.md)", span)]
    inside = rf"({'|'.join(TOPS)})(/[\w.\-]+)+/?"
    below = [span for span in quoted(document) if re.fullmatch(inside, span)]
    named = below if document == CITES else [*paths, *below]
    wanted = [path for path in named if not path.startswith((*MADE, *SHOWN))]
    assert [path for path in wanted if not exists(path, document)] == []


@pytest.mark.parametrize("document", CURRENT, ids=name_of)
def test_each_section_that_is_linked_exists(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]*)#([^)]+)\)", document.read_text())
    missing = [
        f"{file}#{name}"
        for file, name in links
        if name not in anchors(document.parent / file if file else document)
    ]
    assert missing == []


def run(document: Path) -> Iterator[str]:
    """The lines to run that a document shows or names."""
    yield from quoted(document)
    for block in re.findall(r"^ *```sh\n(.*?)^ *```$", document.read_text(), re.M | re.S):
        yield from block.splitlines()


@pytest.mark.parametrize("document", CURRENT, ids=name_of)
def test_each_command_that_is_named_exists(document: Path) -> None:
    lines = list(run(document))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    makes = {found[1] for line in lines if (found := re.match(r"make ([a-z-]+)", line))}
    named = [pair for line in lines for pair in re.findall(r"(?:^|/|\()azml ([a-z]+)(?: ([a-z]+))?", line)]
    known = commands()
    unknown = [
        f"{name} {below}"
        for name, below in named
        if name not in known or (below and known[name] and below not in known[name])
    ]
    assert (makes - targets, unknown) == (set(), [])


@pytest.mark.parametrize("document", CURRENT, ids=name_of)
def test_each_module_that_is_named_exists(document: Path) -> None:
    found = {
        name
        for line in run(document)
        for name in re.findall(r"python -m ((?:azml|benchmarks|scripts|tests)[\w.]*)", line)
    }
    places = {name: ROOT.joinpath(*name.split(".")) for name in found}
    missing = [
        name for name, place in places.items() if not (place.with_suffix(".py").exists() or place.is_dir())
    ]
    assert missing == []


def test_the_command_line_page_has_each_command() -> None:
    page = (ROOT / "docs" / "cli.md").read_text()
    assert [name for name in sorted(commands()) if f"`azml {name}" not in page] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_each_link_leads_to_a_file(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def blocks(document: Path, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", document.read_text(), re.M | re.S)


def deployments(document: Path) -> list[str]:
    """The blocks that are deployment files."""
    return [block for block in blocks(document, "yaml") if "instance_type:" in block]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a model of each kind, the script and the conda file that the guide shows."""
    shutil.copytree(SAMPLE / "models" / "logistic-regression", tmp_path / "model")
    (tmp_path / "model" / "classifier.joblib").write_bytes(b"")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "score.py").write_text(blocks(GUIDE, "python")[0])
    (conda,) = [block for block in blocks(GUIDE, "yaml") if "dependencies:" in block]
    (tmp_path / "conda.yml").write_text(conda)
    return tmp_path


@pytest.mark.parametrize("document", [GUIDE, SAMPLE / "README.md"], ids=name_of)
def test_the_deployment_files_shown_make_bundles(document: Path, folder: Path) -> None:
    shown = deployments(document)
    assert shown
    for text in shown:
        (folder / "deployment.yml").write_text(text)
        spec = load_deployment(folder / "deployment.yml")
        assert bundle(spec, endpoint="churn", cache=HashCache(folder / "hashes")).notes == ()


@pytest.mark.parametrize("document", [GUIDE, SAMPLE / "README.md"], ids=name_of)
def test_the_endpoint_files_shown_are_taken(document: Path, tmp_path: Path) -> None:
    shown = [block for block in blocks(document, "yaml") if "auth_mode:" in block]
    assert shown
    for text in shown:
        (tmp_path / "endpoint.yml").write_text(text)
        assert load_endpoint(tmp_path / "endpoint.yml").name == "churn"
