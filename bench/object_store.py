"""Compares clients of an object store: the time and memory of their import, puts and gets.

Run `python -m bench.object_store` in an environment that has both (boto3 comes with moto, in the
lock of the tests). Each client runs in a process of its own against moto's server in another one,
whose time is not counted; so the wall times say little, and the processor times are compared.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.setup import say
from tests.support.object_line import moto_port, new_bucket
from tests.support.object_stores import KEY, SECRET

OBJECTS, SIZE = 200, 300_000
CLIENTS = ("obstore", "boto3")


@dataclass
class Client:
    """What is measured of a client."""

    put: Callable[[str, bytes], object]
    get: Callable[[str], bytes]
    head: Callable[[str], object]


def _obstore(endpoint: str, bucket: str) -> Client:
    import obstore
    from obstore.store import S3Store

    store = S3Store(
        bucket,
        endpoint=endpoint,
        region="us-east-1",
        access_key_id=KEY,
        secret_access_key=SECRET,
        client_options={"allow_http": True},
    )
    return Client(
        put=lambda name, content: obstore.put(store, name, content),
        get=lambda name: bytes(obstore.get(store, name).bytes()),
        head=lambda name: obstore.head(store, name),
    )


def _boto3(endpoint: str, bucket: str) -> Client:
    import boto3

    client: Any = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
    )
    return Client(
        put=lambda name, content: client.put_object(Bucket=bucket, Key=name, Body=content),
        get=lambda name: bytes(client.get_object(Bucket=bucket, Key=name)["Body"].read()),
        head=lambda name: client.head_object(Bucket=bucket, Key=name),
    )


def main(arguments: list[str]) -> None:
    """Measure one client against an endpoint and bucket, or start a process for each client."""
    if arguments:
        _measure(*arguments)
        return
    endpoint = f"http://127.0.0.1:{moto_port()}"
    for name in CLIENTS:
        call = [sys.executable, "-m", "bench.object_store", name, endpoint, new_bucket()]
        subprocess.run(call, check=True)


def _measure(name: str, endpoint: str, bucket: str) -> None:
    memory = _memory()
    began = time.perf_counter()
    client = (_obstore if name == "obstore" else _boto3)(endpoint, bucket)
    say(f"{name}: import and client {time.perf_counter() - began:.2f} s, {_memory() - memory} MB")
    content = os.urandom(SIZE)
    client.put("first", content)
    acts: dict[str, Callable[[str], object]] = {
        "puts": lambda key: client.put(key, content),
        "gets": client.get,
        "heads": client.head,
    }
    for act, ask in acts.items():
        began = time.process_time()
        for number in range(OBJECTS):
            ask(f"object-{number}")
        spent = time.process_time() - began
        say(f"{name}: {OBJECTS} {act} of {SIZE // 1000} kB, {spent:.2f} s of processor")
    say(f"{name}: {_memory()} MB at most")


def _memory() -> int:
    """Return the most megabytes so far; `getrusage` would count those of before the `exec` too."""
    rows = Path("/proc/self/status").read_text().splitlines()
    return next(int(row.split()[1]) // 1024 for row in rows if row.startswith("VmHWM"))


if __name__ == "__main__":
    main(sys.argv[1:])
