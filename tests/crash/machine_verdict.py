"""What remains of the posts, uploads, forms and sessions after machines were killed.

The table of the long form stands in docs/reliability.md, and its numbers in var/crash/.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from publisher.database.session import Base
from publisher.models.deliveries import Delivery
from publisher.models.people import SignIn
from publisher.models.posts import Decision, DecisionKind, Post, Revision, Variant
from publisher.models.submissions import Submission
from tests.crash.balanced_visitor import SIGN_IN_FORM
from tests.crash.machine_run import CLOCK, WEB, MachineRun
from tests.crash.page_crews import Crew, HandedIn
from tests.crash.verdict import Judgement, judge

BEGIN, END = "<!-- the machines -->", "<!-- end of the machines -->"


@dataclass(frozen=True)
class MachineJudgement:
    """What is lost or came twice of what was answered with success, beside the posts' own verdict.

    `uploads` and `sessions` were asked for at each web; `effects_twice` are forms that were sent
    once or repeated, and took effect more than once.
    """

    posts: Judgement
    uploads: int = 0
    lost_uploads: int = 0
    forms: int = 0
    lost_forms: int = 0
    effects_twice: int = 0
    sessions: int = 0
    lost_sessions: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing is lost, doubled or unapproved."""
        lost = (self.lost_uploads, self.lost_forms, self.effects_twice, self.lost_sessions)
        return self.posts.is_clean and lost == (0, 0, 0, 0)


def judge_machines(run: MachineRun) -> MachineJudgement:
    """Ask every web for everything that was answered with success, and compare with the rows."""
    forms = [_effects(run, crew) for crew in run.crews]
    counts = [count for of_crew in forms for count in of_crew.values()]
    handed_in = [(crew, form) for crew in run.crews for form in crew.handed_in]
    visitors = [visitor for crew in run.crews for visitor in crew.visitors]
    webs = [web.url for web in run.machines.webs]
    more = _count(run, SignIn) - len(visitors) + _count(run, Submission) - _submissions(run)
    more += _count(run, Post) - run.made.total()
    return MachineJudgement(
        posts=judge(run.machines.installation),
        uploads=len(handed_in),
        lost_uploads=sum(not _can_be_read(crew, form, webs) for crew, form in handed_in),
        forms=len(counts),
        lost_forms=sum(count == 0 for count in counts),
        effects_twice=more + sum(max(0, count - 1) for count in counts),
        sessions=len(visitors),
        lost_sessions=sum(
            SIGN_IN_FORM in visitor.through(web, "/").text for visitor in visitors for web in webs
        ),
    )


def _submissions(run: MachineRun) -> int:
    """Return how many submissions there must be: those of the pages, and one for each other."""
    return sum(len(crew.handed_in) for crew in run.crews) + run.made["use cases"]


def _can_be_read(crew: Crew, form: HandedIn, webs: list[str]) -> bool:
    """Return whether the uploaded file comes from every web, byte for byte."""
    (address,) = crew.member.get(form.path).links(r"/files/\d+$")
    contents = [crew.member.through(web, address) for web in webs]
    return all(answer.ok and answer.content == form.content for answer in contents)


def _effects(run: MachineRun, crew: Crew) -> Counter[str]:
    """Return how often each form of a crew that was answered with success took effect."""
    effects: Counter[str] = Counter()
    with run.machines.installation.database.reading() as session:
        for form in crew.handed_in:
            query = select(Submission).where(Submission.form_token == form.token)
            digests = [
                [file.sha256 for file in submission.files] for submission in session.scalars(query)
            ]
            effects[f"hand in {form.token}"] = digests.count([form.digest])
        for path in crew.posts:
            post = session.get_one(Post, int(path.rpartition("/")[2]))
            (revision_id,) = session.scalars(
                select(Revision.id).where(
                    Revision.post_id == post.id, Revision.number == post.newest
                )
            )
            variants = session.scalars(select(Variant.id).where(Variant.revision_id == revision_id))
            approved = (Decision.revision_id == revision_id, Decision.kind == DecisionKind.APPROVED)
            effects[f"draft {path}"] = post.newest
            effects[f"approve {path}"] = (
                session.scalar(select(func.count()).select_from(Decision).where(*approved)) or 0
            )
            for variant_id in variants:
                query_deliveries = select(func.count()).where(Delivery.variant_id == variant_id)
                effects[f"schedule {path} {variant_id}"] = session.scalar(query_deliveries) or 0
    return effects


def _count(run: MachineRun, table: type[Base]) -> int:
    with run.machines.installation.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def rows_of(run: MachineRun, judgement: MachineJudgement) -> list[tuple[str, int]]:
    """Return the rows of the table: each label with its number."""
    posts, outcomes = judgement.posts, run.journal.outcomes
    return [
        ("posts, each with a picture", run.made.total()),
        ("… which went the whole way through the pages of three webs", run.made["pages"]),
        ("deliveries", posts.posts),
        ("published", posts.published),
        ("held for a person", posts.held),
        ("webs killed (SIGKILL)", run.kills[WEB]),
        ("… which were handling a form", run.at_work[WEB]),
        ("clocks killed (SIGKILL)", run.kills[CLOCK]),
        ("… which were handling a delivery", run.at_work[CLOCK]),
        ("PostgreSQL restarted in immediate mode", run.restarts),
        ("object store slow, cut, restarted (each)", min(run.store_faults.values(), default=0)),
        ("… requests to it that were slow or cut", run.machines.line.line.fault_count),
        ("requests answered", outcomes["answered"]),
        (
            "requests that broke, or that a web could not serve just then",
            outcomes["broken"] + outcomes["away"],
        ),
        ("forms sent once more", run.journal.repeated_forms),
        ("**duplicates**", posts.duplicates),
        ("**losses**", posts.losses),
        ("**unapproved**", posts.unapproved),
        ("uploads, read back at each web", judgement.uploads),
        ("**uploads lost**", judgement.lost_uploads),
        ("forms answered with success", judgement.forms),
        ("**forms lost**", judgement.lost_forms),
        ("**forms with two effects**", judgement.effects_twice),
        ("sessions", judgement.sessions),
        ("**sessions lost**", judgement.lost_sessions),
        ("seconds", round(run.seconds)),
    ]


def write_table(page: Path, folder: Path, rows: list[tuple[str, int]]) -> None:
    """Write the numbers into the folder, and their table between its marks on the page."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = json.dumps(dict(rows), ensure_ascii=False, indent=1)
    (folder / "machines.json").write_text(numbers + "\n")
    lines = ["| three webs, three clocks | |", "| --- | ---: |"]
    lines += [f"| {label} | {number:,} |" for label, number in rows]
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(before + "\n".join([BEGIN, *lines, END]) + after)
