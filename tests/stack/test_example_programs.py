"""Programs that are not ours and use the components, as the examples have them, on the local Azure."""

from tests.stack.conftest import ROOT, Project, scoring_folder
from tests.stack.test_uploads import program

EXAMPLES = ROOT / "examples"


def test_two_programs_of_others_use_what_they_like(project: Project) -> None:
    """The one obeys its own providers in all it declares and asks; the other takes the traffic alone."""
    team = project("example-team")
    program(team, EXAMPLES / "components_beside_your_own")
    scoring_folder(team.scoring)
    team.settings |= {"example:folder": str(team.scoring)}
    team.write()
    team.up()
    providers = {
        one["urn"].rpartition("::")[2] for one in team.resources() if "pulumi:providers:" in one["type"]
    }
    assert providers == {"team"}, "no default provider: every question went through the program's own"
    team.preview("--expect-no-changes")
    printed = team.outputs()
    place = f"{printed['workspace']['name']}/onlineEndpoints/example-team/deployments/blue"
    group = printed["versions"]["model"].partition("/workspaces/")[0]
    variables = team.azure.arm("GET", f"{group}/workspaces/{place}")["properties"]["environmentVariables"]
    assert "stexampleteam" in variables["ARCHIVE"]

    plain = project("example-plain")
    program(plain, EXAMPLES / "traffic_alone")
    plain.settings |= {
        "example:workspace": printed["workspace"]["name"],
        "example:resourceGroup": printed["workspace"]["resource_group"],
        "example:versions": printed["versions"],
        "example:traffic": {"blue": 100},
    }
    plain.write()
    plain.up()
    assert plain.outputs() == {"traffic": {"blue": 100}}
    plain.preview("--expect-no-changes")
    assert plain.run("destroy", "--yes", "--skip-preview").code == 0, (
        "the traffic goes before the deployment it names"
    )
