"""Copies of media on this machine: bounded, shared by processes, and never needed to read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from publisher.media.cache import MediaCache
from publisher.media.folder_store import FolderStore
from publisher.media.object_store import ObjectStore
from tests.support.object_line import ObjectLine, new_bucket, object_line
from tests.support.object_stores import bucket_variables, stores_of
from tests.support.processes import plain_environment
from tests.support.runs import CHECKOUT

LIMIT = 10_000
CONTENT = b"a picture of a water tanker"
DIGEST = sha256(CONTENT).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def line() -> Iterator[ObjectLine]:
    with object_line() as opened:
        yield opened


@pytest.fixture
def store(line: ObjectLine, tmp_path: Path) -> ObjectStore:
    return stores_of(line, tmp_path)(new_bucket())


def sizes(folder: Path) -> list[int]:
    return [path.stat().st_size for path in folder.rglob("*") if path.is_file()]


def add(cache: MediaCache, number: int, size: int = 1_000, *, used_at: int = 0) -> str:
    """Add a medium that was used last at this second of 1970, or now; return its digest."""
    content = number.to_bytes(4, "big") * (size // 4)
    cache.add(BytesIO(content))
    digest = sha256(content).hexdigest()
    if used_at:
        os.utime(path_of(cache, digest), (used_at, used_at))
    return digest


def path_of(cache: MediaCache, digest: str) -> Path:
    return cache._copies.path(digest)


def is_there(cache: MediaCache, digest: str) -> bool:
    return path_of(cache, digest).exists()


def test_copies_stay_within_their_limit_and_are_as_private_as_media(folder: Path) -> None:
    cache = MediaCache(folder, LIMIT)
    for number in range(40):
        add(cache, number)
        assert sum(sizes(folder)) <= LIMIT
    assert len(sizes(folder)) > 5
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_what_was_not_used_for_the_longest_time_goes_first(folder: Path) -> None:
    cache = MediaCache(folder, LIMIT)
    digests = [add(cache, number, used_at=1_000 + number) for number in range(10)]
    copy = cache.open_file(digests[0])
    assert copy is not None
    copy.close()
    add(cache, 10)
    there = [is_there(cache, digest) for digest in digests]
    assert there == [True, False, False, *[True] * 7]


def test_a_thumbnail_outlives_its_medium_and_is_used_too(folder: Path) -> None:
    cache = MediaCache(folder, LIMIT)
    digests = [add(cache, number, used_at=1_000 + number) for number in range(8)]
    for digest in digests[:2]:
        assert cache.thumbnail(digest, 200, lambda: b"small") == b"small"
        os.utime(path_of(cache, digest).with_suffix(".200"), (1_000, 1_000))
    assert cache.thumbnail(digests[0], 200, lambda: b"made again") == b"small"
    add(cache, 10, 3_000)
    assert not is_there(cache, digests[0])
    assert cache.thumbnail(digests[0], 200, lambda: b"made again") == b"small"
    assert cache.thumbnail(digests[1], 200, lambda: b"made again") == b"made again"


def test_a_medium_larger_than_all_copies_takes_the_place_of_none(folder: Path) -> None:
    cache = MediaCache(folder, LIMIT)
    digests = [add(cache, number) for number in range(5)]
    assert not is_there(cache, add(cache, 5, LIMIT + 4))
    assert all(is_there(cache, digest) for digest in digests)


def test_what_a_killed_process_left_half_written_goes_too(folder: Path) -> None:
    cache = MediaCache(folder, LIMIT)
    digest = add(cache, 0)
    rest = path_of(cache, digest).parent / ".new-left"
    rest.write_bytes(bytes(LIMIT))
    os.utime(rest, (1_000, 1_000))
    add(MediaCache(folder, LIMIT), 1)
    assert not rest.exists()
    assert is_there(cache, digest)


SHARING = """
import sys
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from publisher.media.cache import MediaCache

cache = MediaCache(Path(sys.argv[1]), int(sys.argv[2]))
for number in range(200):
    content = (number % 90).to_bytes(4, "big") * 250
    cache.add(BytesIO(content))
    if (copy := cache.open_file(sha256(content).hexdigest())) is not None:
        assert copy.read() == content
        copy.close()
"""


def run_script(script: str, *arguments: object, **variables: str) -> str:
    """Run Python in a process of its own; return its output, of both streams."""
    ended = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=CHECKOUT,
        env=plain_environment({f"NAGARVANI_{name}": text for name, text in variables.items()}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ended.stdout


def test_processes_share_the_copies_and_their_limit(folder: Path) -> None:
    # A process that the machine holds up for a moment must not have the oldest file by then.
    limit = 3 * LIMIT
    with ThreadPoolExecutor(3) as pool:
        outputs = list(pool.map(lambda _number: run_script(SHARING, folder, limit), range(3)))
    assert outputs == [""] * 3
    most = limit + 3 * 1_000  # and what each has added since it last looked
    assert limit // 2 < sum(sizes(folder)) <= most


def test_copies_that_are_removed_or_damaged_are_fetched_again(
    line: ObjectLine, store: ObjectStore, tmp_path: Path
) -> None:
    store.save(CONTENT)
    copy = FolderStore(tmp_path / "cache").path(DIGEST)
    line.requests.clear()
    assert store.open(DIGEST) == CONTENT
    assert line.requests == []
    for spoil in (copy.unlink, lambda: copy.write_bytes(b"rotten"), lambda: copy.write_bytes(b"")):
        spoil()
        assert store.open(DIGEST) == CONTENT
        with store.open_file(DIGEST) as file:
            assert file.read() == CONTENT
        assert copy.read_bytes() == CONTENT
    assert len(line.requests) == 3
    copy.unlink()
    assert store.thumbnail(DIGEST, 200, lambda content: content[:3]) == CONTENT[:3]
    assert len(line.requests) == 4


def test_without_a_usable_cache_everything_can_still_be_read(
    line: ObjectLine, store: ObjectStore, tmp_path: Path
) -> None:
    """The folder is a file: nobody can write there, and root neither."""
    (tmp_path / "cache").write_text("")
    long = CONTENT * 400_000
    for content in (CONTENT, long):
        digest = store.save(content)
        assert store.open(digest) == content
        with store.open_file(digest) as file:
            assert file.read() == content
        assert store.thumbnail(digest, 200, lambda content: content[:3]) == content[:3]
        assert store.exists(digest)
    store.remove(DIGEST)
    assert not store.exists(DIGEST)


FULL = """
import resource, sys
from publisher.media.configured_store import open_store
from publisher.settings.environment import load

store = open_store(load())
content = bytes(range(256)) * 200
digest = store.save(content)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
assert store.open(digest) == content
sys.stdout.write("read ")
other = store.save(content[1:])
assert store.open(other) == content[1:]
assert store.thumbnail(other, 200, lambda _content: content[:5000]) == content[:5000]
sys.stdout.write("all")
"""


def test_a_disk_that_takes_no_copy_stops_nothing(line: ObjectLine, tmp_path: Path) -> None:
    output = run_script(FULL, **bucket_variables(line, new_bucket(), tmp_path))
    assert output.startswith("read ")
    assert output.endswith("all")
    assert [size for size in sizes(tmp_path / "cache") if size < 51_200] == []
