"""Measure what one, two and three clocks and webs cost on one PostgreSQL, in turns, in one run.

All of them share the cores of this machine with the database and with the clients. So posts and
pages a second show only that one more process does not slow the others down where they wait for
something else; what a post and a page cost in processor time, statements and connections does not
depend on the number of cores, and tells where the limit of several machines lies.
"""

from __future__ import annotations

import http.client
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from statistics import median

from sqlalchemy import func, select

from bench import clocks, cost, town
from bench.databases import folder_of
from bench.figures import Figure, PartResult, without_target
from bench.live import session_cookie
from bench.setup import BenchSetup, say, stop_all, wait
from bench.town import SECRET, Town
from publisher.database.session import Base, Database
from publisher.delivery.monitoring import poll
from publisher.drafting.drafts import PictureDraft
from publisher.models.posts import Language
from publisher.now import now
from tests.crash.page_crews import new_picture
from tests.support.city import City, city
from tests.support.passwords import PASSWORD, give_password
from tests.support.processes import RunningCommand, free_port

NUMBERS = (1, 2, 3)
"""The clocks, and then the webs, side by side."""

ROUNDS = 2
ANSWER = 0.2
"""Seconds that the platform takes for a post, so that a clock waits more than it works."""

SHARE = 4
"""A burst has this part of the posts of a round of `dispatch`."""

IDLE, LOAD = 20.0, 8.0
"""Seconds for which clocks have nothing to do, and webs are asked without a pause."""

CLIENTS = 6
"""Clients that ask for pages at the same time, each the next web in turn."""

POSTS = 100
"""The posts that are brought the whole way, to count their rows."""

Measurements = defaultdict[str, list[float]]


def measure_posts(setup: BenchSetup) -> PartResult:
    """Measure posts a second, and what a post and an idle clock cost, for each number of clocks."""
    raw: Measurements = defaultdict(list)
    for _ in range(setup.runs):
        for number in NUMBERS:
            with clocks.running_town(setup, "postgresql", clocks=0, at_once=False) as running:
                clocks.start(running, number)
                _idle(setup, running, _named(number, "clock"), raw)
                running.warm_up()
                setup.stand_in.answer_after(ANSWER)
                _burst(setup, running, _named(number, "clock"), raw)
    return _result(raw)


