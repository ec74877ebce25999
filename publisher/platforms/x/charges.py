"""What X charges for a response: each post and each user in it, whatever was requested.

X charges for what it returns, and for one thing once in a UTC day; an empty response is free. Only
reads are here: a creation is charged by its receipt, which is stored in any case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.platforms.base.charges import Cause, Charge, ChargeKind, present_cause
from publisher.platforms.base.json_values import Json, find_value, rows_at, text_at
from publisher.platforms.http.responses import PlatformResponse

_CAUSE_BY_PATH = (
    (re.compile(r"/2/users/\d+/mentions"), Cause.MENTIONS),
    (re.compile(r"/2/tweets/search/recent"), Cause.REPLIES),
    (re.compile(r"/2/users/me"), Cause.OTHER),
    (re.compile(r"/2/users"), Cause.AUTHORS),
)
_OF_USERS = re.compile(r"/2/users(/me)?")
_OWNED = re.compile(r"/2/users/(?P<user_id>\d+)/(tweets|mentions)")


def read_charges(answer: PlatformResponse, user_id: str) -> tuple[Cause, list[Charge]]:
    """Return the cause and the charges of a successful answer to the account with this id."""
    causes = (cause for pattern, cause in _CAUSE_BY_PATH if pattern.fullmatch(answer.path))
    cause = present_cause(next(causes, Cause.OTHER))
    is_read = answer.method == "GET" and not answer.path.startswith("/2/media")
    charges = _charges(answer, user_id) if is_read else ()
    # The same user may be listed with several posts.
    return cause, list(dict.fromkeys(charges))


def _charges(answer: PlatformResponse, user_id: str) -> Iterator[Charge]:
    body = answer.json()
    data = find_value(body, "data")
    rows = [data] if isinstance(data, dict) else rows_at(body, "data")
    if _OF_USERS.fullmatch(answer.path):
        yield from map(_user_charge, rows)
        return
    owned = _OWNED.fullmatch(answer.path)
    is_owned = owned is not None and owned["user_id"] == user_id
    for post in rows:
        is_ours = text_at(post, "author_id") == user_id and "/search/" not in answer.path
        kind = ChargeKind.OWN_BY_ID if is_ours else ChargeKind.POST_READ
        yield _post_charge(post, ChargeKind.OWNED_READ if is_owned else kind)
    for name in ("tweets", "posts"):
        for post in rows_at(body, "includes", name):
            yield _post_charge(post, ChargeKind.POST_READ)
    yield from map(_user_charge, rows_at(body, "includes", "users"))


def _post_charge(post: Json, kind: ChargeKind) -> Charge:
    return Charge(kind, f"post/{text_at(post, 'id')}")


def _user_charge(user: Json) -> Charge:
    return Charge(ChargeKind.USER_READ, f"user/{text_at(user, 'id')}")
