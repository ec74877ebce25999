"""Fill the demo city, and open its pages as the right persons; this runs inside either checkout.

    python -P city_pages.py fill FOLDER
    python -P city_pages.py open FOLDER TIMES

The checkout is the current folder, and `PYTHONPATH` names it. `fill` plays the demo's script with a
sandbox of its own, and writes down which pages are opened by whom. `open` brings the tables up to
date, and prints the milliseconds of processor time that a page takes as JSON, by the page's name.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from approvals.policy import Role
from approvals.states import PostState
from commands import init
from commands.app_setup import open_app_context
from demo import people
from publisher.database.session import Database, migrate
from publisher.models.comments import Comment
from publisher.models.people import Appointment
from publisher.models.posts import Post
from publisher.now import now
from publisher.settings.environment import Settings, load

if TYPE_CHECKING:
    from flask.testing import FlaskClient

TODAY, REVIEW, COMMENT = "Today of the cell", "the review of a post", "a comment"
BASE_URL = "https://127.0.0.1"
WARM_UP = 3
"""The times that each page is opened before it is measured."""

PLAN = "pages.json"
Plan = dict[str, tuple[str, str]]
"""The path of each page, and the mail address of the person who opens it."""


def fill(folder: Path) -> None:
    """Create the demo city in this folder, play its script, and choose the pages."""
    from commands.demo.city import sandbox_accounts
    from demo.script import city
    from demo.seeding.play import play
    from demo.seeding.progress import Progress
    from demo.seeding.setup import set_up_city
    from sandbox.server import run_sandbox

    with run_sandbox(path=folder / "sandbox") as sandbox:
        settings = settings_of(folder, platforms=sandbox.url)
        progress = Progress.read(folder, now=now())
        migrate(settings.database_url)
        with Database(settings.database_url) as database:
            set_up_city(
                database,
                settings=settings,
                accounts=sandbox_accounts(sandbox.url),
                began_at=progress.began_at,
            )
        play(city(), settings, progress, sandbox_url=sandbox.url, say=print)
    (folder / PLAN).write_text(json.dumps(choose(settings)))


def settings_of(folder: Path, *, platforms: str = "http://127.0.0.1:9") -> Settings:
    """Return the settings of the city in this folder; nothing answers at the default address."""
    values = {
        "DATABASE_URL": f"sqlite:///{folder / 'nagarvani.db'}",
        "MEDIA_DIR": str(folder / "media"),
        "SECRET_KEY": "a secret of the benches, long enough",
        "X_API_URL": platforms,
        "GRAPH_API_URL": platforms,
    }
    return load({f"NAGARVANI_{name}": value for name, value in values.items()}, folder=folder)


def choose(settings: Settings) -> Plan:
    """Return the pages: the first post that waits for an officer, and the newest comment."""
    with Database(settings.database_url) as database, database.reading() as session:
        clerk = next(iter(_mails(session, Role.CELL).values()))
        officers = _mails(session, Role.OFFICER)
        waiting = select(Post).where(
            Post.state == PostState.IN_REVIEW, Post.department_id.in_(officers)
        )
        post = session.scalars(waiting.order_by(Post.id).limit(1)).one()
        comment_id = session.scalars(select(func.max(Comment.id))).one()
        return {
            TODAY: ("/", clerk),
            REVIEW: (f"/posts/{post.id}/review", officers[post.department_id]),
            COMMENT: (f"/comments/{comment_id}", clerk),
        }


def _mails(session: Session, role: Role) -> dict[int, str]:
    """Return by department the mail address of somebody with this role."""
    query = select(Appointment).where(Appointment.role == role).order_by(Appointment.id)
    return {
        appointment.department_id: appointment.person.mail or ""
        for appointment in session.scalars(query)
        if appointment.in_force(now())
    }


def measure(folder: Path, times: int) -> dict[str, float]:
    """Return the milliseconds of processor time of each page, its mean of so many times."""
    from web.app import create_app

    settings = settings_of(folder)
    migrate(settings.database_url)
    if fill_tasks := getattr(init, "fill_tasks", None):  # The other checkout may have no tasks.
        fill_tasks(settings)
    app = create_app(open_app_context(settings))
    plan: Plan = json.loads((folder / PLAN).read_text())
    durations: dict[str, float] = {}
    for name, (path, mail) in plan.items():
        client = app.test_client()
        sign_in(client, mail)
        open_page(client, path, times=WARM_UP)
        before = time.process_time()
        open_page(client, path, times=times)
        durations[name] = (time.process_time() - before) / times * 1000
    return durations


def sign_in(client: FlaskClient, mail: str) -> None:
    """Sign in as a person of the demo, through the form."""
    form = client.get("/sign-in", base_url=BASE_URL).text
    token = re.findall(r'name="csrf_token" value="([^"]+)"', form)[0]
    (password,) = (person.password for person in people.load() if person.mail == mail)
    fields = {"identifier": mail, "password": password, "csrf_token": token}
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = client.post("/sign-in", base_url=BASE_URL, data=fields, headers=headers)
    if answer.status_code != 302:
        raise RuntimeError(f"{mail} cannot sign in: {answer.status_code}")


def open_page(client: FlaskClient, path: str, *, times: int) -> None:
    """Open a page so many times, whole. Raises `RuntimeError` if it is refused."""
    for _ in range(times):
        answer = client.get(path, base_url=BASE_URL)
        if answer.status_code != 200 or not answer.get_data():
            raise RuntimeError(f"{path}: {answer.status_code}")


def main(command: str, folder: Path, times: int = 1) -> None:
    """Run one of the two commands. Raises `RuntimeError` with the packages of another checkout."""
    if Path(people.__file__).parents[1] != Path.cwd():
        raise RuntimeError(f"{people.__file__} is not below {Path.cwd()}")
    if command == "fill":
        fill(folder)
    else:
        sys.stdout.write(json.dumps(measure(folder, times)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:]))
