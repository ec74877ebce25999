"""Clients of the platforms that send their requests to the sandbox on loopback instead."""

from __future__ import annotations

import io
import smtplib
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import facebook
import requests
import tweepy
from PIL import Image
from requests.adapters import HTTPAdapter

from sandbox.credentials import (
    FACEBOOK_PAGES,
    X_ACCOUNTS,
    X_CONSUMER_KEY,
    X_CONSUMER_SECRET,
    FacebookPage,
    XAccount,
)

Json = dict[str, Any]  # a parsed response
WWW = "https://www.facebook.com/"
CITY, WATER = X_ACCOUNTS[0], X_ACCOUNTS[1]
CITY_PAGE, WATER_PAGE = FACEBOOK_PAGES[0], FACEBOOK_PAGES[1]


class SandboxAdapter(HTTPAdapter):
    """Sends requests for a platform to the sandbox, and keeps their Host header."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        super().__init__()
        self.url, self.headers = urlsplit(url), headers or {}

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request to the sandbox, with its original Host header."""
        parts = urlsplit(str(request.url))
        request.headers["Host"] = str(parts.hostname)
        request.headers.update(self.headers)
        request.url = urlunsplit((self.url.scheme, self.url.netloc, *parts[2:]))
        return super().send(request, stream, timeout or 10, verify, cert, proxies)


def session(url: str, **headers: str) -> requests.Session:
    """Return a session for both platforms."""
    return mount_sandbox(requests.Session(), url, **headers)


def mount_sandbox(session: requests.Session, url: str, **headers: str) -> requests.Session:
    """Let the session send its requests for both platforms to the sandbox, and return it."""
    for host in ("https://api.twitter.com/", "https://graph.facebook.com/", WWW):
        session.mount(
            host, SandboxAdapter(url, {k.replace("_", "-"): v for k, v in headers.items()})
        )
    return session


def x_client(url: str, account: XAccount = CITY, **headers: str) -> tweepy.Client:
    """Return a tweepy client of an account."""
    client = tweepy.Client(
        consumer_key=X_CONSUMER_KEY,
        consumer_secret=X_CONSUMER_SECRET,
        access_token=account.token,
        access_token_secret=account.token_secret,
        bearer_token=account.bearer,
        return_type=dict,
    )
    client.session = session(url, **headers)
    return client


def graph(url: str, page: FacebookPage = CITY_PAGE, **headers: str) -> facebook.GraphAPI:
    """Return a facebook-sdk client of a page."""
    graph_api = facebook.GraphAPI(page.token, timeout=10, session=session(url, **headers))
    graph_api.version = "v26.0"
    return graph_api


def picture(colour: str = "teal", kind: str = "JPEG") -> bytes:
    """Return the bytes of a small picture."""
    file = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(file, kind)
    return file.getvalue()


def add_fault(url: str, platform: str, operation: str, kind: str, **more: object) -> None:
    """Add a fault."""
    body = {"platform": platform, "operation": operation, "kind": kind, **more}
    requests.post(f"{url}/faults", json=body, timeout=5).raise_for_status()


def set_switches(url: str, **values: str) -> None:
    """Set switches."""
    requests.post(f"{url}/switches", json=values, timeout=5).raise_for_status()


def add_comment(url: str, platform: str, parent: str | None, text: str, **more: str) -> str:
    """Comment as a citizen, and return the comment's id."""
    body = {"platform": platform, "parent_id": parent, "author": "asha_k", "text": text, **more}
    response = requests.post(f"{url}/citizens/comment", json=body, timeout=5)
    response.raise_for_status()
    return str(response.json()["id"])


def ledger(url: str, platform: str) -> list[Json]:
    """Return everything that was ever created on a platform."""
    posts: list[Json] = requests.get(f"{url}/ledger", timeout=5).json()[platform]
    return posts


def post_mail(port: int, subject: str = "पोच", **parts: str) -> None:
    """Send a mail to the sandbox's letterbox."""
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "desk@example.org", "a@example.org"
    mail.set_content(parts.get("text", "नमस्कार"))
    if "html" in parts:
        mail.add_alternative(parts["html"], subtype="html")
    if "file" in parts:
        mail.add_attachment(b"x", maintype="application", subtype="pdf", filename=parts["file"])
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as server:
        server.send_message(mail)
