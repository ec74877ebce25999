"""`nagarvani doctor` prints a line for each check, and what to do if it fails."""

from __future__ import annotations

import json
import resource
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from sqlalchemy import select, text, update

from commands.doctor import SHAPE, WARNINGS, HealthLevel, finding_level
from commands.health_messages import SENTENCES, sentence
from publisher.database.session import Database
from publisher.delivery import dispatch
from publisher.models.comments import UnstoredComment
from publisher.models.deliveries import Account, ClockBeat
from publisher.now import now
from publisher.operations.health_checks import HealthFinding, HealthSubject, check_media
from publisher.settings.environment import load
from publisher.states import AccountState
from sandbox import credentials
from tests.cli.command_line import CLI, CommandResult, Workspace, make_workspace
from tests.support.mail import MailServer
from tests.support.object_line import FOR_EVER, answered, new_bucket, object_line, refusal
from tests.support.object_stores import KEY, SECRET, bucket_variables, stores_of
from tests.support.processes import plain_environment

pytestmark = pytest.mark.proof

SUBJECTS = (
    "settings",
    "built files",
    "text shaping",
    "media folder",
    "SMS",
    "letterhead",
    "mail server",
    "mails to the Cell",
    "virus scanner",
    "database",
    "migrations",
    "backup",
    "media store",
    "time",
    "account",
    "account",
    "account",  # how its comments come
    "spending",
    "mails to the Cell",
    "clock",  # the one of the workspace has ended
    *("tasks", "tasks"),  # all written, and as they should be
)

LEVELS = {"enum": ["ok", "warning", "error"]}
JSON_SHAPE = Draft202012Validator(
    {
        "type": "object",
        "required": ["shape", "version", "at", "level", "checks"],
        "additionalProperties": False,
        "properties": {
            "shape": {"const": SHAPE},
            "version": {"type": "string", "pattern": r"^\d+\.\d+"},
            "at": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
            "level": LEVELS,
            "checks": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["subject", "code", "level", "message", "values"],
                    "additionalProperties": False,
                    "properties": {
                        "subject": {"enum": [subject.value for subject in HealthSubject]},
                        "code": {"enum": list(SENTENCES)},
                        "level": LEVELS,
                        "message": {"type": "string", "minLength": 1},
                        "values": {
                            "type": "object",
                            "additionalProperties": {"type": ["string", "number"]},
                        },
                    },
                },
            },
        },
    }
)
"""The shape that the docs promise to programs."""


@pytest.fixture
def workspace(
    tmp_path: Path, database_url: str, sandbox_url: str, mail_server: MailServer
) -> Workspace:
    """Create a workspace with accounts in a sandbox, whose clock has just ticked."""
    handle, page = credentials.X_ACCOUNTS[0], credentials.FACEBOOK_PAGES[0]
    environment_settings = {
        "SMTP_URL": mail_server.url,
        "MAIL_FROM": "cell@pmc.example",
        "HELP_PHONE": "020-5550-0100",
        "X_API_URL": sandbox_url,
        "GRAPH_API_URL": sandbox_url,
        "X_HANDLE": handle.username,
        "X_CONSUMER_KEY": credentials.X_CONSUMER_KEY,
        "X_CONSUMER_SECRET": credentials.X_CONSUMER_SECRET,
        "X_ACCESS_TOKEN": handle.token,
        "X_ACCESS_TOKEN_SECRET": handle.token_secret,
        "FACEBOOK_PAGE_ID": page.id,
        "FACEBOOK_PAGE_TOKEN": page.token,
    }
    new_house = Workspace(
        tmp_path, {**make_workspace(tmp_path, database_url).settings, **environment_settings}
    )
    assert new_house.run_in_process("init").code == 0
    assert new_house.run_in_process("clock", "--once").code == 0
    assert new_house.run_in_process("backup", str(tmp_path / "city.backup")).code == 0
    return new_house


def failed_lines(output: CommandResult) -> list[str]:
    """Return the lines of failed checks, without their mark."""
    return [line.split(maxsplit=1)[1] for line in output.lines if not line.startswith("ok")]


@pytest.mark.both
def test_a_house_in_order_is_ok_line_by_line(workspace: Workspace) -> None:
    output = workspace.run("doctor")
    assert failed_lines(output) == []
    assert output.code == 0
    subjects = [line.split(maxsplit=1)[1].partition(":")[0] for line in output.lines]
    if workspace.settings["DATABASE_URL"].startswith("postgresql"):
        assert subjects.pop(subjects.index("migrations") + 1) == "database"  # which role runs
    assert tuple(subjects) == SUBJECTS
    assert "sarav_nagar" in output.out


