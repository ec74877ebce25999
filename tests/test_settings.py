from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

import pytest

from publisher.settings.environment import Reach, Settings, load
from publisher.settings.help import HelpDesk, Hours
from publisher.settings.papers import PaperSettings
from publisher.settings.platforms import PLATFORM_SETTINGS
from publisher.settings.reader import (
    KEY_HINT,
    Reader,
    WrongSetting,
    matching,
    read_long_secret,
    setting,
    whole,
)
from publisher.settings.sms import SmsTemplate
from publisher.settings.web_server import BindAddress, ServingSettings
from tests.support.tables import each

KEY = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="  # 32 letters, as Fernet writes its keys
OTHER_KEY = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXpBQkNERUY="

KEYS = [
    setting.name for setting in PLATFORM_SETTINGS if not (setting.default or setting.is_address)
]


PRICES = [
    setting.name.upper() for setting in PLATFORM_SETTINGS if setting.name.startswith("x_price_")
]


def read(folder: Path, **variables: str) -> Settings:
    return load({f"NAGARVANI_{name}": value for name, value in variables.items()}, folder=folder)


def test_without_a_word_it_runs_on_this_machine(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/var/nagarvani.db"
    assert settings.media.media_dir == tmp_path / "var" / "media"
    assert (settings.base_url, settings.is_tls) == ("http://127.0.0.1:8000", False)
    assert (settings.secret_key, settings.token_keys, settings.trusted_proxies) == ("", (), 0)
    assert (settings.smtp_url, settings.mail_from) == ("smtp://127.0.0.1:25", "nagarvani@localhost")
    assert (settings.city.code, settings.city.name_en) == ("PMC", "Pune Municipal Corporation")
    assert settings.city.name_mr == "पुणे महानगरपालिका"
    assert {settings.platforms[name] for name in KEYS} == {""}


def test_the_press_reaches_the_real_platforms_unless_told_otherwise(tmp_path: Path) -> None:
    press, platforms = read(tmp_path).delivery, read(tmp_path).platforms
    assert platforms["x_api_url"] == "https://api.x.com"
    assert platforms["x_web_url"] == "https://x.com"
    assert platforms["graph_api_url"] == "https://graph.facebook.com"
    assert platforms["graph_api_version"] == "v26.0"
    assert press.looks == (20.0, 60.0, 300.0, 900.0)
    assert press.send_deadline < press.lease / 2


GOOD = {
    "SECOND_FACTOR_FROM": "2027-01-15",
    "DATABASE_URL": "postgresql://house:word@db.example/house",
    "SECRET_KEY": "k" * 32,
    "TOKEN_KEYS": f"{KEY}, {OTHER_KEY}",
    "BASE_URL": "https://city.example/",
    "TRUSTED_PROXIES": "2",
    "METRICS_TOKEN": "an-invented-token-of-forty-characters-xx",
    "BIND": "10.0.0.7:8080, [::1]:8081,unix:/run/city/web.sock",
    "WORKERS": "3",
    "THREADS": "16",
    "MEDIA_URL": "s3://pune-media/city",
    "MEDIA_ENDPOINT": "https://s3.pmc.example",
    "MEDIA_REGION": "pune-1",
    "MEDIA_PATH_STYLE": "0",
    "MEDIA_KEY": "key-word",
    "MEDIA_SECRET": "secret-word",
    "MEDIA_CACHE_DIR": "/srv/copies",
    "MEDIA_CACHE_MB": "700",
    "SMTP_URL": "smtps://post:word@mail.example:465",
    "MAIL_FROM": "Nagarvani <city@pmc.example>",
    "MAIL_SERVER": "mail.pmc.example",
    "MAIL_SERVER_HOPS": "2",
    "IMAP_URL": "imaps://cell:word@mail.example/Media",
    "CLAMD_URL": "unix:/run/clamav/clamd.ctl",
    "IMAP_TOKEN_URL": "https://login.example/token",
    "IMAP_CLIENT_ID": "desk",
    "IMAP_CLIENT_SECRET": "client-word",
    "IMAP_REFRESH_TOKEN": "refresh-word",
    "IMAP_SCOPE": "mail",
    "REPLY_TO": "media@pmc.example",
    "CITY_NAME": "Another City",
    "CITY_NAME_MR": "दुसरे शहर",
    "CITY_CODE": "TEST",
    "HELP_PHONE": "+91 20 5550 0100",
    "HELP_MAIL": "help@pmc.example",
    "HELP_HOURS": "Mon-Sat 10:00-18:30",
    "X_API_URL": "http://127.0.0.1:9001",
    "X_SIGNED_URL": "https://api.twitter.com",
    "X_WEB_URL": "http://127.0.0.1:9003",
    "GRAPH_API_URL": "http://127.0.0.1:9002",
    "GRAPH_API_VERSION": "v27.1",
    "FACEBOOK_WEB_URL": "http://127.0.0.1:9004",
    "LEASE": "10",
    "SEND_DEADLINE": "4.5",
    "LOOKS": "0.2,0.5",
    "CLOCK_NAME": "clock@1",
    "SMS_URL": "https://gateway.example/send",
    "SMS_METHOD": "get",
    "SMS_HEADERS": '{"Content-Type": "application/json"}',
    "SMS_BODY": '{"to": "{to}"}',
    "SMS_SUCCESS": "^OK",
    "SMS_SENDER": "PMCNGV",
    "SMS_ENTITY_ID": "1101",
    "SMS_TEMPLATES": "sms.toml",
    "LETTERHEAD": "crest.png",
    "OUTWARD_NUMBER": "मनपा/",
    "OFFICE": "कक्ष | पत्ता",
    "SIGNATORY": "(नाव) | पदनाम |",
    **{name.upper(): name for name in KEYS},
    "X_MONTHLY_BUDGET": "250",
    **dict.fromkeys(PRICES, "0.001"),
}


TEMPLATES = """
[approved]
id = "1107000000000000001"
text = "{#var#} {#var#}"
variables = ["title", "link"]
"""


def test_every_setting_is_taken_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "sms.toml").write_text(TEMPLATES)
    settings = read(tmp_path, **GOOD)
    assert settings.database_url == GOOD["DATABASE_URL"]
    assert settings.secret_key == GOOD["SECRET_KEY"]
    assert settings.token_keys == (KEY, OTHER_KEY)
    assert (settings.base_url, settings.is_tls) == ("https://city.example", True)
    assert (settings.trusted_proxies, settings.media.bucket) == (2, "pune-media")
    assert (settings.smtp_url, settings.mail_from) == (GOOD["SMTP_URL"], GOOD["MAIL_FROM"])
    assert (settings.city.name_en, settings.city.name_mr, settings.city.code) == (
        "Another City",
        "दुसरे शहर",
        "TEST",
    )
    assert settings.second_factor_from == date(2027, 1, 15)
    press = settings.delivery
    assert (press.lease, press.send_deadline) == (10.0, 4.5)
    assert press.looks == (0.2, 0.5)
    platform_names = [setting.name for setting in PLATFORM_SETTINGS]
    assert settings.platforms == {name: GOOD[name.upper()] for name in platform_names}


