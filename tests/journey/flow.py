"""Steps that several journeys share, each through the pages alone."""

from __future__ import annotations

import re
from datetime import datetime

from demo.notices import DemoNotice
from tests.journey.http_browser import LoadedPage
from tests.journey.installation import Installation

FACEBOOK, X = "facebook", "x"


def hand_in(installation: Installation, by: str, notice: DemoNotice) -> LoadedPage:
    """Hand a notice in with its photos, and return the submission's page."""
    visitor = installation.visitor(by)
    page = visitor.get("/submissions/new")
    files = [
        ("files", (f"IMG_{number}.jpg", spec.read())) for number, spec in enumerate(notice.photos)
    ]
    values = {
        "kind": notice.kind.value,
        "title": notice.mr.title,
        "text_mr": notice.mr.body,
        "text_en": notice.en.body,
        "link": notice.link or "",
        "outward_number": notice.outward,
    }
    page = visitor.send(page, "#hand-in", {**values, "act": "add"}, files=files)
    descriptions = [spec.alt_mr for spec in notice.photos]
    return visitor.send(page, "#hand-in", {"alt_mr": descriptions, "act": "send"})


def acknowledgement_number(page: LoadedPage) -> str:
    """Return the acknowledgement number that a page shows."""
    match = re.search(r"PMC/\d{4}/\d{6}", page.text)
    assert match is not None, page.text
    return match.group(0)


def texts(page: LoadedPage, notice: DemoNotice) -> dict[str, str]:
    """Return the notice's four texts by the names of the form's fields."""
    names = [name for name, _value in page.form("#draft").fields if name.startswith("text_")]
    wordings = {"mr": notice.mr, "en": notice.en}
    first = min(int(name.split("_")[1]) for name in names)
    return {
        name: wordings[name.split("_")[2]].text_on("x")
        if int(name.split("_")[1]) == first
        else wordings[name.split("_")[2]].text_on("facebook")
        for name in names
    }


def picture_descriptions(notice: DemoNotice) -> dict[str, str]:
    """Return the form fields with the photos' descriptions in both languages."""
    return {
        f"alt_{number}_{lang}": spec.alt_mr if lang == "mr" else spec.alt_en
        for number, spec in enumerate(notice.photos)
        for lang in ("mr", "en")
    }


def in_review(installation: Installation, notice: DemoNotice, *, member: str) -> tuple[str, str]:
    """Bring a notice into review, and return the paths of the submission and the post."""
    submission = hand_in(installation, member, notice)
    clerk = installation.visitor("swati-ranpise")
    page = clerk.send(clerk.get(submission.path), "/draft")
    values = {**texts(page, notice), **picture_descriptions(notice), "then": "send"}
    return submission.path, clerk.send(page, "#draft", values).path


def approve(installation: Installation, post: str, *, officer: str) -> LoadedPage:
    """Approve the post on its review page."""
    visitor = installation.visitor(officer)
    return visitor.send(visitor.get(f"{post}/review"), "/approve")


#: A new installation avoids the night, and these tests run at any hour of the city.
AT_ANY_HOUR = {"despite_warnings": "y"}


def publish_now(installation: Installation, post: str) -> list[str]:
    """Publish every variant that is not scheduled yet; return the deliveries' paths."""
    clerk = installation.visitor("swati-ranpise")
    page = clerk.send(clerk.get(f"{post}/schedule"), "/publish-now", AT_ANY_HOUR)
    return page.links(r"^/deliveries/\d+$")


def text_ids(page: LoadedPage) -> list[str]:
    """Return the ids of the texts that the page of a schedule lists."""
    return re.findall(r'<section class="time-row" id="text-(\d+)"', page.html)


def time_fields(text_id: str, here: datetime) -> dict[str, str]:
    """Return the fields that give one text this time, in city time, and no other one."""
    return {
        "chosen": text_id,
        f"text-{text_id}-due_at": here.strftime("%d/%m/%Y %H:%M"),
        **AT_ANY_HOUR,
    }
