"""A bucket that is slow, full, refused or cut off: nothing is lost, mixed up or waited for long.

The store is moto's server behind a line of ours: `tests.support.object_line` says what that can
tell and what it cannot.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from publisher.media.object_store import ObjectStore
from publisher.media.store import MediumChanged, MediumMissing, StoreAway, object_name
from tests.support.certificates import self_signed_certificate
from tests.support.object_line import (
    FOR_EVER,
    Answer,
    Fault,
    ObjectLine,
    answered,
    cut_answer,
    cut_upload,
    drip,
    lose_answer,
    new_bucket,
    object_line,
    refusal,
    silent,
)
from tests.support.object_stores import KEY, SECRET, bucket_variables, stores_of
from tests.support.processes import plain_environment
from tests.support.runs import CHECKOUT

CONTENT = b"a picture of a water tanker, or rather of the queue before it"
DIGEST = sha256(CONTENT).hexdigest()
OTHER = b"another picture"
LONG = bytes(range(256)) * 45_000
"""More than two parts of an upload."""

DEADLINE = 1.0
LONGEST = 5.0
"""Seconds; where half of a lease is meant, in place of its 60. The machine of a test is slow."""

Opener = Callable[..., ObjectStore]


@pytest.fixture
def line() -> Iterator[ObjectLine]:
    with object_line() as opened:
        yield opened


@pytest.fixture
def bucket() -> str:
    return new_bucket()


@pytest.fixture
def opener(line: ObjectLine, tmp_path: Path) -> Opener:
    return stores_of(line, tmp_path)


@pytest.fixture
def store(opener: Opener, bucket: str) -> ObjectStore:
    return opener(bucket)


def fresh(opener: Opener, bucket: str, tmp_path: Path, **others: str) -> ObjectStore:
    """Open the bucket as another machine does: without any copy."""
    caches = len(list(tmp_path.glob("cache-*")))
    folder = tmp_path / f"cache-{caches}"
    folder.mkdir()
    return opener(bucket, MEDIA_CACHE_DIR=str(folder), **others)


@pytest.fixture
def elsewhere(opener: Opener, bucket: str, tmp_path: Path) -> ObjectStore:
    return fresh(opener, bucket, tmp_path)


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the store has logged; moto's server logs each request."""
    return [row.getMessage() for row in caplog.records if row.name.startswith("nagarvani.")]


def damage(store: ObjectStore, digest: str, content: bytes) -> None:
    """Put other bytes under a digest, as only a fault of the store or a stranger can."""
    import obstore

    obstore.put(store._opened, object_name(digest), content)


BRIEFLY: list[tuple[Fault, str, int]] = [
    (answered(refusal(503, "SlowDown")), "", 2),
    (answered(refusal(500, "InternalError")), "", 1),
    (cut_upload, "PUT", 1),
    (lose_answer, "PUT", 1),
    (cut_answer, "GET", 2),
]


@pytest.mark.parametrize(("fault", "method", "times"), BRIEFLY)
@pytest.mark.parametrize("content", [CONTENT, pytest.param(LONG, marks=pytest.mark.proof)])
def test_what_fails_for_a_moment_is_tried_again(
    line: ObjectLine,
    store: ObjectStore,
    elsewhere: ObjectStore,
    content: bytes,
    fault: Fault,
    method: str,
    times: int,
) -> None:
    line.plan(fault, method, times=times)
    digest = store.save(content)
    assert elsewhere.open(digest) == content
    assert list(store.digests()) == [digest]


def test_an_upload_in_parts_that_is_cut_in_one_of_them_is_whole_in_the_end(
    line: ObjectLine, store: ObjectStore, elsewhere: ObjectStore
) -> None:
    line.plan(cut_upload, "PUT", about="partNumber=2")
    assert elsewhere.open(store.save(LONG)) == LONG
    line.plan(cut_upload, "PUT", about="partNumber=2", times=FOR_EVER)
    with pytest.raises(StoreAway):
        store.save(LONG + b"!")
    assert line.requests[-1].startswith("DELETE")  # the parts that had arrived
    assert list(store.digests()) == [sha256(LONG).hexdigest()]


