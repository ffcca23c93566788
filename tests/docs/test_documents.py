"""What the documents show works, and what they point at is there."""

import re
import shutil
from pathlib import Path

import pytest

from azml.bundling import HashCache, bundle
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


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


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
