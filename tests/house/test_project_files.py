"""The licence is whole, and `.env.example` has every setting of the docs."""

from __future__ import annotations

import re
import tomllib
from hashlib import sha256
from pathlib import Path

from publisher.settings.catalogue import CATALOGUE
from publisher.settings.environment import Settings, load
from publisher.settings.reader import PREFIX
from tools.source import read, tracked

APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
"""The digest of the licence as the Apache Software Foundation publishes it."""

SECRETS = re.compile(r"_(KEYS?|SECRET|TOKEN)$")
_EXAMPLE = re.compile(rf"#{PREFIX}(\w+)=(.*)")


def examples() -> dict[str, str]:
    """Return the settings of `.env.example` with their texts, in its order."""
    return dict(_EXAMPLE.findall(read(".env.example")))


def settings_in_docs() -> list[str]:
    """Return the settings in the order of the table of the docs."""
    rows = re.findall(r"^\| (`[A-Z].+?) \|", read("docs/settings.md"), re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`(\w+)`", row)]


def test_the_licence_is_apaches_word_for_word() -> None:
    assert sha256(read("LICENSE").encode()).hexdigest() == APACHE_2


def test_the_package_names_the_licence_and_carries_every_licence_file() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    assert project["license"] == "Apache-2.0"
    licences = [name for name in tracked() if "LICENSE" in name]
    assert sorted(project["license-files"]) == licences


def test_what_builds_the_package_is_locked_and_no_house_installs_it() -> None:
    content = tomllib.loads(read("pyproject.toml"))
    build = content["build-system"]["requires"]
    assert content["dependency-groups"]["build"] == build
    locked = {
        name: set(_locked(f"requirements/{name}.txt")) for name in ("build", "run", "sandbox")
    }
    names = {re.split("[=>]", requirement)[0] for requirement in build}
    assert names <= locked["build"]
    assert locked["run"] & names == {"babel", "brotli"}
    assert locked["sandbox"] - locked["run"] >= {"aiosmtpd", "fontpkg-noto-sans-devanagari"}


def _locked(lock: str) -> list[str]:
    return re.findall(r"^([\w.-]+)==", read(lock), re.MULTILINE)


def test_the_example_has_every_setting_in_the_order_of_the_docs() -> None:
    assert list(examples()) == settings_in_docs()
    assert sorted(examples()) == sorted(setting.name for setting in CATALOGUE)


def test_each_line_of_the_example_is_a_comment() -> None:
    lines = read(".env.example").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []
    assert len([line for line in lines if PREFIX in line]) == len(examples())


def test_the_example_holds_no_secret() -> None:
    written = [name for name, text in examples().items() if SECRETS.search(name) and text]
    assert written == []


def test_the_example_can_be_loaded_as_it_stands(tmp_path: Path) -> None:
    without_marks = read(".env.example").replace(f"#{PREFIX}", PREFIX)
    # The first asks for secrets, the second is another way to say MEDIA_DIR, the others are files.
    left_out = rf"{PREFIX}(IMAP_TOKEN_URL|MEDIA_URL|MEDIA_\w+_FILE)=.*"
    (tmp_path / ".env").write_text(re.sub(left_out, "", without_marks))
    (tmp_path / "sms.toml").write_text("")
    settings: Settings = load({}, folder=tmp_path)
    assert settings.is_tls
    assert settings.sms.sms_headers == {"Content-Type": "application/json"}
    assert settings.papers.letterhead == tmp_path / "letterhead.png"
    assert settings.help_desk.hours is not None