@pytest.mark.parametrize(
    ("address", "variables"),
    [
        ("", {}),
        ("media@pmc.example", {"REPLY_TO": "media@pmc.example"}),
        ("city@pmc.example", {"IMAP_URL": "imaps://cell@mail.example"}),
        ("cell@pmc.example", {"IMAP_URL": "imaps://cell%40pmc.example:word@mail.example"}),
        ("media@pmc.example", {"IMAP_URL": GOOD["IMAP_URL"], "REPLY_TO": "media@pmc.example"}),
    ],
)
def test_replies_go_to_the_mailbox_that_is_read(
    tmp_path: Path, address: str, variables: dict[str, str]
) -> None:
    assert read(tmp_path, MAIL_FROM=GOOD["MAIL_FROM"], **variables).reply_to == address


IMAP_TOKEN = {name: GOOD[name] for name in GOOD if name.startswith("IMAP_") and name != "IMAP_URL"}


def test_the_token_of_the_mailbox_is_read_and_its_secrets_are_not_printed(tmp_path: Path) -> None:
    assert read(tmp_path).imap_token is None
    token = read(tmp_path, **IMAP_TOKEN).imap_token
    assert token is not None
    assert (token.imap_client_id, token.imap_client_secret) == ("desk", "client-word")
    assert (token.imap_refresh_token, token.imap_scope) == ("refresh-word", "mail")
    assert "word" not in repr(token)


