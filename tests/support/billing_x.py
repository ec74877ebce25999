"""An X that answers reads from memory and bills them: each thing once a UTC day."""

from __future__ import annotations

import json
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from sandbox.credentials import X_ACCOUNTS

OURS = X_ACCOUNTS[0].id
EPOCH = datetime.fromtimestamp(1288834974.657, UTC)


def id_at(moment: datetime, number: int = 0) -> str:
    """Return the id of a post of that moment; `number` tells posts of one moment apart."""
    return str(((moment - EPOCH) // timedelta(milliseconds=1) << 22) + number)


@dataclass
class BilledPost:
    """A post or reply."""

    id: str
    author_id: str
    root_id: str
    parent_id: str | None
    text: str
    at: datetime

    @property
    def is_ours(self) -> bool:
        """True if our account wrote it."""
        return self.author_id == OURS

    def as_json(self) -> dict[str, object]:
        """Return the post as X has it."""
        parents = [{"type": "replied_to", "id": self.parent_id}] if self.parent_id else []
        return {
            "id": self.id,
            "text": self.text,
            "author_id": self.author_id,
            "conversation_id": self.root_id,
            "created_at": self.at.isoformat(),
            "edit_history_tweet_ids": [self.id],
            "referenced_tweets": parents,
        }


@dataclass
class BillingX:
    """All posts in the order of their ids, and the bill: things by UTC day."""

    now: Callable[[], datetime]
    posts: list[BilledPost] = field(default_factory=list)
    bill: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    requests: int = 0

    def settle(self) -> None:
        """Sort what was added, and index it."""
        self.posts.sort(key=lambda post: int(post.id))
        self.by_id = {post.id: post for post in self.posts}
        self.ours = [post for post in self.posts if post.is_ours]
        self.mentions = [post for post in self.posts if not post.is_ours]
        self.by_root: dict[str, list[BilledPost]] = defaultdict(list)
        for post in self.posts:
            self.by_root[post.root_id].append(post)

    def answer(self, path: str, query: dict[str, str]) -> dict[str, object]:
        """Answer a GET request, and bill it."""
        self.requests += 1
        if path == "/2/users":
            user_ids = query["ids"].split(",")
            self._charge(f"user/{user_id}" for user_id in user_ids)
            return {"data": [_user(user_id) for user_id in user_ids]}
        if path == "/2/tweets":
            return self._by_ids(query)
        if path == "/2/tweets/search/recent":
            return self._page(self._found(query["query"]), query)
        return self._page(self.mentions if path.endswith("/mentions") else self.ours, query)

    def _found(self, text: str) -> list[BilledPost]:
        words = text.replace("(", " ").replace(")", " ").split()
        roots = [word.partition(":")[2] for word in words if word.startswith("conversation_id:")]
        found = [post for root in roots for post in self.by_root[root]]
        week = self.now() - timedelta(days=7)
        is_without_ours = f"-from:{OURS}" in words
        chosen = (p for p in found if p.at > week and not (is_without_ours and p.is_ours))
        return sorted(chosen, key=lambda post: int(post.id))

    def _by_ids(self, query: dict[str, str]) -> dict[str, object]:
        ids = query["ids"].split(",")
        there = [self.by_id[key] for key in ids if key in self.by_id]
        self._charge(f"post/{post.id}" for post in there)
        missing = [
            {"resource_id": key, "type": "https://api.twitter.com/2/problems/resource-not-found"}
            for key in ids
            if key not in self.by_id
        ]
        posts = [post.as_json() for post in there]
        return {"data": posts, "errors": missing, **self._includes(there, query)}

    def _page(self, posts: list[BilledPost], query: dict[str, str]) -> dict[str, object]:
        """Return a page, the newest first; a token is the id below which it goes on."""
        token = query.get("pagination_token") or query.get("next_token")
        below = min(int(id_at(self.now())) + 1, int(token or query.get("until_id") or 2**63))
        above = int(query.get("since_id") or 0)
        if "start_time" in query:
            above = max(above, int(id_at(datetime.fromisoformat(query["start_time"]))) - 1)
        begin = bisect_left(posts, above + 1, key=lambda post: int(post.id))
        end = bisect_left(posts, below, key=lambda post: int(post.id))
        if posts is self.ours:
            begin = max(begin, bisect_left(posts, below, key=lambda p: int(p.id)) - 3_200)
        within = posts[begin:end]
        if "replies" in query.get("exclude", ""):
            within = [post for post in within if post.parent_id is None]
        page = within[::-1][: int(query.get("max_results", "10"))]
        self._charge(f"post/{post.id}" for post in page)
        more = {"next_token": page[-1].id} if len(page) < len(within) else {}
        return {
            "data": [post.as_json() for post in page],
            "meta": {"result_count": len(page), **more},
            **self._includes(page, query),
        }

    def _includes(self, posts: list[BilledPost], query: dict[str, str]) -> dict[str, object]:
        """Return what the request's expansions ask for, and bill it."""
        names = query.get("expansions", "").split(",")
        authors = {post.author_id for post in posts if "author_id" in names}
        parent_ids = {post.parent_id or "" for post in posts if "referenced_posts" in names}
        parents = [self.by_id[key] for key in sorted(parent_ids) if key in self.by_id]
        self._charge(f"user/{user_id}" for user_id in authors)
        self._charge(f"post/{post.id}" for post in parents)
        users = [_user(user_id) for user_id in sorted(authors)]
        return {"includes": {"users": users, "posts": [post.as_json() for post in parents]}}

    def _charge(self, things: Iterator[str]) -> None:
        self.bill[self.now().astimezone(UTC).date().isoformat()].update(things)


def _user(user_id: str) -> dict[str, object]:
    return {"id": user_id, "name": f"नागरिक {user_id}", "username": f"n{user_id}"}


@contextmanager
def serving(x: BillingX) -> Iterator[str]:
    """Serve it on loopback while the block runs; return the URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one write

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: texts[0] for name, texts in parse_qs(parts.query).items()}
            body = json.dumps(x.answer(parts.path, query)).encode()
            self.send_response_only(200)
            self.send_header("Date", format_datetime(x.now().astimezone(UTC), usegmt=True))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_about: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
