"""What the test tab sends, against an endpoint that answers more than anybody could keep."""

import ssl
import tracemalloc
from pathlib import Path

from aiohttp import web

from azml.emulator.base.certificates import ensure_certificates
from azml.emulator.control.studio.trial import SHOWN_BYTES, Scoring

PIECE = b"x" * (1 << 20)
PIECES = 48


async def much(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    for _ in range(PIECES):
        await answer.write(PIECE)
    return answer


async def test_of_a_large_answer_only_what_is_shown_is_kept(tmp_path: Path) -> None:
    certificates = ensure_certificates(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.certificate)
    application = web.Application()
    application.router.add_post("/score", much)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    scoring = Scoring(certificates.ca)
    tracemalloc.start()
    try:
        trial = await scoring.ask(f"https://127.0.0.1:{runner.addresses[0][1]}/score", {}, b"{}")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        await scoring.close()
        await runner.cleanup()
    assert (trial.size, trial.shown, len(trial.text)) == (PIECES << 20, SHOWN_BYTES, SHOWN_BYTES)
    assert peak < PIECES << 19
