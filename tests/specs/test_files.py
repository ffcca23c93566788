"""Which files of an endpoint's folder are read, and which are told to be ignored."""

from pathlib import Path

import pytest

from azml.findings import Finding
from azml.specs import common_files, deployment_file, endpoint_file, unread_endpoint_files


@pytest.mark.parametrize(
    "name", ["endpoint.yml", "endpoint.yaml", "diabetes-endpoint.yml", "diabetes-endpoint.yaml"]
)
def test_an_endpoint_file_of_every_usual_name_is_read(tmp_path: Path, name: str) -> None:
    assert endpoint_file(tmp_path, "diabetes") is None
    (tmp_path / name).write_text("name: diabetes\nauth_mode: aad_token\n")
    assert endpoint_file(tmp_path, "diabetes") == tmp_path / name
    assert unread_endpoint_files(tmp_path, [tmp_path / name]) == []
    assert endpoint_file(tmp_path, "diabetes", "other.yml") == tmp_path / "other.yml"


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("name: d\nauth_mode: aad_token\n", True),
        ("name: d\ntraffic: {blue: 100}\n", True),
        ("{name: d, auth_mode: key}\n", True),
        ("$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json\n", True),
        ("$schema: https://azuremlschemas.azureedge.net/latest/kubernetesOnlineEndpoint.schema.json\n", True),
        ("name: d\nauth_mode: key\n---\nname: blue\n", True),
        ("auth_mode: key\ntags: {a\n", True),
        ("name: d\npublic_network_access: disabled\n", True),
        ("name: d\nidentity: {type: user_assigned}\ntags: {a: b}\n", True),
        ("name: w\nlocation: x\npublic_network_access: disabled\nstorage_account: s\n", False),
        ("type: amlcompute\nname: c\nidentity: {type: system_assigned}\n", False),
        (
            "$schema: https://azuremlschemas.azureedge.net/latest/batchEndpoint.schema.json\nauth_mode: k\n",
            False,
        ),
        ("$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json\n", False),
        ("name: blue\nendpoint_name: d\ntags: {traffic: high}\n", False),
        ("steps:\n- {traffic: 5, for: 10m}\n", False),
        ("- auth_mode\n", False),
        ("channels: [conda-forge]\n", False),
    ],
)
def test_what_looks_like_an_endpoint_file_and_is_not_read_is_a_finding(
    tmp_path: Path, text: str, looks: bool
) -> None:
    other = tmp_path / "online.yaml"
    other.write_text(text)
    found = unread_endpoint_files(tmp_path, [tmp_path / "endpoint.yml"])
    assert [finding.file for finding in found] == ([other] if looks else [])
    assert all("`file: online.yaml`" in finding.remedy for finding in found)


@pytest.mark.parametrize(
    ("there", "read", "unread"),
    [
        (["blue.yml", "deployment.yml"], "blue.yml", []),
        (["blue.yaml", "deployment.yaml"], "blue.yaml", []),
        (["blue-deployment.yml", "deployment.yml"], "blue-deployment.yml", []),
        (["deployment.yaml", "green.yml"], "deployment.yaml", []),
        (["blue.yml", "blue.yaml"], "blue.yml", ["blue.yaml"]),
        (["deployment.yml", "deployment.yaml"], "deployment.yml", ["deployment.yaml"]),
        (["green.yml"], None, []),
    ],
)
def test_a_slot_reads_its_own_file_else_the_common_one_with_either_ending(
    tmp_path: Path, there: list[str], read: str | None, unread: list[str]
) -> None:
    for name in there:
        (tmp_path / name).touch()
    findings: list[Finding] = []
    found = deployment_file(tmp_path, "blue", findings)
    assert found == (tmp_path / read if read else None)
    assert [finding.file for finding in findings] == [tmp_path / name for name in unread]
    assert [path.name for path in common_files(tmp_path)] == sorted(
        (name for name in there if name.startswith("deployment")), reverse=True
    )