ALWAYS: list[tuple[Fault, str, str]] = [
    (silent, "", f"no answer within {DEADLINE:g} s"),
    (drip, "GET", f"no answer within {DEADLINE:g} s"),
    (
        answered(refusal(503, "SlowDown", "Please reduce your request rate.")),
        "",
        "SlowDown: Please",
    ),
    (cut_upload, "PUT", "error sending request"),
    (cut_answer, "GET", "body error"),
]


@pytest.mark.parametrize(("fault", "method", "reason"), ALWAYS)
def test_what_never_works_is_given_up_long_before_the_lease_ends(
    line: ObjectLine,
    opener: Opener,
    bucket: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    method: str,
    reason: str,
) -> None:
    opener(bucket).save(CONTENT)
    store = fresh(opener, bucket, tmp_path)
    impatient = opener(bucket, deadline=DEADLINE, MEDIA_CACHE_DIR=str(tmp_path / "none"))
    line.plan(fault, method, times=FOR_EVER)
    tries: dict[str, Callable[[], object]] = {
        "PUT": lambda: impatient.save(OTHER),
        "GET": lambda: impatient.open(DIGEST),
    }
    for act in [tries[method]] if method else tries.values():
        caplog.clear()
        began = time.monotonic()
        with pytest.raises(StoreAway, match=reason):
            act()
        assert time.monotonic() - began < LONGEST
        (text,) = logged(caplog)
        assert text.startswith(f"media store s3://{bucket}: ")
        assert reason in text
    line.mend()
    assert store.open(DIGEST) == CONTENT
    assert list(store.digests()) == [DIGEST]
    assert not any((tmp_path / "none").rglob("??/*/*"))  # no copy of what never came


@pytest.mark.parametrize("fault", [silent, drip])
def test_a_list_that_never_ends_is_given_up_too(
    line: ObjectLine, opener: Opener, bucket: str, fault: Fault
) -> None:
    opener(bucket).save(CONTENT)
    line.plan(fault, "GET", about="list-type", times=FOR_EVER)
    began = time.monotonic()
    with pytest.raises(StoreAway):
        list(opener(bucket, deadline=DEADLINE).digests())
    assert time.monotonic() - began < LONGEST


REFUSALS = [
    (403, "AccessDenied"),
    (403, "QuotaExceeded"),
    (507, "InsufficientStorage"),
    (403, "RequestTimeTooSkewed"),
    (403, "SignatureDoesNotMatch"),
    (400, "EntityTooLarge"),
]


@pytest.mark.parametrize(("status", "code"), REFUSALS)
def test_a_store_that_takes_nothing_says_why_and_can_still_be_read(
    line: ObjectLine,
    opener: Opener,
    bucket: str,
    elsewhere: ObjectStore,
    caplog: pytest.LogCaptureFixture,
    status: int,
    code: str,
) -> None:
    store = opener(bucket)
    store.save(CONTENT)
    message = f"Not now,\nnot for {KEY} with {SECRET}."
    line.plan(answered(refusal(status, code, message)), "PUT", times=FOR_EVER)
    with pytest.raises(StoreAway) as caught:
        store.save(OTHER)
    said = f"{code}: Not now, not for *** with ***. ({status})"
    assert caught.value.reason == said
    assert logged(caplog) == [f"media store s3://{bucket}: {said}"]
    assert elsewhere.open(DIGEST) == CONTENT
    assert caught.value.__cause__ is None  # a traceback would show what the store repeats


