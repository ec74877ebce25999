"""A folder or a bucket: what the settings may say, and what is refused in one sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from publisher.media.configured_store import open_store
from publisher.media.folder_store import FolderStore
from publisher.media.object_store import ObjectStore
from publisher.operations.start_checks import check_written
from publisher.settings.catalogue import settings_in_force, unknown_variables
from publisher.settings.environment import Settings, load
from publisher.settings.reader import WrongSetting
from tests.support.certificates import self_signed_certificate
from tests.support.tables import each

SECRET = "tell-nobody"
BUCKET = {
    "MEDIA_URL": "s3://pune-media/city",
    "MEDIA_ENDPOINT": "https://s3.pmc.example/",
    "MEDIA_KEY": "key-of-the-city",
    "MEDIA_SECRET": SECRET,
    "MEDIA_CACHE_DIR": "/var/cache/nagarvani/media",
}


def named(variables: dict[str, str]) -> dict[str, str]:
    return {f"NAGARVANI_{name}": text for name, text in variables.items()}


def read(folder: Path, **variables: str) -> Settings:
    return load(named(variables), folder=folder)


def refused(folder: Path, **variables: str) -> WrongSetting:
    """Return the refusal of these settings, which repeats no secret, and no cause of it does."""
    with pytest.raises(WrongSetting) as caught:
        read(folder, **variables)
    error: BaseException | None = caught.value
    while error is not None:
        assert SECRET not in str(error)
        error = None if error.__suppress_context__ else (error.__cause__ or error.__context__)
    return caught.value


def test_a_bucket_is_read_with_its_defaults(tmp_path: Path) -> None:
    settings = read(tmp_path, **BUCKET)
    media = settings.media
    assert (media.bucket, media.prefix, media.address) == ("pune-media", "city", media.media_url)
    assert (media.media_endpoint, media.media_region) == ("https://s3.pmc.example", "us-east-1")
    assert (media.media_key, media.media_secret) == ("key-of-the-city", SECRET)
    assert (media.media_path_style, media.media_ca_file, media.media_cache_mb) == (True, "", 5_000)
    assert media.media_cache_dir == Path("/var/cache/nagarvani/media")
    assert not any(word in repr(settings) for word in (SECRET, "key-of-the-city"))
    store = open_store(settings)
    assert isinstance(store, ObjectStore)
    assert store.address == "s3://pune-media/city"


def test_a_bucket_is_read_with_all_that_can_be_set(tmp_path: Path) -> None:
    certificate = self_signed_certificate(tmp_path)
    others = {"MEDIA_REGION": "RegionOne", "MEDIA_PATH_STYLE": "0", "MEDIA_CACHE_MB": "100"}
    media = read(tmp_path, **BUCKET, **others, MEDIA_CA_FILE=str(certificate)).media
    assert (media.media_region, media.media_path_style) == ("RegionOne", False)
    assert (media.media_ca_file, media.media_cache_mb) == (str(certificate), 100)


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({}, "var/media"),
        ({"MEDIA_DIR": "/srv/media"}, "/srv/media"),
        ({"MEDIA_URL": "file:///srv/media/"}, "/srv/media"),
        ({"MEDIA_URL": "file:///srv/the%20media"}, "/srv/the media"),
    ],
)
def test_a_folder_has_two_ways_to_be_written(
    tmp_path: Path, variables: dict[str, str], folder: str
) -> None:
    settings = read(tmp_path, **variables)
    assert settings.media.media_dir == tmp_path / folder
    assert settings.media.address == str(tmp_path / folder)
    assert settings.media.bucket == ""
    store = open_store(settings)
    assert isinstance(store, FolderStore)
    assert store.root == tmp_path / folder


@each(
    "url",
    [
        *(
            "pune-media",
            "/srv/media",
            "file:srv/media",
            "file://host/srv",
            "s3:pune-media",
            "s3://",
        ),
        *("s3://AB", "s3://a", "s3://Pune-Media", "s3://pune_media", "s3://pune-media:9000"),
        *("s3://pune-media//city", "s3://pune-media/../city", "s3://pune-media/./city"),
        *(
            "s3://pune-media/a b",
            "s3://pune-media?region=x",
            "s3://pune-media#x",
            "gs://pune-media",
        ),
        *("https://s3.pmc.example/pune-media", f"s3://key:{SECRET}@pune-media", "s3://[::1"),
    ],
)
def test_an_address_of_nonsense_is_refused(tmp_path: Path, url: str) -> None:
    refusal = refused(tmp_path, **BUCKET | {"MEDIA_URL": url})
    assert refusal.name == "MEDIA_URL"
    assert "s3://bucket/prefix without a key in it" in str(refusal)


WRONG = [
    ("MEDIA_ENDPOINT", "", "without key and secret"),
    ("MEDIA_ENDPOINT", "s3.pmc.example", "such as https://s3.pmc.example"),
    ("MEDIA_ENDPOINT", "ftp://s3.pmc.example", "such as https://s3.pmc.example"),
    ("MEDIA_ENDPOINT", f"https://key:{SECRET}@s3.pmc.example", "without key and secret"),
    ("MEDIA_ENDPOINT", f"https://s3.pmc.example/?secret={SECRET}", "without key and secret"),
    ("MEDIA_REGION", "us east", "such as us-east-1"),
    ("MEDIA_PATH_STYLE", "yes", "write 1 or 0"),
    ("MEDIA_CA_FILE", "nowhere.pem", "PEM"),
    ("MEDIA_KEY", "", "NAGARVANI_MEDIA_KEY_FILE"),
    ("MEDIA_KEY", "key of the city", "NAGARVANI_MEDIA_KEY_FILE"),
    ("MEDIA_SECRET", "", "NAGARVANI_MEDIA_SECRET_FILE"),
    ("MEDIA_SECRET", f"{SECRET} {SECRET}", "NAGARVANI_MEDIA_SECRET_FILE"),
    ("MEDIA_CACHE_MB", "99", "from 100 on"),
    ("MEDIA_CACHE_MB", "many", "from 100 on"),
]


@each("name, text, hint", WRONG)
def test_a_wrong_setting_of_a_bucket_is_named_with_what_to_write(
    tmp_path: Path, name: str, text: str, hint: str
) -> None:
    refusal = refused(tmp_path, **BUCKET | {name: text})
    assert refusal.name == name
    assert hint in str(refusal)
    assert "\n" not in str(refusal)


def test_an_own_authority_has_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    file = str(tmp_path / "no.pem")
    assert refused(tmp_path, **BUCKET, MEDIA_CA_FILE=file).name == "MEDIA_CA_FILE"


@pytest.mark.parametrize("name", ["MEDIA_KEY", "MEDIA_SECRET"])
def test_a_credential_may_be_in_a_file_of_its_own(tmp_path: Path, name: str) -> None:
    file = tmp_path / "credential"
    variables = {key: text for key, text in BUCKET.items() if key != name}
    variables[f"{name}_FILE"] = str(file)
    for text in (None, "", "\n", f"{SECRET}\n{SECRET}\n", "गुप्त"):
        if text is not None:
            file.write_text(text)
        refusal = refused(tmp_path, **variables)
        assert refusal.name == f"{name}_FILE"
        assert str(file) in str(refusal)
    assert refused(tmp_path, **variables | {f"{name}_FILE": str(tmp_path)}).name == f"{name}_FILE"
    file.write_text(f" {SECRET}\n")
    media = read(tmp_path, **variables).media
    assert SECRET in (media.media_key, media.media_secret)
    assert SECRET not in repr(media)
    both = refused(tmp_path, **variables, **{name: SECRET})
    assert both.name == name
    assert "only one of them can count" in str(both)


def test_a_folder_and_an_address_together_are_refused(tmp_path: Path) -> None:
    for url in (BUCKET["MEDIA_URL"], "file:///srv/media"):
        refusal = refused(tmp_path, **BUCKET | {"MEDIA_URL": url}, MEDIA_DIR="/srv/media")
        assert refusal.name == "MEDIA_DIR"
        assert "MEDIA_URL says where media are kept" in str(refusal)


def test_the_catalogue_shows_where_media_are_and_no_credential(tmp_path: Path) -> None:
    environment = named(BUCKET)
    rows = settings_in_force(load(environment, folder=tmp_path), environment, folder=tmp_path)
    texts = {row.name: row.text for row in rows if row.name.startswith("MEDIA_")}
    assert texts["MEDIA_URL"] == "s3://pune-media/city"
    assert (texts["MEDIA_KEY"], texts["MEDIA_SECRET"]) == ("***", "***")
    assert (texts["MEDIA_PATH_STYLE"], texts["MEDIA_CACHE_MB"]) == ("1", "5000")
    assert not any(word in str(rows) for word in (SECRET, "key-of-the-city"))
    close = named({"MEDIA_BUCKET": "x", "MEDIA_SECRETS": "x", "MEDIA_CACHE": "x"})
    nearest = unknown_variables(close, folder=tmp_path)
    assert nearest["MEDIA_SECRETS"] == "MEDIA_SECRET"
    assert nearest.keys() == {"MEDIA_BUCKET", "MEDIA_SECRETS", "MEDIA_CACHE"}


def test_the_catalogue_says_that_a_credential_is_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    named_file = {**BUCKET, "MEDIA_SECRET_FILE": str(tmp_path / "secret")}
    environment = named({name: text for name, text in named_file.items() if name != "MEDIA_SECRET"})
    rows = settings_in_force(load(environment, folder=tmp_path), environment, folder=tmp_path)
    (secret,) = (row for row in rows if row.name == "MEDIA_SECRET")
    assert (secret.text, secret.origin) == ("***", "file")
    other = named({"CITY_CODE_FILE": str(tmp_path / "secret")})  # no setting: it is not read
    rows = settings_in_force(load(other, folder=tmp_path), other, folder=tmp_path)
    assert not [row.name for row in rows if row.origin == "file"]


def test_with_https_the_place_of_media_has_to_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bucket stands for the folder; its copies need a place that no command guesses."""
    for name, text in named(
        {
            **{name: text for name, text in BUCKET.items() if name != "MEDIA_CACHE_DIR"},
            "BASE_URL": "https://city.example",
            "DATABASE_URL": "postgresql://city@db.example/city",
            "SECRET_KEY": "k" * 32,
        }
    ).items():
        monkeypatch.setenv(name, text)
    monkeypatch.chdir(tmp_path)
    settings = load()
    with pytest.raises(WrongSetting, match="MEDIA_CACHE_DIR: has to be set") as caught:
        check_written(settings)
    assert "NAGARVANI_MEDIA_DIR" not in str(caught.value)
    monkeypatch.setenv("NAGARVANI_MEDIA_CACHE_DIR", "copies")
    with pytest.raises(WrongSetting, match="MEDIA_CACHE_DIR: has to begin with /"):
        check_written(load())
    monkeypatch.setenv("NAGARVANI_MEDIA_CACHE_DIR", "/var/cache/nagarvani/media")
    check_written(load())
    monkeypatch.delenv("NAGARVANI_MEDIA_URL")
    with pytest.raises(WrongSetting) as caught:
        check_written(load())
    assert caught.value.name == "MEDIA_DIR"
    assert "or in its place NAGARVANI_MEDIA_URL" in str(caught.value)
    assert "MEDIA_CACHE_DIR" not in str(caught.value)
    folder = replace(load().media, media_url="file:///srv/media", media_dir=Path("/srv/media"))
    check_written(replace(load(), media=folder))