def test_a_token_that_no_longer_works_is_named_with_what_to_do(
    workspace: Workspace, sandbox_url: str
) -> None:
    fault = {"platform": "x", "operation": "check", "kind": "expired_token"}
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(f"{sandbox_url}/faults", json.dumps(fault).encode(), headers), timeout=10):
        output = workspace.run_in_process("doctor")
    assert output.code == 1
    (line,) = failed_lines(output)
    assert line.startswith("account:")
    assert "its token no longer works" in line
    assert "run nagarvani init" in line


def test_platforms_that_cannot_be_reached_are_named(workspace: Workspace) -> None:
    nowhere = "http://127.0.0.1:9"
    output = workspace.run_in_process("doctor", X_API_URL=nowhere, GRAPH_API_URL=nowhere)
    assert output.code == 1
    assert [line.count("the platform cannot be reached") for line in failed_lines(output)] == [1, 1]


def test_credentials_of_another_key_are_named(workspace: Workspace) -> None:
    output = workspace.run_in_process(
        "doctor", SECRET_KEY="another-invented-secret-of-forty-characters"
    )
    assert output.code == 1
    assert all("sealed with another key" in line for line in failed_lines(output))
    assert all("or connect it again" in line for line in failed_lines(output))  # init refuses it
    assert len(failed_lines(output)) == 2


def test_access_that_ends_soon_and_rights_that_lack_are_named(
    workspace: Workspace, database: Database
) -> None:
    with database.transaction() as session:
        accounts = {account.platform: account for account in session.scalars(select(Account))}
        accounts["x"].token_until = now() + timedelta(days=20)
        accounts["facebook"].token_until = now() + timedelta(days=6, hours=1)
        accounts["facebook"].data_until = now() + timedelta(hours=20)
        accounts["facebook"].missing = ["pages_manage_engagement", "pages_read_user_content"]
    output = workspace.run_in_process("doctor")
    assert output.code == 1
    data, token, rights = failed_lines(output)
    assert "its access ends in 6 days" in token
    assert "the access to comments ends in 0 days" in data
    assert "missing: pages_manage_engagement, pages_read_user_content; connect it again" in rights


def test_comments_that_could_not_be_stored_are_named_with_the_reason(
    workspace: Workspace, database: Database
) -> None:
    with database.transaction() as session:
        account = session.scalars(select(Account).where(Account.platform == "x")).one()
        for number, reason in ((1, "an earlier reason"), (2, "DataError: too long")):
            unstored = UnstoredComment(
                account=account,
                digest=f"{number}" * 64,
                platform_id=f"77{number}",
                raw="{}",
                reason=reason,
                seen_at=now(),
            )
            session.add(unstored)
            session.flush()
    output = workspace.run_in_process("doctor")
    assert output.code == 1
    (line,) = failed_lines(output)
    assert "could not be stored and are in no inbox: 2, the latest at" in line
    assert "772: DataError: too long" in line