def test_a_bucket_that_is_gone_is_no_missing_medium(
    line: ObjectLine, opener: Opener, bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = opener(bucket)
    store.set_identity("4f1c")
    assert store.identity() == "4f1c"
    assert not store.exists(DIGEST)
    gone = answered(refusal(404, "NoSuchBucket", "The specified bucket does not exist"))
    line.plan(gone, times=FOR_EVER)
    acts: list[Callable[[], object]] = [
        lambda: store.save(CONTENT),
        lambda: store.open(DIGEST),
        lambda: store.exists(DIGEST),
        lambda: store.remove(DIGEST),
        lambda: list(store.digests()),
        store.identity,
        lambda: store.set_identity("9a07"),
    ]
    for act in acts:
        with pytest.raises(StoreAway):
            act()
    assert {text.partition(": ")[2] for text in logged(caplog)} == {
        "NoSuchBucket: The specified bucket does not exist (404)"
    }


def test_a_bucket_that_has_lost_its_identity_is_no_missing_medium(
    line: ObjectLine, store: ObjectStore
) -> None:
    assert store.identity() == ""
    with pytest.raises(MediumMissing):  # of a store that never had an identity
        store.open(DIGEST)
    store.set_identity("4f1c")
    store.identity()
    empty = answered(refusal(404, "NoSuchKey"))  # as every object is missing in another bucket
    line.plan(empty, times=FOR_EVER)
    for act in (store.open, store.exists, store.open_file):
        with pytest.raises(StoreAway, match="its identity is gone"):
            act(DIGEST)
    line.mend()
    assert not store.exists(DIGEST)


def test_a_page_in_place_of_the_answer_is_a_store_that_is_away(
    line: ObjectLine, store: ObjectStore, elsewhere: ObjectStore
) -> None:
    store.save(CONTENT)
    store.set_identity("4f1c")
    elsewhere.expect_identity("4f1c")
    page = Answer(200, [("Content-Type", "text/html")], b"<p>We are back at 18:00.</p>")
    line.plan(answered(page), "GET", times=FOR_EVER)
    with pytest.raises(StoreAway, match="not the store that it was"):
        elsewhere.open(DIGEST)
    line.mend()
    assert elsewhere.open(DIGEST) == CONTENT


def test_a_long_medium_without_room_for_it_on_this_machine_is_not_missing(
    store: ObjectStore, elsewhere: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = store.save(LONG)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not-mounted"))
    with pytest.raises(StoreAway, match="No such file or directory"):
        elsewhere.open(digest)


def test_other_bytes_under_a_digest_are_not_handed_out_and_are_mended(
    store: ObjectStore, elsewhere: ObjectStore, opener: Opener, bucket: str, tmp_path: Path
) -> None:
    store.save(CONTENT)
    for content in (b"", CONTENT + b"!", CONTENT[:-1]):
        damage(store, DIGEST, content)
        for act in (elsewhere.open, elsewhere.open_file):
            with pytest.raises(MediumChanged) as caught:
                act(DIGEST)
            assert caught.value.digest == DIGEST
        assert elsewhere.exists(DIGEST)
    assert store.open(DIGEST) == CONTENT  # from its copy
    store.save(CONTENT)
    assert fresh(opener, bucket, tmp_path).open(DIGEST) == CONTENT


def test_houses_with_a_prefix_each_do_not_see_one_another(
    line: ObjectLine, opener: Opener, bucket: str, tmp_path: Path
) -> None:
    houses = [
        fresh(opener, bucket, tmp_path, MEDIA_URL=f"s3://{bucket}/{prefix}")
        for prefix in ("city", "city-2", "other/city")
    ]
    for number, house in enumerate(houses):
        house.set_identity(f"identity-{number}")
        house.save(b"the same in all")
    own = [house.save(f"house {number}".encode()) for number, house in enumerate(houses)]
    houses[2].remove(sha256(b"the same in all").hexdigest())
    for number, house in enumerate(houses):
        assert house.identity() == f"identity-{number}"
        assert [house.exists(digest) for digest in own] == [number == other for other in range(3)]
        assert len(list(house.digests())) == (1 if number == 2 else 2)
    assert any(f"/{bucket}/other/city/identity" in text for text in line.requests)


def test_the_name_of_the_bucket_is_in_the_path_or_begins_the_host(
    line: ObjectLine,
    opener: Opener,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opener(bucket).save(CONTENT)
    host = line.endpoint.partition("//")[2]
    assert line.requests == [f"PUT {host} /{bucket}/{object_name(DIGEST)}"]
    line.requests.clear()
    # Instead of a name server: the line takes requests for any host.
    monkeypatch.setenv("http_proxy", line.endpoint)
    store = opener(bucket, MEDIA_ENDPOINT="http://s3.pmc.example:81", MEDIA_PATH_STYLE="0")
    assert store.exists(DIGEST)
    name = f"{bucket}.s3.pmc.example:81"
    assert line.requests == [f"HEAD {name} http://{name}/{object_name(DIGEST)}"]


def test_only_a_store_with_the_right_certificate_is_talked_to(
    tmp_path: Path, bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "other").mkdir()
    own, other = (self_signed_certificate(folder) for folder in (tmp_path, tmp_path / "other"))
    with object_line(own) as line:
        opener = stores_of(line, tmp_path)
        opener(bucket, MEDIA_CA_FILE=str(own)).save(CONTENT)
        for authority in ("", str(other)):
            line.requests.clear()
            with pytest.raises(StoreAway, match=r"UnknownIssuer|BadSignature"):
                opener(bucket, MEDIA_CA_FILE=authority).save(OTHER)
            assert line.requests == []
        store = opener(bucket, MEDIA_CA_FILE=str(other))
        other.unlink()
        with pytest.raises(StoreAway, match="No such file"):
            store.exists(DIGEST)
    assert len(logged(caplog)) == 3


def test_a_store_that_is_not_there_is_away_with_its_reason(
    opener: Opener, bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = opener(bucket, MEDIA_ENDPOINT="http://127.0.0.1:9")
    with pytest.raises(StoreAway, match="Connection refused"):
        nobody.exists(DIGEST)
    assert len(logged(caplog)) == 1


def test_neither_key_nor_secret_nor_signature_is_logged(
    line: ObjectLine, opener: Opener, bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store = opener(bucket, deadline=DEADLINE)
    line.plan(answered(refusal(403, "InvalidAccessKeyId", f"{KEY} is not known.")), times=1)
    line.plan(silent, times=FOR_EVER)
    for _each in range(2):
        with pytest.raises(StoreAway) as caught:
            store.save(CONTENT)
        for text in (*logged(caplog), repr(caught.value), repr(store), repr(store.address)):
            assert not any(word in text for word in (KEY, SECRET, "Signature", "AWS4"))


def test_what_doctor_tries_names_the_step_that_fails(line: ObjectLine, store: ObjectStore) -> None:
    store.save(CONTENT)
    assert store.failing_step() is None
    denied = answered(refusal(403, "AccessDenied", "Denied"))
    for method, about, step in (
        ("PUT", "probe-", "write"),
        ("GET", "probe-", "read"),
        ("GET", "list-type", "list"),
        ("POST", "delete", "remove"),
    ):
        line.plan(denied, method, about=about)
        assert store.failing_step() == (step, "AccessDenied: Denied (403)")
    line.plan(answered(refusal(404, "NoSuchKey")), "GET", about="probe-")
    assert store.failing_step() == ("read", "what came back is not what was written")
    assert list(store.digests()) == [DIGEST]


FORKS = """
import os, signal
from publisher.media.configured_store import open_store
from publisher.settings.environment import load

store = open_store(load())

def child(act):
    if (pid := os.fork()) == 0:
        signal.alarm(30)  # a child that waits for ever ends too
        try:
            print(act(), flush=True)
        except RuntimeError as error:
            print(error, flush=True)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0

for number in range(2):
    child(lambda: store.save(bytes([number])))
store.save(b"the parent")
child(lambda: store.save(b"too late"))
child(lambda: list(open_store(load()).digests()))
print(len(list(store.digests())))
"""


def test_a_store_is_used_after_the_fork_or_says_so(
    line: ObjectLine, bucket: str, tmp_path: Path
) -> None:
    """A child of a process that has used a store would wait for ever for the parent's threads."""
    variables = bucket_variables(line, bucket, tmp_path)
    environment = {f"NAGARVANI_{name}": text for name, text in variables.items()}
    ended = subprocess.run(
        [sys.executable, "-c", FORKS],
        cwd=CHECKOUT,
        env=plain_environment(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    *early, late, another, number = ended.stdout.splitlines()
    assert early == [sha256(bytes([number])).hexdigest() for number in range(2)]
    assert late == another
    assert late.startswith("the object store was used before this process was forked")
    assert (number, ended.returncode, ended.stderr) == ("3", 0, "")