@pytest.mark.parametrize(
    "missing",
    [{"IMAP_CLIENT_ID"}, {"IMAP_CLIENT_SECRET"}, {"IMAP_REFRESH_TOKEN", "IMAP_SCOPE"}],
)
def test_a_token_that_is_half_set_is_refused_without_its_secrets(
    tmp_path: Path, missing: set[str]
) -> None:
    given = {name: text for name, text in IMAP_TOKEN.items() if name not in missing}
    with pytest.raises(WrongSetting, match="IMAP_TOKEN_URL") as refusal:
        read(tmp_path, **given)
    assert "-word" not in str(refusal.value)
    with pytest.raises(WrongSetting, match="IMAP_TOKEN_URL"):
        read(tmp_path, **{**IMAP_TOKEN, "IMAP_TOKEN_URL": "http://login.example/token"})


def test_the_web_server_listens_where_it_is_set(tmp_path: Path) -> None:
    default = read(tmp_path).serving
    assert (default.bind, default.workers, default.threads) == (
        (BindAddress("127.0.0.1", 8000),),
        *(2, 4),
    )
    serving = read(tmp_path, **GOOD | {"SMS_TEMPLATES": ""}).serving
    assert serving.bind == (
        BindAddress("10.0.0.7", 8080),
        BindAddress("::1", 8081),
        BindAddress(path="/run/city/web.sock"),
    )
    assert ",".join(map(str, serving.bind)) == GOOD["BIND"].replace(" ", "")
    assert (serving.workers, serving.threads) == (3, 16)
    longest = f"unix:/{'a' * 106}"
    assert list(map(str, read(tmp_path, BIND=longest).serving.bind)) == [longest]


def test_papers_have_what_the_city_wrote(tmp_path: Path) -> None:
    assert read(tmp_path).papers == PaperSettings(None, (), "", ())
    (tmp_path / "sms.toml").write_text(TEMPLATES)
    papers = read(tmp_path, **GOOD).papers
    assert papers == PaperSettings(
        tmp_path / "crest.png", ("कक्ष", "पत्ता"), "मनपा/", ("(नाव)", "पदनाम")
    )


def test_facebooks_dialog_is_where_its_interface_is_if_that_is_the_sandbox(tmp_path: Path) -> None:
    assert read(tmp_path).platforms["facebook_web_url"] == "https://www.facebook.com"
    here = read(tmp_path, GRAPH_API_URL="http://127.0.0.1:9002").platforms
    assert here["facebook_web_url"] == "http://127.0.0.1:9002"


def test_without_a_help_desk_none_is_promised(tmp_path: Path) -> None:
    assert read(tmp_path).help_desk == HelpDesk("", "", None)


def test_the_help_desk_is_read_with_its_days_and_hours(tmp_path: Path) -> None:
    help_settings = {name: GOOD[name] for name in ("HELP_PHONE", "HELP_MAIL", "HELP_HOURS")}
    desk = read(tmp_path, **help_settings).help_desk
    assert (desk.phone, desk.mail) == (GOOD["HELP_PHONE"], GOOD["HELP_MAIL"])
    assert desk.hours == Hours(0, 5, time(10), time(18, 30))


def test_help_may_be_there_on_one_day_alone(tmp_path: Path) -> None:
    desk = read(tmp_path, HELP_HOURS="wed 9:00-12:00").help_desk
    assert desk.hours == Hours(2, 2, time(9), time(12))


def test_the_sms_gateway_is_read_with_its_templates(tmp_path: Path) -> None:
    assert not read(tmp_path).sms.is_set
    (tmp_path / "sms.toml").write_text(TEMPLATES)
    sms = read(tmp_path, **GOOD).sms
    assert sms.is_set
    assert (sms.sms_url, sms.sms_method) == (GOOD["SMS_URL"], "GET")
    assert sms.sms_headers == {"Content-Type": "application/json"}
    assert (sms.sms_body, sms.sms_success) == (GOOD["SMS_BODY"], "^OK")
    assert (sms.sms_sender, sms.sms_entity_id) == ("PMCNGV", "1101")
    template = SmsTemplate("1107000000000000001", "{#var#} {#var#}", ("title", "link"))
    assert sms.sms_templates == {"approved": template}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"1107000000000000001"', '"none"'),
        (', "link"', ""),
        ("[approved]", "[approved"),
        ("id", "x"),
    ],
)
def test_a_template_that_makes_no_sense_stops_the_start(
    tmp_path: Path, right: str, wrong: str
) -> None:
    (tmp_path / "sms.toml").write_text(TEMPLATES.replace(right, wrong, 1))
    with pytest.raises(WrongSetting, match="id, text and variables"):
        read(tmp_path, SMS_TEMPLATES="sms.toml")


