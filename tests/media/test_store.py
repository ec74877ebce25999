"""Media are stored by their digest, completely or not at all: in a folder and in a bucket alike."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from publisher.media.folder_store import FolderStore
from publisher.media.store import MediaStore, MediumChanged, MediumMissing, StoreAway
from tests.support.object_line import new_bucket, object_line
from tests.support.object_stores import stores_of

CONTENT = b"a picture of a water tanker"
DIGEST = sha256(CONTENT).hexdigest()
OTHER = b"a video of a water tanker"
NO_DIGESTS = ["../../etc/passwd", "", "a" * 63, DIGEST.upper(), DIGEST + "/x"]


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "media")


@pytest.fixture(params=["folder", "bucket"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MediaStore]:
    """Open an empty store of each kind; what a bucket is here, `object_line` says."""
    if request.param == "folder":
        yield FolderStore(tmp_path / "media")
        return
    with object_line() as line:
        yield stores_of(line, tmp_path)(new_bucket())


def test_what_was_saved_comes_back(either: MediaStore) -> None:
    assert either.save(CONTENT) == DIGEST
    assert either.save(CONTENT) == DIGEST
    assert either.exists(DIGEST)
    assert either.open(DIGEST) == CONTENT
    assert list(either.digests()) == [DIGEST]


def test_what_was_never_saved_is_missing(either: MediaStore) -> None:
    assert not either.exists(DIGEST)
    assert list(either.digests()) == []
    for act in (either.open, either.open_file):
        with pytest.raises(MediumMissing) as caught:
            act(DIGEST)
        assert caught.value.digest == DIGEST
    with pytest.raises(MediumMissing):
        either.thumbnail(DIGEST, 200, lambda content: content)


def test_a_long_file_is_kept_and_given_back_piece_by_piece(either: MediaStore) -> None:
    content = bytes(range(256)) * 45_000  # three parts of an upload to a bucket
    source = BytesIO(content)
    source.seek(7)
    digest = either.save_file(source)
    assert digest == either.save(content) == sha256(content).hexdigest()
    with either.open_file(digest) as file:
        assert file.read(10) == content[:10]
        file.seek(1_000)
        assert file.read() == content[1_000:]


def test_what_is_removed_is_gone_and_all_else_stays(either: MediaStore) -> None:
    either.save(CONTENT)
    other = either.save(OTHER)
    assert either.thumbnail(DIGEST, 200, lambda content: content[:9]) == CONTENT[:9]
    for _again in range(2):
        either.remove(DIGEST)
    assert not either.exists(DIGEST)
    assert list(either.digests()) == [other]
    with pytest.raises(MediumMissing):
        either.open(DIGEST)
    with pytest.raises(MediumMissing):  # its thumbnail went with it
        either.thumbnail(DIGEST, 200, lambda content: content)
    assert either.open(other) == OTHER


def test_a_thumbnail_is_made_once(either: MediaStore) -> None:
    digests = [either.save(CONTENT), either.save(OTHER)]
    for _again in range(2):
        made = [either.thumbnail(digest, 200, lambda content: content[:9]) for digest in digests]
        assert made == [CONTENT[:9], OTHER[:9]]
        either.thumbnail(DIGEST, 200, lambda _content: pytest.fail("it was made before"))
    assert either.thumbnail(DIGEST, 480, lambda content: content[:4]) == CONTENT[:4]
    assert sorted(either.digests()) == sorted(digests)


def test_a_store_has_the_identity_that_was_laid_last(either: MediaStore) -> None:
    assert either.identity() == ""
    for identity in ("4f1c", "9a07"):
        either.set_identity(identity)
        assert either.identity() == identity
    assert list(either.digests()) == []


@pytest.mark.parametrize("name", NO_DIGESTS)
def test_nothing_but_a_digest_opens_a_medium(either: MediaStore, name: str) -> None:
    assert not either.exists(name)
    for act in (either.open, either.open_file, either.remove):
        with pytest.raises(MediumMissing):
            act(name)
    with pytest.raises(MediumMissing):
        either.thumbnail(name, 200, lambda content: content)


def test_many_may_save_the_same_picture_at_once(either: MediaStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(either.save, [CONTENT] * 40)) == {DIGEST}
    assert either.open(DIGEST) == CONTENT
    assert list(either.digests()) == [DIGEST]


def test_the_file_stands_under_its_digest_and_alone(store: FolderStore) -> None:
    store.save(CONTENT)
    store.save(CONTENT)
    files = [path for path in store.root.rglob("*") if path.is_file()]
    assert files == [store.root / DIGEST[:2] / DIGEST[2:4] / DIGEST]
    assert files[0].stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("change", [b"", CONTENT + b"!", CONTENT[:-1]])
def test_what_changed_on_disk_is_not_handed_out(store: FolderStore, change: bytes) -> None:
    store.path(store.save(CONTENT)).write_bytes(change)
    with pytest.raises(MediumChanged):
        store.open(DIGEST)


def test_saving_again_mends_what_changed(store: FolderStore) -> None:
    store.path(store.save(CONTENT)).write_bytes(b"rotten")
    store.save(CONTENT)
    assert store.open(DIGEST) == CONTENT


def test_a_folder_that_cannot_be_used_is_away_whatever_is_asked(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / ("a" * 300))  # a name that no file system takes
    acts: list[Callable[[], object]] = [
        lambda: store.save(CONTENT),
        lambda: store.open(DIGEST),
        lambda: store.exists(DIGEST),
        lambda: store.remove(DIGEST),
        lambda: list(store.digests()),
        store.identity,
        lambda: store.set_identity("4f1c"),
    ]
    for act in acts:
        with pytest.raises(StoreAway, match="File name too long"):
            act()


def test_a_disk_that_fails_while_a_file_is_read_is_away(store: FolderStore) -> None:
    path = store.path(store.save(CONTENT))
    path.unlink()
    path.symlink_to("/proc/self/mem")  # it opens, and reading its beginning is an I/O error
    for act in (store.open, store.open_file):
        with pytest.raises(StoreAway, match="Input/output error"):
            act(DIGEST)


def test_a_folder_that_is_not_mounted_any_more_is_no_empty_store(store: FolderStore) -> None:
    store.set_identity("4f1c")
    store.identity()
    store.save(CONTENT)
    store.root.rename(store.root.with_name("elsewhere"))
    store.root.mkdir()
    for act in (store.open, store.exists, store.open_file, lambda _digest: list(store.digests())):
        with pytest.raises(StoreAway, match="its identity is gone"):
            act(DIGEST)


def test_a_folder_that_may_not_be_listed_is_away_and_not_empty(store: FolderStore) -> None:
    store.save(b"a picture")
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from publisher.media.folder_store import FolderStore\n"
        "from publisher.media.store import StoreAway\n"
        "if os.geteuid() == 0:\n"
        "    os.setuid(65534)\n"
        "try:\n"
        "    list(FolderStore(Path(sys.argv[1])).digests())\n"
        "except StoreAway as away:\n"
        "    sys.exit(7 if away.reason == 'Permission denied' else 8)\n"
    )
    store.root.chmod(0)
    ended = subprocess.run(
        [sys.executable, "-B", "-c", script, str(store.root)],
        cwd=Path(__file__).parents[2],
        check=False,
    )
    store.root.chmod(0o700)
    assert ended.returncode == 7


def test_what_is_not_ours_beside_the_media_is_not_looked_into(store: FolderStore) -> None:
    digest = store.save(b"a picture")
    (store.root / "lost+found").mkdir()
    (store.root / "lost+found" / ("a" * 64)).touch()
    assert list(store.digests()) == [digest]


def test_a_disk_that_takes_no_more_leaves_nothing_half_written(store: FolderStore) -> None:
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from publisher.media.folder_store import FolderStore\n"
        "from publisher.media.store import StoreAway\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    FolderStore(Path(sys.argv[1])).save(bytes(5000))\n"
        "except StoreAway:\n"
        "    sys.exit(7)\n"
    )
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-B", "-c", script, str(store.root)], cwd=root, check=False
    )
    assert ended.returncode == 7
    assert [path for path in store.root.rglob("*") if path.is_file()] == []


def test_a_long_file_that_changed_is_not_handed_out(store: FolderStore) -> None:
    store.path(store.save_file(BytesIO(CONTENT))).write_bytes(b"rotten")
    with pytest.raises(MediumChanged):
        store.open_file(DIGEST)


def test_what_a_store_said_is_the_same_in_another_process() -> None:
    # A copy is made as by a pipe between processes.
    away = copy.copy(StoreAway("No space left", "media folder /srv"))
    assert (str(away), away.reason) == ("media folder /srv: No space left", "No space left")
