"""A bucket of a real object store: it checks signatures, and keeps what it has taken."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from publisher.media.configured_store import open_store
from publisher.media.store import MediaStore, MediumMissing, StoreAway
from publisher.settings.environment import load
from tests.support import swift
from tests.support.swift import Swift

pytestmark = [
    pytest.mark.proof,
    pytest.mark.xdist_group("swift"),  # one worker starts one
    pytest.mark.skipif(not swift.IS_INSTALLED, reason=swift.MISSING),
]
Opener = Callable[..., MediaStore]
HOUR = 3_600


@pytest.fixture(scope="module")
def node() -> Iterator[Swift]:
    with swift.serving() as running:
        yield running


@pytest.fixture
def machine(node: Swift, tmp_path: Path) -> Opener:
    """Return what opens the store on another machine each time, which has no copies yet."""
    machines = iter(range(100))

    def open_there(**settings: str) -> MediaStore:
        folder = tmp_path / f"machine-{next(machines)}"
        usual = {
            "MEDIA_URL": f"s3://{swift.BUCKET}/pune",
            "MEDIA_ENDPOINT": node.url,
            "MEDIA_REGION": swift.REGION,
            "MEDIA_KEY": swift.KEY,
            "MEDIA_SECRET": swift.SECRET,
            "MEDIA_CACHE_DIR": str(folder),
        }
        chosen = {f"NAGARVANI_{name}": text for name, text in {**usual, **settings}.items()}
        return open_store(load(chosen, folder=folder))

    return open_there


def test_what_one_machine_saves_another_opens_lists_and_removes(machine: Opener) -> None:
    here, there = machine(), machine()
    digests = {here.save(text) for text in (b"", b"road closed", b"water at six")}
    assert digests <= set(there.digests())
    assert all(there.exists(digest) for digest in digests)
    digest = sha256(b"road closed").hexdigest()
    assert there.open(digest) == b"road closed"
    there.remove(digest)
    there.remove(digest)
    last = machine()
    assert not last.exists(digest)
    assert set(last.digests()) & digests == digests - {digest}
    with pytest.raises(MediumMissing):
        last.open(digest)


def test_an_identity_is_replaced(machine: Opener) -> None:
    for identity in ("f" * 32, "0" * 32):
        machine().set_identity(identity)
        assert machine().identity() == identity


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"MEDIA_SECRET": "swift-secret-6f1d"}, "SignatureDoesNotMatch"),
        ({"MEDIA_KEY": "nagarvani:nobody"}, "SignatureDoesNotMatch"),
        ({"MEDIA_REGION": "us-east-1"}, "AuthorizationHeaderMalformed"),
    ],
    ids=["wrong secret", "unknown key", "wrong region"],
)
def test_who_does_not_sign_rightly_stores_and_reads_nothing(
    settings: dict[str, str],
    reason: str,
    machine: Opener,
    node: Swift,
    caplog: pytest.LogCaptureFixture,
) -> None:
    digest = machine().save(b"for those who may")
    files, refused = node.files(), machine(**settings)
    for call in (
        lambda: refused.save(b"from a stranger"),
        lambda: refused.open(digest),
        lambda: refused.exists(digest),
        lambda: refused.remove(digest),
        lambda: list(refused.digests()),
        refused.identity,
        lambda: refused.set_identity("0" * 32),
    ):
        with pytest.raises(StoreAway, match=f"^media store s3://{swift.BUCKET}/pune: "):
            call()
    assert node.files() == files
    assert machine().open(digest) == b"for those who may"
    assert f"pune: {reason}: " in caplog.text
    assert "swift-secret" not in caplog.text


def test_nothing_is_stored_where_the_bucket_is_another_accounts(
    machine: Opener, node: Swift, caplog: pytest.LogCaptureFixture
) -> None:
    key, secret = swift.STRANGER
    files, neighbour = node.files(), machine(MEDIA_KEY=key, MEDIA_SECRET=secret)
    for call in (
        lambda: neighbour.save(b"from a neighbour"),
        lambda: neighbour.set_identity("0" * 32),
        lambda: neighbour.remove("0" * 64),
        lambda: list(neighbour.digests()),
    ):
        with pytest.raises(StoreAway):
            call()
    assert node.files() == files
    assert "NoSuchBucket" in caplog.text


def test_a_clock_an_hour_off_is_refused_until_it_is_put_right(
    machine: Opener, node: Swift, caplog: pytest.LogCaptureFixture
) -> None:
    store = machine()
    with node.ahead(HOUR), pytest.raises(StoreAway):
        store.save(b"an hour ago")
    assert "RequestTimeTooSkewed" in caplog.text
    assert machine().open(store.save(b"now")) == b"now"


def test_thirty_megabytes_outlast_a_power_cut_and_so_do_the_clients(
    machine: Opener, node: Swift
) -> None:
    video = random.Random(1).randbytes(30_000_000)
    writer, reader = machine(), machine()
    digest = writer.save_file(BytesIO(video))
    assert reader.exists(digest)  # so it has a connection, which the cut breaks
    with node.stopped():
        for call in (lambda: reader.open(digest), lambda: writer.save(b"later")):
            with pytest.raises(StoreAway):
                call()
        assert writer.open(digest) == video  # its own copy
    assert reader.open(digest) == video
    assert reader.open(writer.save(b"later")) == b"later"