def test_each_group_has_the_defaults_of_its_settings_by_itself() -> None:
    assert Settings() == load({}, folder=Path())
    assert ServingSettings() == ServingSettings((BindAddress("127.0.0.1", 8000),), 2, 4)


def test_a_setting_is_declared_at_one_place() -> None:
    @dataclass(frozen=True)
    class Fountain:
        jets: int = setting(whole(1, 9), "write how many, such as 3", "3")
        valve: str = setting(matching("[0-9]+"), "write its number", name="MAIN_VALVE")
        key: str = setting(read_long_secret, KEY_HINT, is_secret=True)

    texts = {"MAIN_VALVE": "7", "KEY": "k" * 32}
    fountain = Reader(texts).read_group(Fountain)
    assert fountain == Fountain(3, "7", "k" * 32)
    assert repr(fountain).endswith("Fountain(jets=3, valve='7')")
    for name, text, says in (
        ("JETS", "10", "'10': write how many, such as 3"),
        ("MAIN_VALVE", "x", "'x': write its number"),
        ("KEY", "short", KEY_HINT),
    ):
        with pytest.raises(WrongSetting) as wrong:
            Reader({**texts, name: text}).read_group(Fountain)
        assert str(wrong.value) == f"NAGARVANI_{name}: {says}"


def test_an_env_file_is_read_and_the_environment_goes_before_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "NAGARVANI_CITY_CODE=FILE\nNAGARVANI_BASE_URL=http://file.example\nOTHER=1\n"
    )
    settings = read(tmp_path, CITY_CODE="SHELL")
    assert (settings.city.code, settings.base_url) == ("SHELL", "http://file.example")


def test_names_without_our_prefix_are_none_of_ours(tmp_path: Path) -> None:
    foreign = {"CITY_CODE": "wrong", "DATABASE_URL": "wrong"}
    assert load(foreign, folder=tmp_path) == read(tmp_path)


def test_an_empty_setting_is_as_good_as_none(tmp_path: Path) -> None:
    assert read(tmp_path, **dict.fromkeys(GOOD, "")) == read(tmp_path)


