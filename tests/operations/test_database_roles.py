"""The owner's and the runtime role of the docs, as they are written there."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import requests

from tests.cli.command_line import CLI, Workspace, make_workspace
from tests.support.postgres import Server
from tests.support.processes import Starter, free_port
from tests.support.runs import wait_until
from tools.source import read

pytestmark = [pytest.mark.ci, pytest.mark.postgres]

PASSWORD = "p@ss/word"


@dataclass(frozen=True)
class Roles:
    """A database of two roles, made by the statements of the docs."""

    server: Server
    name: str
    owner: str
    runtime: str

    def execute(self, statements: str, *, role: str = "") -> None:
        """Execute statements, as a role or as the server's administrator."""
        url = self.server.plain_url(self.name)
        with psycopg.connect(url, user=role or None, autocommit=True) as connection:
            connection.execute(statements.encode())

    def statements(self, word: str) -> str:
        """Return the block of the docs that begins with this word, for these roles."""
        docs = read("docs/running.md").partition("3. *Database.*")[2].partition("4. *Settings.*")[0]
        blocks = re.findall(r"(?:^ {7}\S.*\n(?: {7,}.*\n)*)", docs, re.MULTILINE)
        (block,) = (block for block in blocks if block.lstrip().startswith(word))
        names = {"nagarvani_owner": self.owner, "nagarvani": self.runtime}
        return re.sub(r"\bnagarvani(_owner)?\b", lambda match: names[match[0]], block)

    def url(self, role: str) -> str:
        """Return the address as the docs have it written: signs of the password by their codes."""
        return self.server.url(self.name).replace(
            "nagarvani@", f"{role}:{quote(PASSWORD, safe='')}@"
        )


@pytest.fixture
def roles(postgres: Server) -> Iterator[Roles]:
    """Make two roles and a database, which are removed at the end."""
    part = uuid.uuid4().hex[:8]
    made = Roles(postgres, postgres.create_empty(), f"owner_{part}", f"runtime_{part}")
    made.execute(f"CREATE ROLE {made.owner} LOGIN; CREATE ROLE {made.runtime} LOGIN")
    yield made
    postgres.drop(made.name)
    with psycopg.connect(postgres.plain_url("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP ROLE {made.owner}, {made.runtime}".encode())


def workspaces(roles: Roles, folder: Path) -> tuple[Workspace, Workspace]:
    """Return a workspace whose commands run as the owner, and one of the runtime role."""
    owner = make_workspace(folder, roles.url(roles.owner))
    runtime = {**owner.settings, "DATABASE_URL": roles.url(roles.runtime)}
    return owner, replace(owner, settings=runtime)


def assert_history_is_sealed(roles: Roles) -> None:
    for statement in ("ALTER TABLE events DISABLE TRIGGER USER", "DROP TABLE seals"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="must be owner of table"):
            roles.execute(statement, role=roles.runtime)


def test_the_runtime_role_runs_everything_and_may_unseal_nothing(
    roles: Roles, tmp_path: Path, start: Starter
) -> None:
    roles.execute(f"ALTER DATABASE {roles.name} OWNER TO {roles.owner}")
    roles.execute(roles.statements("ALTER DEFAULT"))
    owner, runtime = workspaces(roles, tmp_path)
    refused = runtime.run_in_process("init")
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "give the owner's address in NAGARVANI_DATABASE_URL" in refused.err
    assert owner.run_in_process("init").code == 0
    assert runtime.run_in_process("init").code == 0  # nothing is to be changed
    assert f"the role {roles.owner} owns the tables" in owner.run_in_process("doctor").out
    doctor = runtime.run_in_process("doctor").out
    assert f"ok     database: the role {roles.runtime} may not alter the tables" in doctor
    for command in (("clock", "--once"), ("backup", str(tmp_path / "city.backup")), ("queue",)):
        output = runtime.run_in_process(*command)
        assert output.code == 0, output.err
    assert "backup: the newest is of" in runtime.run_in_process("doctor").out
    port = free_port()
    web = start(
        [*CLI, "web", "--port", str(port), "--workers", "1"],
        environment=runtime.environment(),
        cwd=tmp_path,
    )
    assert wait_until(lambda: is_ready(port), within=40), web.written_output()
    assert_history_is_sealed(roles)


def is_ready(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).ok
    except requests.ConnectionError:
        return False


def test_an_installation_of_one_role_gets_a_second_one(roles: Roles, tmp_path: Path) -> None:
    roles.execute(f"ALTER DATABASE {roles.name} OWNER TO {roles.runtime}")
    owner, runtime = workspaces(roles, tmp_path)
    assert runtime.run_in_process("init").code == 0
    roles.execute(roles.statements("REASSIGN"))
    roles.execute(roles.statements("ALTER DEFAULT"))
    assert owner.run_in_process("init").code == 0
    assert runtime.run_in_process("clock", "--once").code == 0
    assert_history_is_sealed(roles)
