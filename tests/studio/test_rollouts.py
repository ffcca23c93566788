"""A rollout on the page of its endpoint and in the overview, live from its journal."""

from playwright.sync_api import Page, expect

from azml.rollout.journals.document import Document
from tests.fixtures.control_plane import ACCOUNT, WORKSPACE
from tests.fixtures.whole_azure import WholeAzure
from tests.rollout.journals import Seeded, carried_out
from tests.studio.conftest import enter

CONTAINER = "azml-rollouts"
BLOB = f"{WORKSPACE.rpartition('/')[2]}/diabetes/latest.json"


def test_the_page_follows_a_rollout_by_its_journal(anyone: Page, studio_azure: WholeAzure) -> None:
    whole = carried_out(Seeded(0.2, wrong="<b>"))
    container = f"{ACCOUNT}/blobServices/default/containers/{CONTAINER}"
    assert studio_azure.arm("PUT", container, {"properties": {}}).status in (200, 201)
    tile = anyone.get_by_role("region", name="Rollout 3")
    enter(anyone, studio_azure)
    expect(anyone.get_by_role("region", name="Traffic", exact=True)).to_be_visible()
    expect(tile).to_be_hidden()
    by_stack = anyone.get_by_text("sets them to what the stack file says")
    expect(by_stack).to_be_visible()
    studio_azure.upload(CONTAINER, BLOB, Document(whole.head).plus(*whole.entries[:3]).text.encode())
    expect(tile).to_contain_text("under way")
    expect(tile).to_contain_text("blue to green, step 1 of 4")
    expect(tile).to_contain_text("smoke, last look")
    expect(tile).to_contain_text("2 of 2 requests answered")
    expect(by_stack).to_be_hidden()
    expect(anyone.get_by_text("A rollout that is under way pauses when they are moved here")).to_be_visible()
    studio_azure.upload(CONTAINER, BLOB, whole.text.encode())
    expect(tile).to_contain_text("rolled back")
    expect(tile).to_contain_text("more than 1.5 times as many")
    anyone.get_by_role("link", name="Endpoints").first.click()
    expect(anyone.get_by_text("Rollout 3: rolled back, step 3 of 4")).to_be_visible()
    studio_azure.upload(CONTAINER, BLOB, b"no journal")
    expect(anyone.get_by_text("Rollout 3: rolled back")).to_be_hidden()