WRONG = [
    ("DATABASE_URL", "mysql://db/house", "sqlite:////path/to/file.db or postgresql://"),
    ("DATABASE_URL", "postgresql://house:Vani@2026/x@db.example/house", "@ is written %40"),
    ("DATABASE_URL", "nagarvani.db", "sqlite:////path/to/file.db or postgresql://"),
    ("DATABASE_URL", "sqlite://", "sqlite:////path/to/file.db or postgresql://"),
    ("DATABASE_URL", "sqlite:///", "sqlite:////path/to/file.db or postgresql://"),
    ("DATABASE_URL", "sqlite://file.db", "sqlite:////path/to/file.db or postgresql://"),
    ("DATABASE_URL", "postgresql://", "sqlite:////path/to/file.db or postgresql://"),
    ("SECRET_KEY", "k" * 31, "at least 32 characters"),
    ("TOKEN_KEYS", "short", "write the keys"),
    ("TOKEN_KEYS", f"{KEY},{'k' * 44}", "write the keys"),
    ("BASE_URL", "city.example", "http://"),
    ("BASE_URL", "ftp://city.example", "http://"),
    ("BASE_URL", "https://", "https://"),
    ("BASE_URL", "http://[::1", "http://"),
    ("BASE_URL", "http://city.example:port", "http://"),
    ("BASE_URL", "http://city.example:99999", "http://"),
    ("METRICS_TOKEN", "short", "at least 32 characters"),
    ("TRUSTED_PROXIES", "one", "write how many, such as 1"),
    ("TRUSTED_PROXIES", "-1", "write how many, such as 1"),
    ("TRUSTED_PROXIES", "1.5", "write how many, such as 1"),
    *(
        ("BIND", text, "such as 127.0.0.1:8000 or [::1]:8000")
        for text in (
            *("8000", ":8000", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:http"),
            *("1.2.3:80", "1.2.3.256:80", "::1:8000", "[127.0.0.1]:80", "http://city.example:80"),
            *("unix:web.sock", "unix:/run/", "unix:", f"unix:/{'a' * 107}", f"unix:/{'अ' * 36}"),
            *("127.0.0.1:80,", "127.0.0.1:80,127.0.0.1:80", "unix:/a/b,unix:/a//b", "शहर:80"),
        )
    ),
    ("WORKERS", "0", "from 1 to 64"),
    ("WORKERS", "65", "from 1 to 64"),
    ("WORKERS", "two", "from 1 to 64"),
    ("WORKERS", "२", "from 1 to 64"),
    ("THREADS", "17", "from 1 to 16"),
    ("THREADS", "-4", "from 1 to 16"),
    ("SMTP_URL", "mail.example:25", "smtp:// or smtps://"),
    ("SMTP_URL", "http://mail.example", "smtp:// or smtps://"),
    ("IMAP_URL", "mail.example:993", "imap:// or imaps://"),
    ("CLAMD_URL", "127.0.0.1:3310", "tcp://host:port or unix:/path"),
    ("CLAMD_URL", "tcp://127.0.0.1", "tcp://host:port or unix:/path"),
    ("CLAMD_URL", "tcp://127.0.0.1:99999", "tcp://host:port or unix:/path"),
    ("CLAMD_URL", "unix://clamd.ctl", "tcp://host:port or unix:/path"),
    ("CLAMD_URL", "http://scanner.example:80", "tcp://host:port or unix:/path"),
    ("IMAP_TOKEN_URL", "login.example", "https://"),
    ("REPLY_TO", "media", "cell@pmc.example"),
    ("MAIL_FROM", "city", "write it as"),
    ("MAIL_FROM", "@pmc.example", "write it as"),
    ("MAIL_SERVER", "mail pmc", "mail.pmc.example"),
    ("MAIL_SERVER_HOPS", "-1", "write how many"),
    ("CITY_CODE", "P", "2 to 8 capital letters"),
    ("CITY_CODE", "pmc", "2 to 8 capital letters"),
    ("CITY_CODE", "PMC/1", "2 to 8 capital letters"),
    ("CITY_CODE", "पुणे", "2 to 8 capital letters"),
    ("CITY_CODE", "ABCDEFGHI", "2 to 8 capital letters"),
    ("HELP_PHONE", "the Cell", "write it as 020-5550-0100"),
    ("HELP_PHONE", "०२०-५५५०", "write it as 020-5550-0100"),
    ("HELP_MAIL", "help", "write it as help@pmc.example"),
    ("HELP_HOURS", "always", "mon-sat 10:00-18:00"),
    ("HELP_HOURS", "mon-son 10:00-18:00", "mon-sat 10:00-18:00"),
    ("HELP_HOURS", "mon-sat 18:00-10:00", "mon-sat 10:00-18:00"),
    ("HELP_HOURS", "mon-sat 10:00-25:00", "mon-sat 10:00-18:00"),
    ("X_API_URL", "api.twitter.com", "https:// or http://"),
    ("X_SIGNED_URL", "api.x.com", "https:// or http://"),
    ("X_WEB_URL", "x.com", "https:// or http://"),
    ("GRAPH_API_URL", "graph", "https:// or http://"),
    ("FACEBOOK_WEB_URL", "facebook", "https:// or http://"),
    ("GRAPH_API_VERSION", "26.0", "v26.0"),
    ("GRAPH_API_VERSION", "v26", "v26.0"),
    ("LEASE", "two minutes", "write seconds, such as 120"),
    ("LEASE", "0", "write seconds, such as 120"),
    ("LEASE", "-120", "write seconds, such as 120"),
    ("LEASE", "nan", "write seconds, such as 120"),
    ("LEASE", "inf", "write seconds, such as 120"),
    ("SEND_DEADLINE", "soon", "write seconds, such as 45"),
    ("SEND_DEADLINE", "0", "write seconds, such as 45"),
    ("SEND_DEADLINE", "nan", "write seconds, such as 45"),
    ("SEND_DEADLINE", "60", "shorter than half of NAGARVANI_LEASE"),
    ("LOOKS", "20;60", "write seconds, such as 20,60,300,900"),
    ("LOOKS", "20,,60", "write seconds, such as 20,60,300,900"),
    ("LOOKS", "20,-1", "write seconds, such as 20,60,300,900"),
    ("CLOCK_NAME", "a/b", "write a name, such as clock-1"),
    ("SECOND_FACTOR_FROM", "15-01-2027", "write a day, such as 2027-01-15"),
    ("SMS_URL", "gateway.example", "https:// or http://"),
    ("SMS_METHOD", "PUT", "write GET or POST"),
    ("SMS_HEADERS", "Content-Type: text", "write a JSON object of texts"),
    ("SMS_HEADERS", '["a"]', "write a JSON object of texts"),
    ("SMS_SUCCESS", "(", "write a regular expression"),
    ("SMS_TEMPLATES", "nowhere.toml", "name a TOML file"),
    *((name, "cheap", "write dollars from 0 to 999") for name in PRICES),
    ("X_MONTHLY_BUDGET", "0", "write whole dollars from 1 on"),
]


@each("name, value, says", WRONG)
def test_a_wrong_setting_is_named_with_what_to_write(
    tmp_path: Path, name: str, value: str, says: str
) -> None:
    with pytest.raises(WrongSetting) as wrong:
        read(tmp_path, **{name: value})
    assert wrong.value.name == name
    assert str(wrong.value).startswith(f"NAGARVANI_{name}: ")
    assert says in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_every_setting_that_can_be_wrong_is_tried_here(tmp_path: Path) -> None:
    free = {name for name in GOOD if name.startswith("MEDIA_")}  # in test_media_settings.py
    free |= {"CITY_NAME", "CITY_NAME_MR", "SMS_BODY", "SMS_SENDER", "SMS_ENTITY_ID"}
    free |= {"LETTERHEAD", "OFFICE", "OUTWARD_NUMBER", "SIGNATORY"}
    free |= {"IMAP_CLIENT_ID", "IMAP_CLIENT_SECRET", "IMAP_REFRESH_TOKEN", "IMAP_SCOPE"}
    free |= {name.upper() for name in KEYS} - {"X_MONTHLY_BUDGET"}
    assert {name for name, _, _ in WRONG} == set(GOOD) - free


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://house:tell-nobody@db/house"),
        ("SECRET_KEY", "tell-nobody"),
        ("SMTP_URL", "post:tell-nobody@mail.example"),
        ("IMAP_URL", "post:tell-nobody@mail.example"),
        ("TOKEN_KEYS", "tell-nobody"),
        ("SMS_URL", "tell-nobody"),
        ("SMS_HEADERS", "tell-nobody"),
    ],
)
def test_an_error_does_not_repeat_what_may_be_a_secret(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(WrongSetting) as wrong:
        read(tmp_path, **{name: value})
    error: BaseException | None = wrong.value
    while error is not None:
        assert "tell-nobody" not in str(error)
        error = None if error.__suppress_context__ else (error.__cause__ or error.__context__)


def test_an_error_shows_what_was_written_otherwise(tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match="'ten'"):
        read(tmp_path, LEASE="ten")


@pytest.mark.parametrize(
    ("variables", "reach"),
    [
        ({}, Reach.PUBLIC),
        ({"X_API_URL": "http://127.0.0.1:9101"}, Reach.LOOPBACK),
        ({"X_API_URL": "https://x.example"}, Reach.PUBLIC),
        ({"LINK_REACH": "none"}, Reach.NONE),
        ({"X_API_URL": "http://127.0.0.1:1", "LINK_REACH": "public"}, Reach.PUBLIC),
    ],
)
def test_links_are_looked_at_as_far_as_the_platforms_are(
    variables: dict[str, str], reach: Reach, tmp_path: Path
) -> None:
    assert read(tmp_path, **variables).link_reach is reach


def test_another_reach_of_links_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match="write public, loopback or none"):
        read(tmp_path, LINK_REACH="everywhere")
