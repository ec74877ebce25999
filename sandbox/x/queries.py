"""The query language of recent search, as far as it is used."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable

from sandbox.entries import Entry
from sandbox.x.problems import invalid
from sandbox.x.responses import any_entry
from sandbox.x.texts import mentioned_handles

Test = Callable[[Entry], bool]
MAX_LENGTH = 512
TOKEN = re.compile(r'\(|\)|-?"[^"]*"|[^\s()]+')


def compile_query(db: sqlite3.Connection, query: str) -> Test:
    """Compile a query into a test for posts. Raises Refused (400) for an invalid query."""
    if not 1 <= len(query) <= MAX_LENGTH:
        raise invalid("The query must have 1 to 512 characters.", "query", query[:80])
    return _QueryParser(db, query).read()


class _QueryParser:
    def __init__(self, db: sqlite3.Connection, query: str) -> None:
        self.db, self.query, self.tokens = db, query, TOKEN.findall(query)

    def read(self) -> Test:
        test = self.any_of()
        if self.tokens:
            raise self.wrong()
        return test

    def wrong(self) -> Exception:
        return invalid("There were errors processing your query.", "query", self.query)

    def any_of(self) -> Test:
        tests = [self.all_of()]
        while self.tokens[:1] == ["OR"]:
            self.tokens.pop(0)
            tests.append(self.all_of())
        return lambda entry: any(test(entry) for test in tests)

    def all_of(self) -> Test:
        tests: list[Test] = []
        while self.tokens and self.tokens[0] not in ("OR", ")"):
            tests.append(self.factor())
        if not tests:
            raise self.wrong()
        return lambda entry: all(test(entry) for test in tests)

    def factor(self) -> Test:
        piece = self.tokens.pop(0)
        if piece == "(":
            test = self.any_of()
            if not self.tokens or self.tokens.pop(0) != ")":
                raise self.wrong()
            return test
        if piece.startswith("-") and len(piece) > 1:
            positive = self.term(piece[1:])
            return lambda entry: not positive(entry)
        return self.term(piece)

    def term(self, token: str) -> Test:
        name, colon, value = token.partition(":")
        if not colon or token.startswith('"'):
            word = token.strip('"').lower()
            return lambda entry: word in entry.shown.lower()
        return self.operator(name, value.lower().lstrip("@"))

    def operator(self, name: str, value: str) -> Test:
        tests: dict[str, Test] = {
            "conversation_id": lambda entry: entry.root_id == value,
            "in_reply_to_tweet_id": lambda entry: entry.parent_id == value,
            "to": lambda entry: value in self.answered(entry),
            "from": lambda entry: value in (entry.handle.lower(), entry.account),
            "is": lambda entry: value == "reply" and entry.parent_id is not None,
        }
        if name in tests and value:
            return tests[name]
        raise self.wrong()

    def answered(self, entry: Entry) -> list[str]:
        parent = any_entry(self.db, entry.parent_id) if entry.parent_id else None
        if parent is not None:
            return [parent.handle.lower(), parent.account]
        return mentioned_handles(entry.shown)[:1] if entry.shown.startswith("@") else []