def _burst(setup: BenchSetup, running: clocks.RunningTown, name: str, raw: Measurements) -> None:
    database, size = running.town.database, max(setup.size // SHARE, 20)
    pids = _pids(running.clocks)
    before = cost.spent(pids), setup.databases.spent(), setup.databases.statement_count(database)
    arrivals = clocks.burst(running, size=size).arrivals
    after = cost.spent(pids), setup.databases.spent(), setup.databases.statement_count(database)
    of_clocks, of_server, statements = (
        end - start for start, end in zip(before, after, strict=True)
    )
    connections = setup.databases.connection_count(database, "clock")
    raw[f"{name}, posts per second"].append(clocks.rate(arrivals))
    raw[f"{name}, CPU ms of the clocks per post"].append(of_clocks / size * 1000)
    raw[f"{name}, CPU ms of PostgreSQL per post"].append(of_server / size * 1000)
    raw[f"{name}, statements per post"].append(statements / size)
    raw[f"{name}, connections"].append(connections)
    say(f"{name}: {clocks.rate(arrivals):.0f} posts a second, {statements / size:.1f} statements")


def _idle(setup: BenchSetup, running: clocks.RunningTown, name: str, raw: Measurements) -> None:
    database, pids = running.town.database, _pids(running.clocks)
    before = setup.databases.statement_count(database), cost.spent(pids)
    time.sleep(IDLE)
    statements = setup.databases.statement_count(database) - before[0]
    raw[f"{name} with nothing to do, statements a second"].append(statements / IDLE)
    share = (cost.spent(pids) - before[1]) / IDLE * 100
    raw[f"{name} with nothing to do, % of one core"].append(share)
    raw[f"{name}, MB"].append(cost.memory(pids))


def measure_pages(setup: BenchSetup) -> PartResult:
    """Measure pages a second, and what a page costs, for each number of webs."""
    raw: Measurements = defaultdict(list)
    with setup.databases.new("postgresql") as database, ExitStack() as stack:
        founded = town.found(database, folder_of(database, setup.run))
        cookie, paths = _pages(founded.city)
        webs = [_web(setup, founded) for _ in NUMBERS]
        stack.callback(stop_all, [web for web, _port in webs])
        for _ in range(setup.runs + 1):  # the first round warms up
            for number in NUMBERS:
                _load(setup, founded, webs[:number], cookie, paths, raw)
    return _result({name: values[1:] for name, values in raw.items()})


def _pages(town_of_pages: City) -> tuple[str, Sequence[str]]:
    """Let a clerk sign in; return the cookie, and the pages that are asked for."""
    town_of_pages.clock.at = now()
    give_password(town_of_pages, "clerk", PASSWORD)
    post_id = town_of_pages.in_review()
    return session_cookie(town_of_pages, "clerk"), ("/", f"/posts/{post_id}")


def _web(setup: BenchSetup, founded: Town) -> tuple[RunningCommand, int]:
    port = free_port()
    environment = {
        "NAGARVANI_DATABASE_URL": founded.database.engine.url.render_as_string(hide_password=False),
        "NAGARVANI_MEDIA_DIR": str(folder_of(founded.database, setup.run)),
        "NAGARVANI_SECRET_KEY": SECRET,
    }
    web = setup.start.nagarvani(
        "web", "--port", str(port), "--workers", "1", environment=environment
    )
    wait(lambda: _status(port, "/robots.txt", "") == 200, "a web")
    return web, port


def _status(port: int, path: str, cookie: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except OSError:
        return 0
    finally:
        connection.close()


def _load(
    setup: BenchSetup,
    founded: Town,
    webs: Sequence[tuple[RunningCommand, int]],
    cookie: str,
    paths: Sequence[str],
    raw: Measurements,
) -> None:
    """Ask these webs for pages in turns for some seconds."""
    name, database = _named(len(webs), "web"), founded.database
    pids = _pids([web for web, _port in webs])
    before = cost.spent(pids), setup.databases.spent(), setup.databases.statement_count(database)
    began = time.monotonic()

    def ask(client: int) -> int:
        count = client
        while time.monotonic() < began + LOAD:
            _web_process, port = webs[count % len(webs)]
            if (status := _status(port, paths[count % len(paths)], cookie)) != 200:
                raise RuntimeError(f"a page answered {status}")
            count += 1
        return count - client

    with ThreadPoolExecutor(CLIENTS) as pool:
        pages = sum(pool.map(ask, range(CLIENTS)))
    passed = time.monotonic() - began
    of_webs, of_server, statements = (
        end - start
        for start, end in zip(
            before,
            (cost.spent(pids), setup.databases.spent(), setup.databases.statement_count(database)),
            strict=True,
        )
    )
    raw[f"{name}, pages per second"].append(pages / passed)
    raw[f"{name}, CPU ms of the webs per page"].append(of_webs / pages * 1000)
    raw[f"{name}, CPU ms of PostgreSQL per page"].append(of_server / pages * 1000)
    raw[f"{name}, statements per page"].append(statements / pages)
    raw[f"{name}, connections"].append(setup.databases.connection_count(database, "web"))
    raw[f"{name}, MB"].append(cost.memory(pids))
    say(f"{name}: {pages / passed:.0f} pages a second, {statements / pages:.1f} statements")


def measure_rows(setup: BenchSetup, posts: int = POSTS) -> PartResult:
    """Count the rows and bytes of posts with a picture and two texts, from hand-in to receipt."""
    databases = setup.databases
    with databases.new("postgresql") as database:
        town_of_posts = city(database, folder_of(database, setup.run))
        before, size = _rows(database), databases.size(database)
        for _ in range(posts):
            _bring(town_of_posts)
        grown = {name: (count - before[name]) / posts for name, count in _rows(database).items()}
        kilobytes = (databases.size(database) - size) / posts / 1000
    raw = {f"rows of {name} per post": [value] for name, value in grown.items() if value >= 0.5}
    figures = [
        without_target("rows per post with a picture and two texts", sum(grown.values())),
        without_target("kB of PostgreSQL per such post, indexes included", kilobytes),
    ]
    return PartResult(figures, raw)


def _bring(town_of_posts: City) -> None:
    """Bring a post the whole way by the use cases, to X in Marathi and English."""
    picture = PictureDraft("पाण्याची टाकी", content=new_picture(), name="tank.jpg")
    languages = (Language.MARATHI, Language.ENGLISH)
    post_id = town_of_posts.start(town_of_posts.hand_in())
    town_of_posts.save(post_id, on=("x",), languages=languages, pictures=(picture,))
    town_of_posts.send(post_id)
    town_of_posts.approve(post_id)
    town_of_posts.schedule(post_id, timedelta(0))
    town_of_posts.tick_dispatch(timedelta(minutes=1))
    with town_of_posts.write() as session:
        poll.open_watches(session, now=town_of_posts.now)


def _rows(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


def _pids(commands: Sequence[RunningCommand]) -> list[int]:
    return [pid for command in commands for pid in command.session()]


def _named(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}"


def _result(raw: dict[str, list[float]]) -> PartResult:
    figures: list[Figure] = [without_target(name, median(values)) for name, values in raw.items()]
    return PartResult(figures, dict(raw))
