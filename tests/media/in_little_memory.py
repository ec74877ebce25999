"""Takes pictures in, and makes them ready, in processes that may have only so much memory more.

python -m tests.media.in_little_memory        a line of JSON for each try
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from publisher.media.image_checks import BadPicture, inspect
from publisher.media.images import render, thumbnail

SIZE = (4000, 3000)
MEGABYTES = (4, 32, 96, 400)
KINDS = ("JPEG", "PNG", "GIF", "WEBP", "HEIF")
WAYS: dict[str, Callable[[bytes], object]] = {
    "inspect": inspect,
    "x": lambda content: render(content, platform="x"),
    "thumbnail": lambda content: thumbnail(content, 200),
}


def main() -> None:
    """Try each kind in each way with each room."""
    with TemporaryDirectory() as folder:
        # Elsewhere: what making them took stays with a process, and would be room for the tries.
        if os.fork() == 0:
            _make(Path(folder))
            os._exit(0)
        os.wait()
        for kind, (way, act), room in itertools.product(KINDS, WAYS.items(), MEGABYTES):
            came = _try(act, (Path(folder) / kind).read_bytes(), room)
            record = {"kind": kind, "way": way, "room": room, "came": came}
            sys.stdout.write(json.dumps(record) + "\n")


def _make(folder: Path) -> None:
    noise = Image.effect_noise((800, 600), 40).resize(SIZE)
    for kind in KINDS:
        noise.convert("L" if kind == "GIF" else "RGB").save(folder / kind, kind)


def _try(act: Callable[[bytes], object], content: bytes, room: int) -> str:
    """What came of it in a process of its own: `ok`, the refusal's code, or what broke."""
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        _limit(room)
        came = ""
        try:
            act(content)
            came = "ok"
        except BadPicture as bad:
            came = bad.code.value
        finally:  # whatever broke, which is what is looked for, is told, and goes no further
            os.write(writing, (came or repr(sys.exc_info()[1])).encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        came = pipe.read()
    _pid, ended = os.waitpid(pid, 0)
    return came if ended == 0 else f"died of {ended}"


def _limit(room: int) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + room * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    main()