def test_a_clock_that_stands_is_late(workspace: Workspace, database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE clock_beats SET beat_at = '2026-01-05 06:30:00.000000'"))
    output = workspace.run_in_process("doctor")
    assert output.code == 1
    (line,) = failed_lines(output)
    assert line.startswith("clock: the last beat was ")
    assert "start nagarvani clock" in line


def test_a_clock_that_was_killed_is_named_until_another_does_its_work(
    workspace: Workspace, database: Database
) -> None:
    """The clock of the workspace ended by itself."""
    with database.transaction() as session:
        dispatch.record_heartbeat(session, "h-1/7-ab", now=now() - timedelta(hours=1))
        dispatch.record_heartbeat(session, "h-2/8-cd", now=now())
    (line,) = failed_lines(workspace.run_in_process("doctor"))
    assert line.startswith("clock: h-1/7-ab beat last 36")
    assert "did not end cleanly" in line
    with database.transaction() as session:
        dispatch.record_heartbeat(session, "h-1/9-ef", now=now() - timedelta(minutes=2))
        session.get_one(ClockBeat, "h-1/9-ef").ended_at = now()
    assert failed_lines(workspace.run_in_process("doctor")) == []


def test_of_two_clocks_of_one_name_the_lost_one_is_named(
    workspace: Workspace, database: Database
) -> None:
    with database.transaction() as session:
        dispatch.record_heartbeat(session, "h/7-ab", now=now() - timedelta(hours=2))
        dispatch.record_heartbeat(session, "h/8-cd", now=now() - timedelta(hours=2))
    with database.transaction() as session:
        dispatch.record_heartbeat(session, "h/7-ab", now=now() - timedelta(hours=1))
        dispatch.record_heartbeat(session, "h/8-cd", now=now())
    (line,) = failed_lines(workspace.run_in_process("doctor"))
    assert line.startswith("clock: h/7-ab beat last 36")


def test_a_wrong_time_is_named_and_no_access_is_blamed(
    workspace: Workspace, sandbox_url: str
) -> None:
    headers = {"Content-Type": "application/json"}
    for seconds, says in (("-7200", "s ahead of "), ("45", "s behind ")):
        switch = json.dumps({"date_ahead": seconds}).encode()
        urlopen(Request(f"{sandbox_url}/switches", switch, headers), timeout=10).close()
        lines = failed_lines(workspace.run_in_process("doctor"))
        assert lines[0].startswith("time: ")
        assert says in lines[0]
        assert "docs/running.md" in lines[0]
        assert len(lines) == (2 if seconds == "-7200" else 1)
        assert all("since its time is wrong" in line for line in lines[1:])


def test_a_paused_account_is_called_paused_whatever_its_token_says(
    workspace: Workspace, database: Database
) -> None:
    with database.transaction() as session:
        session.execute(update(Account).values(state=AccountState.PAUSED))
    # Paused by hand in the database, which the line on tasks names as well.
    failures = failed_lines(workspace.run_in_process("doctor"))
    lines = [line for line in failures if line.startswith("account:")]
    assert len(lines) == 2
    for line in lines:
        assert "has been paused since" in line
        assert "its token now: works" in line
        assert "Check again" in line


def test_pages_in_the_clear_are_named(workspace: Workspace) -> None:
    output = workspace.run_in_process("doctor", BASE_URL="http://desk.example")
    assert output.code == 1
    (line,) = failed_lines(output)
    assert line.startswith("settings: http://desk.example carries passwords in the clear")


def test_https_without_a_trusted_proxy_is_named(workspace: Workspace) -> None:
    output = workspace.run_in_process("doctor", BASE_URL="https://desk.example")
    assert output.code == 1
    (line,) = failed_lines(output)
    assert line.startswith("settings: https://desk.example is served through a proxy")
    assert "NAGARVANI_TRUSTED_PROXIES" in line
    behind_proxy = {"BASE_URL": "https://desk.example", "TRUSTED_PROXIES": "1"}
    (line,) = failed_lines(workspace.run_in_process("doctor", **behind_proxy))
    assert line.startswith("settings: people reach https://desk.example from everywhere")
    assert "NAGARVANI_SECOND_FACTOR_FROM" in line
    output = workspace.run_in_process("doctor", **behind_proxy, SECOND_FACTOR_FROM="2027-01-15")
    assert failed_lines(output) == []


def test_a_media_folder_that_cannot_be_written_is_named(
    workspace: Workspace, tmp_path: Path
) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    output = workspace.run_in_process("doctor", MEDIA_DIR=str(blocked / "media"))
    assert output.code == 1
    is_written, is_ours = failed_lines(output)
    assert is_written.startswith("media folder:")
    assert "NAGARVANI_MEDIA_DIR" in is_written
    assert "is not the one of this database" in is_ours


@pytest.fixture
def full_disk() -> Iterator[None]:
    """Let this process make files as before, but none of a megabyte, until the test has ended."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (900_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("full_disk")
def test_a_media_folder_on_a_full_disk_is_named(tmp_path: Path) -> None:
    (finding,) = check_media(load({"NAGARVANI_MEDIA_DIR": str(tmp_path)}, folder=tmp_path))
    assert not finding.ok
    assert f"{tmp_path} cannot be written (File too large): make room" in sentence(finding)


FULL_DISK = """
mount -t tmpfs -o size=3m tmpfs "$1" || exit 77
for name in doctor queue "clock --once" init; do
    rm -f "$1"/*; : > "$1/city.db"; head -c 4m /dev/zero > "$1/filling" 2>/dev/null
    "$2" "$3" $name; echo "code $?"
done
"""


def test_a_full_disk_of_sqlite_is_called_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    new = make_workspace(tmp_path, f"sqlite:///{disk / 'city.db'}")
    call = ["unshare", "-m", "sh", "-c", FULL_DISK, "sh", str(disk), *CLI]
    environment = plain_environment(new.environment())
    done = subprocess.run(
        call, env=environment, cwd=tmp_path, check=False, capture_output=True, text=True
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("nothing can be mounted here")
    sentence = f"sqlite:///{disk / 'city.db'} cannot be used, as its disk is full ("
    assert (done.stdout + done.stderr).count(sentence) == 4
    assert done.stdout.count("code 1") == 4
    assert "Traceback" not in done.stderr


def test_a_bucket_that_cannot_be_written_is_named(workspace: Workspace, tmp_path: Path) -> None:
    with object_line() as line:
        bucket = new_bucket()
        variables = bucket_variables(line, bucket, tmp_path, MEDIA_DIR="")
        address = variables["MEDIA_URL"]
        output = workspace.run_in_process("doctor", "--json", **variables)
        assert as_json(output)["bucket_works"] == "ok"
        assert as_json(output)["cache_no_folder"] == "warning"
        identity = (Path(workspace.settings["MEDIA_DIR"]) / "identity").read_text()
        stores_of(line, tmp_path)(bucket).set_identity(identity)
        assert workspace.run_in_process("init", **variables).code == 0  # makes the folder
        output = workspace.run_in_process("doctor", **variables)
        assert failed_lines(output) == []
        assert f"media bucket: {address} can be written, read, listed, and " in output.out
        assert f"media cache: {tmp_path / 'cache'} can be written" in output.out
        line.plan(answered(refusal(403, "AccessDenied", "No.")), "PUT", times=FOR_EVER)
        output = workspace.run_in_process("doctor", **variables)
    assert output.code == 1
    (text,) = failed_lines(output)
    assert text.startswith(f"media bucket: {address} cannot be written (AccessDenied: No. (403)): ")
    assert "NAGARVANI_MEDIA_ENDPOINT" in text
    assert not any(word in output.out + output.err for word in (KEY, SECRET))


def test_an_sms_gateway_that_makes_no_sense_is_named(workspace: Workspace, tmp_path: Path) -> None:
    half = workspace.run_in_process("doctor", SMS_URL="https://gateway.example/send")
    assert failed_lines(half)[0].startswith(
        "SMS: NAGARVANI_SMS_URL and NAGARVANI_SMS_TEMPLATES belong"
    )
    templates = tmp_path / "sms.toml"
    templates.write_text('[aproved]\nid = "110700"\ntext = "{#var#}"\nvariables = ["title"]\n')
    more = {"SMS_URL": "https://gateway.example/send", "SMS_TEMPLATES": str(templates)}
    (unknown,) = failed_lines(workspace.run_in_process("doctor", **more))
    assert "SMS_TEMPLATES names what no notice says: aproved" in unknown
    templates.write_text(templates.read_text().replace("aproved", "approved"))
    (codes,) = failed_lines(workspace.run_in_process("doctor", **more))
    codes_first = ("invitation", "password_code", "contact_code")
    kinds = (*codes_first, "contact_change", "sign_in_code", "approval_code")
    assert f"no template of these: {', '.join(kinds)};" in codes
    assert "without contact_code no mobile number is verified" in codes
    assert "without contact_change nobody is told at a mobile number" in codes
    for kind in kinds:
        with templates.open("a") as file:
            file.write(f'[{kind}]\nid = "110701"\ntext = "{{#var#}}"\nvariables = ["link"]\n')
    output = workspace.run_in_process("doctor", **more)
    assert failed_lines(output) == []
    assert "by gateway.example, 7 kinds have a registered template" in output.out


def test_a_letterhead_that_is_no_picture_is_named(workspace: Workspace, tmp_path: Path) -> None:
    crest = tmp_path / "crest.png"
    crest.write_bytes(b"no picture")
    output = workspace.run_in_process("doctor", LETTERHEAD=str(crest))
    assert output.code == 1
    (line,) = failed_lines(output)
    assert line.startswith(f"letterhead: {crest} is no PNG or JPEG")
    assert "NAGARVANI_LETTERHEAD" in line
    Image.new("RGB", (30, 10)).save(crest)
    output = workspace.run_in_process("doctor", LETTERHEAD=str(crest))
    assert failed_lines(output) == []


def test_a_new_house_is_told_to_run_init_first(tmp_path: Path) -> None:
    output = make_workspace(tmp_path, f"sqlite:///{tmp_path / 'new.db'}").run_in_process("doctor")
    assert output.code == 1
    subjects = [line.partition(":")[0] for line in failed_lines(output)]
    assert subjects == ["media folder", "mail server", "mail server", "database"]
    assert output.out.count("run nagarvani init") == 2
    assert list(tmp_path.iterdir()) == []


def test_a_new_house_is_told_what_comes_next_and_that_nothing_is_wrong(
    tmp_path: Path, mail_server: MailServer
) -> None:
    new = make_workspace(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
    mail = {"SMTP_URL": mail_server.url, "MAIL_FROM": "cell@pmc.example"}
    new.run_in_process("init")
    output = new.run_in_process("doctor", **mail)
    assert output.code == 0
    left = [line for line in output.lines if not line.startswith("ok ")]
    assert left.pop() == "Nothing is wrong; what is marked next is still to be done."
    assert [line.partition(":")[0] for line in left] == [
        f"next   {subject}" for subject in ("backup", "account", "clock")
    ]
    assert "none has ever run: start nagarvani clock" in output.out
    away = new.run_in_process("doctor")
    assert "wrong  mail server: smtp://127.0.0.1:25 takes no mail (Connection" in away.out
    assert "Nothing is wrong" not in away.out


def test_tables_of_another_version_are_named(tmp_path: Path) -> None:
    new = make_workspace(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
    new.run_in_process("init")
    database = Database(new.settings["DATABASE_URL"])
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.dispose()
    output = new.run_in_process("doctor")
    assert output.code == 1
    line = failed_lines(output)[-1]
    assert line.startswith("migrations: the tables are those of another version (9999, not ")


def test_a_database_that_is_away_ends_the_looking(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    output = make_workspace(tmp_path, "postgresql://city:hidden@127.0.0.1:9/city").run_in_process(
        "doctor"
    )
    assert output.code == 1
    line = failed_lines(output)[-1]
    assert line.startswith("database: postgresql://city:***@127.0.0.1:9/city does not answer")
    assert "hidden" not in output.out + output.err


def as_json(output: CommandResult) -> dict[str, str]:
    """Return the level of each code of a report, after its shape was checked."""
    report = json.loads(output.out)
    JSON_SHAPE.validate(report)
    levels = {check["code"]: check["level"] for check in report["checks"]}
    assert report["level"] == HealthLevel(output.code).name.lower()
    assert HealthLevel[report["level"].upper()] == max(
        HealthLevel[level.upper()] for level in levels.values()
    )
    return levels


def test_a_program_gets_one_object_and_the_level_as_exit_code(
    workspace: Workspace, database: Database
) -> None:
    well = workspace.run("doctor", "--json")  # in a process: nothing else may be on its output
    assert well.code == 0
    assert set(as_json(well).values()) == {"ok"}
    warned = workspace.run_in_process("doctor", "--json", BASEURL="https://desk.example")
    assert warned.code == 1
    assert as_json(warned)["unknown_near"] == "warning"
    with database.transaction() as session:
        session.execute(text("UPDATE clock_beats SET beat_at = '2026-01-05 06:30:00.000000'"))
    late = workspace.run_in_process("doctor", "--json", BASEURL="https://desk.example")
    assert late.code == 2
    assert as_json(late)["clock_late"] == "error"
    (check,) = (check for check in json.loads(late.out)["checks"] if check["code"] == "clock_late")
    assert check["values"]["seconds"] > 3_600
    assert check["message"].startswith("the last beat was ")


def test_a_program_is_told_of_a_database_that_is_away(tmp_path: Path) -> None:
    away = make_workspace(tmp_path, "postgresql://city:hidden@127.0.0.1:9/city")
    output = away.run_in_process("doctor", "--json")
    assert as_json(output)["unreachable"] == "error"
    assert "hidden" not in output.out + output.err


def test_trying_out_is_for_people(workspace: Workspace) -> None:
    output = workspace.run_in_process("doctor", "--json", "--try")
    assert output.code == 2
    assert "run it without --json" in output.err


def test_only_findings_that_exist_are_warnings() -> None:
    assert set(SENTENCES) >= WARNINGS
    assert set(SENTENCES) >= {f"bucket_{step}" for step in ("write", "read", "list", "remove")}
    finding = HealthFinding(HealthSubject.CLOCK, False, "clock_late")
    assert finding_level(finding) is HealthLevel.ERROR
