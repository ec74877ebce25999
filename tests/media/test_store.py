"""Media are stored by their digest, completely or not at all."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from publisher.media.store import MediaStore, MediumChanged, MediumMissing, Store

CONTENT = b"a picture of a water tanker"
DIGEST = sha256(CONTENT).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "media")


def test_what_was_saved_comes_back(store: Store) -> None:
    shared: MediaStore = store
    assert shared.save(CONTENT) == DIGEST
    assert shared.exists(DIGEST)
    assert shared.open(DIGEST) == CONTENT


def test_the_file_stands_under_its_digest_and_alone(store: Store) -> None:
    store.save(CONTENT)
    store.save(CONTENT)
    files = [path for path in store.root.rglob("*") if path.is_file()]
    assert files == [store.root / DIGEST[:2] / DIGEST[2:4] / DIGEST]
    assert files[0].stat().st_mode & 0o777 == 0o600


def test_what_was_never_saved_is_missing(store: Store) -> None:
    assert not store.exists(DIGEST)
    with pytest.raises(MediumMissing) as caught:
        store.open(DIGEST)
    assert caught.value.digest == DIGEST


@pytest.mark.parametrize("change", [b"", CONTENT + b"!", CONTENT[:-1]])
def test_what_changed_on_disk_is_not_handed_out(store: Store, change: bytes) -> None:
    store.path(store.save(CONTENT)).write_bytes(change)
    with pytest.raises(MediumChanged):
        store.open(DIGEST)


def test_saving_again_mends_what_changed(store: Store) -> None:
    store.path(store.save(CONTENT)).write_bytes(b"rotten")
    store.save(CONTENT)
    assert store.open(DIGEST) == CONTENT


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a" * 63, DIGEST.upper(), DIGEST + "/x"])
def test_nothing_but_a_digest_opens_a_file(store: Store, name: str) -> None:
    assert not store.exists(name)
    for act in (store.open, store.path):
        with pytest.raises(MediumMissing):
            act(name)


def test_many_may_save_the_same_picture_at_once(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(store.save, [CONTENT] * 40)) == {DIGEST}
    assert store.open(DIGEST) == CONTENT
    assert len([path for path in store.root.rglob("*") if path.is_file()]) == 1


def test_a_disk_that_takes_no_more_leaves_nothing_half_written(store: Store) -> None:
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from publisher.media.store import Store, StoreAway\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    Store(Path(sys.argv[1])).save(bytes(5000))\n"
        "except StoreAway:\n"
        "    sys.exit(7)\n"
    )
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-B", "-c", script, str(store.root)], cwd=root, check=False
    )
    assert ended.returncode == 7
    assert [path for path in store.root.rglob("*") if path.is_file()] == []


def test_a_long_file_is_kept_and_given_back_piece_by_piece(store: Store) -> None:
    content = bytes(range(256)) * 10_000
    digest = store.save_file(BytesIO(content))
    assert digest == store.save(content) == sha256(content).hexdigest()
    with store.open_file(digest) as file:
        assert file.read() == content


def test_a_long_file_that_is_missing_or_changed_is_not_handed_out(store: Store) -> None:
    with pytest.raises(MediumMissing):
        store.open_file(DIGEST)
    store.path(store.save_file(BytesIO(CONTENT))).write_bytes(b"rotten")
    with pytest.raises(MediumChanged):
        store.open_file(DIGEST)
