"""Every recorded exchange, in its order, against a stand-in of the same version."""

from __future__ import annotations

from pathlib import Path

import pytest

from standins.tests import gitea_client, recorded
from standins.tests.support import Lab


def test_all_recorded_exchanges(lab: Lab, shared: Path) -> None:
    file = shared / "facts" / "gitea-1.21.11-exchanges.txt"
    if not file.exists():
        pytest.skip(f"{file} is not on this machine")
    gitea = gitea_client.start(lab, "1.21.11")
    different = []
    exchanges = recorded.read(file)
    assert len(exchanges) > 70
    for exchange in exchanges:
        answer = gitea.api(exchange.request, exchange.body, who=exchange.who)
        wanted, got = recorded.pairs(exchange.answer), recorded.pairs(answer.text.strip())
        if exchange.cut:
            got = got[: len(wanted)]
        headers = {name: answer.headers.get(name) for name in exchange.headers}
        if (answer.status_code, got, headers) != (exchange.status, wanted, exchange.headers):
            different.append(f"{exchange}\n  answered {answer.status_code} {answer.text.strip()} {headers}")
        assert bool(exchange.answer) == bool(answer.text), exchange
    assert not different, "\n".join(different)
