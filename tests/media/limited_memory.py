"""Inspects and renders pictures in processes with limited memory.

python -m tests.media.limited_memory        prints a line of JSON for each try
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
from publisher.platforms.x.capabilities import X

SIZE = (4000, 3000)
MEGABYTES = (4, 32, 96, 400)
KINDS = ("JPEG", "PNG", "GIF", "WEBP", "HEIF")
ACTS: dict[str, Callable[[bytes], object]] = {
    "inspect": inspect,
    "x": lambda content: render(content, X.fit),
    "thumbnail": lambda content: thumbnail(content, 200),
}


def main() -> None:
    """Try each act on each kind of picture with each memory limit."""
    with TemporaryDirectory() as folder:
        # In another process: memory that was used for writing them would be free for the tries.
        if os.fork() == 0:
            _write_pictures(Path(folder))
            os._exit(0)
        os.wait()
        for kind, (name, act), megabytes in itertools.product(KINDS, ACTS.items(), MEGABYTES):
            outcome = _run_limited(act, (Path(folder) / kind).read_bytes(), megabytes)
            record = {"kind": kind, "act": name, "megabytes": megabytes, "outcome": outcome}
            sys.stdout.write(json.dumps(record) + "\n")


def _write_pictures(folder: Path) -> None:
    noise = Image.effect_noise((800, 600), 40).resize(SIZE)
    for kind in KINDS:
        noise.convert("L" if kind == "GIF" else "RGB").save(folder / kind, kind)


def _run_limited(act: Callable[[bytes], object], content: bytes, megabytes: int) -> str:
    """Run an act in a process of its own; return `ok`, the refusal's code, or the exception."""
    read_end, write_end = os.pipe()
    if (pid := os.fork()) == 0:
        _limit(megabytes)
        outcome = ""
        try:
            act(content)
            outcome = "ok"
        except BadPicture as bad:
            outcome = bad.code.value
        finally:  # any exception is reported to the parent, and ends here
            os.write(write_end, (outcome or repr(sys.exc_info()[1])).encode())
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        outcome = pipe.read()
    _pid, status = os.waitpid(pid, 0)
    return outcome if status == 0 else f"died of {status}"


def _limit(megabytes: int) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + megabytes * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main()
