"""Results of authentication count where our own servers alone can have written them."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.mail.mailbox.preparation import PreparedMail
from publisher.mail.mailbox.receive import receive
from publisher.mail.mailbox.senders import Authenticity, check_authenticity
from publisher.mail.messages.read import read_message
from publisher.media.folder_store import FolderStore
from publisher.operations.mail_checks import check_results
from publisher.settings.environment import Settings, load
from tests.support.city import City
from tests.support.mailed import SERVER, intake_of
from tests.support.mailed import message as mail_of

GOOGLE = "mx.google.com"
RECEIVED = "Received: from attacker.example by mail.pmc.example; Wed, 2 Dec 2026 10:00:00 +0530\r\n"
FORGED = f"Authentication-Results: {SERVER}; dkim=pass header.d=pmc.example\r\n"
REST = "From: water@pmc.example\r\nTo: cell@pmc.example\r\nSubject: x\r\n\r\nNo water.\r\n"


def own(results: str, server: str = SERVER) -> str:
    return f"Authentication-Results: {server}; {results}\r\n"


def settings(hops: int) -> Settings:
    return load({"NAGARVANI_MAIL_SERVER": SERVER, "NAGARVANI_MAIL_SERVER_HOPS": str(hops)})


def verdict(head: str, *, server: str = SERVER, hops: int = 0) -> Authenticity:
    message = read_message((head + REST).encode())
    return check_authenticity(message, mail_server=server, hops=hops)


@pytest.mark.parametrize(
    "on_top",
    [
        own("spf=fail smtp.mailfrom=water@pmc.example"),  # as policyd-spf writes it
        own("dmarc=none header.from=pmc.example; spf=none"),
        "Received-SPF: fail\r\n",
        "",
    ],
)
def test_a_result_below_received_was_written_by_the_sender(on_top: str) -> None:
    assert verdict(on_top + RECEIVED + FORGED) is Authenticity.FAILED
    assert verdict(on_top + RECEIVED.upper() + FORGED) is Authenticity.FAILED


def test_a_result_above_received_counts() -> None:
    assert verdict(own("dkim=pass header.d=pmc.example") + RECEIVED) is Authenticity.PASSED
    assert verdict(own("dkim=pass header.d=pmc.example")) is Authenticity.PASSED


def test_servers_that_write_received_above_their_results_are_counted() -> None:
    hop = "Received: by 2002:a05:6a00 with SMTP id x; Wed, 2 Dec 2026 10:00:00 +0530\r\n"
    google = hop + RECEIVED + own("dmarc=pass header.from=pmc.example", GOOGLE)
    assert verdict(google, server=GOOGLE, hops=2) is Authenticity.PASSED
    assert verdict(google, server=GOOGLE, hops=1) is Authenticity.FAILED
    forged = hop + RECEIVED + RECEIVED + own("dmarc=pass header.from=pmc.example", GOOGLE)
    assert verdict(forged, server=GOOGLE, hops=2) is Authenticity.FAILED


def test_the_doctor_names_what_the_last_ten_mails_carried(town: City, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "raw")

    def carried(heads: list[str], hops: int = 0) -> tuple[str, str]:
        for number, head in enumerate(heads):
            raw = (head + REST).encode() + str((number, head)).encode()
            mail = PreparedMail(store.save(raw), len(raw), mail_of(f"{number}@x.example"))
            with town.write() as session:
                receive(session, mail, intake=intake_of(store), now=town.now)
        (finding,) = check_results(town.database, store, settings(hops))
        return finding.code, str(finding.values["carried"])

    assert check_results(town.database, store, settings(0)) == []
    below = RECEIVED + own("spf=pass; dkim=none")
    assert carried([below] * 12 + [""]) == (
        "results_missing",
        f"9 × spf by '{SERVER}' below 1 Received, dkim by '{SERVER}' below 1 Received; 1 × none",
    )
    assert carried([], hops=1)[0] == "results_carried"
    assert carried([own("spf=fail")])[0] == "results_carried"
