"""Editing a stack file: what the commands change, and everything they must leave alone."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azml.atomic_write import write_atomically
from azml.findings import InvalidInput
from azml.stack.failure import NotInStackFile
from azml.stack.stack_file import StackFile

TEXT = """\
# What this environment is for.
encryptionsalt: v1:abc=:v1:def
config:
  azure-native:location: westeurope # near the users
  azml:endpoints:
    # The first endpoint.
    diabetes:
      deployments:
        blue: {file: releases/3f2a9c10.yml} # live
        green: {file: deployment.yml, instance_count: 2}
      traffic: {blue: 90, green: 10} # a canary
      mirror_traffic: {}
    churn:
      name: churn-dev
      path: models/churn
      deployments:
        blue:
      traffic:
        blue: 100
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(TEXT)
    return path


def test_an_unedited_file_is_written_back_as_it_was(path: Path) -> None:
    StackFile(path, path.parent).write()
    assert path.read_text() == TEXT


def test_shares_change_in_place_and_comments_stay(path: Path) -> None:
    file = StackFile(path, path.parent)
    file.set_traffic("diabetes", {"blue": 100})
    file.write()
    assert path.read_text() == TEXT.replace("{blue: 90, green: 10} # a canary", "{blue: 100} # a canary")


def test_shares_written_in_block_style_stay_in_block_style(path: Path) -> None:
    file = StackFile(path, path.parent)
    file.set_traffic("churn", {"green": 100})
    assert file.text == TEXT.replace("        blue: 100\n", "        green: 100\n")


def test_shares_come_in_where_the_file_had_none(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("config:\n  azml:endpoints:\n    churn:\n      deployments: {blue: {}}\n")
    file = StackFile(path, tmp_path)
    file.set_traffic("churn", {"blue": 100})
    assert "traffic: {blue: 100}" in file.text


@pytest.mark.parametrize(("ends", "mirror"), [(True, "{}"), (False, "{green: 20}")])
def test_setting_shares_ends_mirroring_where_asked(tmp_path: Path, ends: bool, mirror: str) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(
        "config:\n  azml:endpoints:\n    churn:\n"
        "      traffic: {blue: 100}\n      mirror_traffic: {green: 20}\n"
    )
    file = StackFile(path, tmp_path)
    file.set_traffic("churn", {"red": 100}, ends_mirroring=ends)
    assert f"mirror_traffic: {mirror}" in file.text
    assert "traffic: {red: 100}" in file.text


def test_a_slot_is_pointed_at_a_file_and_keeps_its_other_keys(path: Path) -> None:
    file = StackFile(path, path.parent)
    file.point("diabetes", "green", "releases/new.yml")
    assert "green: {file: releases/new.yml, instance_count: 2}" in file.text
    assert "# live" in file.text


def test_a_slot_without_settings_and_a_new_slot_can_be_pointed(path: Path) -> None:
    file = StackFile(path, path.parent)
    file.point("churn", "blue", "releases/old.yml")
    file.point("churn", "green", "deployment.yml")
    slots = StackFile(_written(file, path), path.parent).endpoint("churn").slots
    assert slots == {"blue": "releases/old.yml", "green": "deployment.yml"}


def test_an_endpoint_is_found_by_its_key_and_by_its_name_in_azure(path: Path) -> None:
    file = StackFile(path, path.parent)
    assert file.endpoint("churn") == file.endpoint("churn-dev")
    assert file.endpoint("churn").folder == path.parent / "models/churn"
    assert file.endpoint("diabetes").folder == path.parent / "scoring/diabetes"


def test_an_unknown_endpoint_is_an_error_that_names_the_likely_one(path: Path) -> None:
    with pytest.raises(NotInStackFile, match="did you mean 'diabetes'"):
        StackFile(path, path.parent).endpoint("diabetis")


def test_broken_yaml_is_an_error_that_names_the_line(path: Path) -> None:
    path.write_text("config:\n  a: {b\n")
    with pytest.raises(InvalidInput, match=r"Pulumi\.dev\.yaml:\d: is not valid YAML: "):
        StackFile(path, path.parent)


def test_a_slot_reads_its_own_file_when_it_names_none(path: Path) -> None:
    endpoint = StackFile(path, path.parent).endpoint("churn")
    assert endpoint.file_of("blue") == "deployment.yml"
    endpoint.folder.mkdir(parents=True)
    (endpoint.folder / "deployment.yaml").touch()
    assert endpoint.file_of("blue") == "deployment.yaml"
    (endpoint.folder / "blue.yaml").touch()
    assert endpoint.file_of("blue") == "blue.yaml"


def test_a_write_keeps_the_mode_and_leaves_nothing_beside_the_file(path: Path) -> None:
    path.chmod(0o640)
    write_atomically(path, b"config: {}\n")
    assert path.stat().st_mode & 0o777 == 0o640
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_a_write_that_fails_leaves_the_old_text(path: Path) -> None:
    with pytest.raises(TypeError):
        write_atomically(path, "text")  # type: ignore[arg-type]
    assert path.read_text() == TEXT
    assert [found.name for found in path.parent.iterdir()] == [path.name]


@pytest.mark.thorough
@settings(deadline=None)  # a busy machine may pause any example
@given(shares=st.dictionaries(st.sampled_from(["blue", "green", "red"]), st.integers(0, 100), max_size=3))
def test_whatever_shares_are_set_are_read_back(
    shares: dict[str, int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("stack") / "Pulumi.dev.yaml"
    path.write_text(TEXT)
    file = StackFile(path, path.parent)
    file.set_traffic("diabetes", shares)
    file.write()
    assert StackFile(path, path.parent).endpoint("diabetes").traffic == shares
    assert path.read_text().count("#") == TEXT.count("#")


def _written(file: StackFile, path: Path) -> Path:
    file.write()
    return path


def test_a_key_written_twice_is_named_without_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("config:\n  green: {file: a.yml}\n  green: {file: b.yml}\n")
    with pytest.raises(InvalidInput, match=r':3: is not valid YAML: found duplicate key "green"$'):
        StackFile(path, tmp_path)


@pytest.mark.parametrize(
    "settings", ["3", "{deployments: [blue]}", "{traffic: [blue]}", "{traffic: {blue: ninety}}"]
)
def test_settings_of_another_shape_are_refused_by_name(tmp_path: Path, settings: str) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(f"config:\n  azml:endpoints:\n    diabetes: {settings}\n")
    with pytest.raises(InvalidInput, match=r"azml:endpoints\.diabetes"):
        StackFile(path, tmp_path).endpoints()


def test_a_mirroring_that_the_endpoints_own_file_declares_is_ended_too(path: Path) -> None:
    file = StackFile(path, path.parent)
    file.set_traffic("churn", {"blue": 100}, ends_mirroring=True)
    assert file.text == TEXT + "      mirror_traffic: {}\n"


def test_a_file_that_is_no_utf_8_is_wrong_input(path: Path) -> None:
    path.write_bytes(b"config: {azml:tags: {team: caf\xe9}}\n")
    with pytest.raises(InvalidInput, match=r"Pulumi\.dev\.yaml: is not UTF-8 text: .* at byte 30"):
        StackFile(path, path.parent)
