"""A real Dovecot on loopback, in a folder of the run; 2.4 or newer."""

from __future__ import annotations

import grp
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from imaplib import IMAP4
from pathlib import Path
from urllib.parse import quote

from tests.support import runs
from tests.support.processes import free_port

NAME, PASSWORD = "cell@pmc.example", "p@ss word"
OLDEST = (2, 4)
LDA = "/usr/lib/dovecot/dovecot-lda"
_OF_ROOT = """
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
first_valid_gid = 1
"""
_OF_A_USER = """
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 1
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
}}
"""
_CONFIGURATION = """
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = {folder}/base
state_dir = {folder}/base
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
auth_allow_cleartext = yes
auth_mechanisms = plain login{oauth_mechanism}
mail_driver = maildir
mail_path = {folder}/mail
{tls}
{users}
{oauth}
passdb static {{
  password = {password}
}}
userdb static {{
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
"""
_TLS = """
ssl = yes
ssl_server_cert_file = {certificate}
ssl_server_key_file = {certificate}
"""
# Whether a token counts is asked of the address that ends with it.
_OAUTH = """
oauth2_introspection_mode = get
oauth2_introspection_url = {introspection}
oauth2_username_attribute = user
oauth2_active_attribute = active
oauth2_active_value = true
passdb oauth2 {{
  mechanisms_filter = xoauth2
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """A running Dovecot with one mailbox; `tls_port` is 0 without a certificate."""

    folder: Path
    port: int
    tls_port: int

    @property
    def url(self) -> str:
        """The address, for the product's settings."""
        return f"imap://{quote(NAME)}:{quote(PASSWORD)}@127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """The address with TLS from the first byte."""
        return f"imaps://{quote(NAME)}:{quote(PASSWORD)}@127.0.0.1:{self.tls_port}"

    def deliver(self, *messages: bytes) -> None:
        """Put messages into the mailbox, byte by byte as they are."""
        with self._client() as client:
            for message in messages:
                # imaplib's own append would turn each line end into CRLF.
                client.literal = message  # type: ignore[assignment]  # as append() itself sets it
                typ, answer = client._simple_command("APPEND", "INBOX")
                assert typ == "OK", answer

    def hand_over(self, message: bytes, *, sender: str, folder: str = "INBOX") -> None:
        """Deliver a message as a mail server does, by Dovecot's own delivery program."""
        configuration = ("-c", str(self.folder / "dovecot.conf"))
        target = ("-d", NAME, "-f", sender, "-m", folder, "-o", "lda_mailbox_autocreate=yes")
        subprocess.run([LDA, *configuration, *target], input=message, check=True, timeout=60)

    def flags(self) -> list[tuple[str, ...]]:
        """Return the flags of each message, in their order."""
        with self._client() as client:
            client.select("INBOX", readonly=True)
            _typ, lines = client.fetch("1:*", "(FLAGS)")
        found = (re.search(rb"FLAGS \((.*?)\)", line) for line in lines if isinstance(line, bytes))
        own = (match[1].decode().split() for match in found if match)
        return [tuple(flag for flag in flags if flag != r"\Recent") for flags in own]

    def flag(self, number: int, flag: str) -> None:
        """Set a flag of a message as another program would."""
        with self._client() as client:
            client.select("INBOX")
            client.store(str(number), "+FLAGS", flag)
            client.unselect()

    def renumber(self) -> None:
        """Lose the list of UIDs, so that the mailbox gets a new UIDVALIDITY."""
        for file in (self.folder / "mail").glob("dovecot*"):
            file.unlink()
        validity = self.folder / "mail" / "dovecot-uidvalidity.00000001"
        validity.touch()
        shutil.chown(validity, *_owner_of(self.folder / "mail"))

    @contextmanager
    def _client(self) -> Iterator[IMAP4]:
        client = IMAP4("127.0.0.1", self.port, timeout=10)
        try:
            client.login(NAME, PASSWORD)
            yield client
        finally:
            client.shutdown()


def missing() -> str:
    """Return why Dovecot cannot be started here; empty if it can."""
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        return "Dovecot is not installed: apt-get install dovecot-imapd"
    version = subprocess.check_output([program, "--version"], text=True).split()[0]
    if tuple(int(part) for part in version.split("-")[0].split(".")[:2]) < OLDEST:
        return f"Dovecot {version} is older than 2.4"
    return ""


@contextmanager
def serving(certificate: Path | None = None, introspection: str = "") -> Iterator[Dovecot]:
    """Run Dovecot while the context is open, also with TLS if there is a certificate.

    With the address of an introspection, which the token is added to, it takes XOAUTH2 as well.
    """
    folder = runs.current().folder / f"dovecot-{os.getpid()}-{free_port()}"
    port, tls_port = free_port(), free_port() if certificate else 0
    (folder / "mail").mkdir(parents=True)
    folder.chmod(0o711)
    if os.geteuid() == 0:
        shutil.chown(folder / "mail", "nobody", "nogroup")
    configuration = _CONFIGURATION.format(
        folder=folder,
        port=port,
        tls_port=tls_port,
        password=f'"{PASSWORD}"',
        users=_users(),
        oauth_mechanism=" xoauth2" if introspection else "",
        oauth=_OAUTH.format(introspection=introspection) if introspection else "",
        tls=_TLS.format(certificate=certificate) if certificate else "ssl = no",
    )
    (folder / "dovecot.conf").write_text(configuration)
    command = ["/usr/sbin/dovecot", "-F", "-c", str(folder / "dovecot.conf")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    dovecot = Dovecot(folder, port, tls_port)
    try:
        if not runs.wait_until(lambda: _answers(dovecot), within=20):
            raise AssertionError((folder / "log").read_text())
        yield dovecot
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _users() -> str:
    if os.geteuid() == 0:
        return _OF_ROOT
    return _OF_A_USER.format(
        user=pwd.getpwuid(os.geteuid()).pw_name,
        group=grp.getgrgid(os.getegid()).gr_name,
        uid=os.geteuid(),
        gid=os.getegid(),
    )


def _answers(dovecot: Dovecot) -> bool:
    try:
        with dovecot._client():
            return True
    except (OSError, IMAP4.error):
        return False


def _owner_of(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_uid, status.st_gid
