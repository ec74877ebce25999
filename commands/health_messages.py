"""The messages of health findings; each says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from publisher.operations.health_checks import HealthFinding
from publisher.operations.store_identity import NO_MEDIA, OTHER_STORE
from publisher.settings.reader import PREFIX

SENTENCES: Final[Mapping[str, str]] = {
    "settings_read": "read; people reach the pages at {base_url}",
    "unknown_near": f"{PREFIX}{{name}} is no setting and changes nothing; perhaps "
    f"{PREFIX}{{nearest}} is meant",
    "unknown_variable": f"{PREFIX}{{name}} is no setting and changes nothing; docs/settings.md has "
    "every setting",
    "secret_readable": "{file} holds a secret, and every user of this machine may read it: "
    "chmod 640 {file}, or 600, and change the secret",
    "no_tls": "{base_url} carries passwords in the clear: put a web server with TLS before it "
    f"and write https:// in {PREFIX}BASE_URL",
    "no_second_factor": "people reach {base_url} from everywhere and sign in by password alone: "
    f"write in {PREFIX}SECOND_FACTOR_FROM from which day they need a second factor, such as "
    "2027-01-15, and tell them",
    "no_help_desk": "no mail says whom to ask, and security.txt is missing: write "
    f"{PREFIX}HELP_PHONE and {PREFIX}HELP_MAIL, or one of them",
    "no_proxies": "{base_url} is served through a proxy, and none is trusted, so everybody seems "
    "to sign in from one address and is locked out together: write how many proxies are in front "
    f"in {PREFIX}TRUSTED_PROXIES, such as 1",
    "durable": "{url} answers and keeps what it confirms",
    "unreachable": f"{{url}} does not answer ({{detail}}): start it, or fix {PREFIX}DATABASE_URL",
    "disk_full": "{url} cannot be used, as its disk is full ({detail}): make room there, and "
    "everything goes on",
    "role_owns": "the role {role} owns the tables, and so may switch off what keeps the history "
    "from being changed; docs/running.md (On one machine, 3) has a second role for web and clock",
    "role_runs": "the role {role} may not alter the tables, nor what keeps the history from being "
    "changed",
    "no_database": f"there is no {{url}} yet: run nagarvani init, or fix {PREFIX}DATABASE_URL",
    "not_durable": "{url} may lose what it confirmed ({detail}): set it on the server",
    "keeps_idle_locks": "{url} keeps the locks of a process that is suspended: "
    "ALTER ROLE … SET idle_in_transaction_session_timeout = '30s' (docs/running.md, PgBouncer)",
    "at_head": "the tables are those of this version ({found})",
    "no_tables": "there are no tables yet: run nagarvani init",
    "behind": "the tables are those of another version ({found}, not {wanted}): "
    "run nagarvani init, or install the version that they belong to",
    "built": "translations and fonts are there",
    "not_built": "{file} is missing: install the wheel again, or in a checkout run "
    "python -m tools.build_assets",
    "shapes": "Devanagari is drawn right (raqm {raqm})",
    "no_shaping": "Devanagari in pictures breaks: apt-get install {package}",
    "writable": "{folder} can be written",
    "no_folder": f"{{folder}} is not there: run nagarvani init, or fix {PREFIX}MEDIA_DIR",
    "not_writable": "{folder} cannot be written ({detail}): make room, give this user the "
    f"folder, or name another in {PREFIX}MEDIA_DIR",
    "bucket_works": "{bucket} can be written, read, listed, and things in it removed",
    "bucket_write": "{bucket} cannot be written ({detail}): nothing can be handed in or prepared; "
    f"start the object store, make room in it, or fix {PREFIX}MEDIA_URL, {PREFIX}MEDIA_ENDPOINT "
    "and the key, which has to be allowed to put objects",
    "bucket_read": "{bucket} cannot be read ({detail}): no picture can be shown or published; let "
    "the key get objects",
    "bucket_list": "{bucket} cannot be listed ({detail}): backups and copies would be incomplete; "
    "let the key list the bucket",
    "bucket_remove": "nothing can be removed from {bucket} ({detail}): what has to be erased stays "
    "there; let the key delete objects",
    "cache_writable": "{folder} can be written",
    "cache_no_folder": "{folder} is not there; where it cannot be made, everything is fetched from "
    f"the bucket each time: run nagarvani init, or fix {PREFIX}MEDIA_CACHE_DIR",
    "cache_not_writable": "{folder} cannot be written ({detail}), so everything is fetched from "
    f"the bucket each time: make room, give this user the folder, or name another in "
    f"{PREFIX}MEDIA_CACHE_DIR",
    "store_same": "{store} is the store of this database ({wanted})",
    "store_not_laid": "{store} has no identity yet: init, or the first start of web or clock, lays "
    "one",
    "store_no_media": NO_MEDIA,
    "store_other": OTHER_STORE,
    "store_unmarked": OTHER_STORE,
    "store_away": "{store} does not answer, or cannot be read (the log says more): start or mount "
    "it, or correct its settings; until then web and clock do not start",
    "no_sms": f"no gateway is set ({PREFIX}SMS_URL): every notice goes by mail; people without "
    "mail cannot be invited, and no mobile number can be verified",
    "sms_half": f"{PREFIX}SMS_URL and {PREFIX}SMS_TEMPLATES belong together: "
    "write both, or neither",
    "sms_unknown": f"{PREFIX}SMS_TEMPLATES names what no notice says: {{unknown}}; "
    "look at docs/settings.md for kinds and variables",
    "sms_codes": f"by {{host}}, but {PREFIX}SMS_TEMPLATES has no template of these: {{codes}}; "
    "without invitation nobody without mail can be invited, without password_code no password is "
    "set by mobile number, without contact_code no mobile number is verified, without "
    "contact_change nobody is told at a mobile number that it is to be replaced, without "
    "sign_in_code nobody without mail signs in on an unknown device after many failures, without "
    "approval_code nobody approves by the link of a mail and a code",
    "sms_set": "by {host}, {kinds} kinds have a registered template; every other goes by mail",
    "sms_texts_proposed": "this version proposes other texts for {kinds}; the registered ones go "
    "on working: nagarvani config sms prints the proposals; register, then replace",
    "senders_checked": "senders are believed as {server} has checked them",
    "senders_unchecked": "the senders of mails are not checked, and mails of known addresses are "
    f"taken in all the same: name the city's own mail server in {PREFIX}MAIL_SERVER",
    "results_carried": "Authentication-Results of the last {number} mails: {carried}",
    "results_missing": "none of the last {number} mails has a result of {server} that counts: fix "
    f"{PREFIX}MAIL_SERVER or {PREFIX}MAIL_SERVER_HOPS ({{hops}}). They carry: {{carried}}",
    "mailbox_unset": f"no mailbox is read: name it in {PREFIX}IMAP_URL",
    "mailbox_failing": "{mailbox} cannot be read since {since}, and is tried again ({problem})",
    "mailbox_unread": "{mailbox} was not read to its end yet: is a clock running?",
    "mailbox_read": "{mailbox} was last read to its end at {at}",
    "mails_unreadable": "{number} mails could not be read, the last one at {last} ({reason}): they "
    "wait on /quarantine until somebody has marked them as seen",
    "mails_ignored": "ignored within {days} days: {counts}; nobody is told of these",
    "mail_server_answers": "{server} answers and lets us send; nagarvani mail test ADDRESS sends "
    "a mail",
    "mail_server_away": "{server} takes no mail ({problem}), so invitations, codes and notices "
    f"wait: start it, or fix {PREFIX}SMTP_URL (smtps:// speaks TLS from the first byte, smtp:// "
    "by STARTTLS)",
    "sender_default": "mails come from {sender}, which other mail servers refuse: write an address "
    f"of the city in {PREFIX}MAIL_FROM",
    "messages_wait": "{number} wait to be sent, the oldest since {since} (last answer: {reason})",
    "backup_written": "the newest is of {at}",
    "backup_late": "the newest is of {at}: see systemctl status nagarvani-backup.timer",
    "backup_failed": "the one of {failed_at} failed ({reason}); the newest is of {at}",
    "no_backup": "none was written yet: systemctl enable --now nagarvani-backup.timer",
    "scanner_unset": "files are not scanned for viruses: for that name a clamd in "
    f"{PREFIX}CLAMD_URL",
    "scanner_answers": "{version} answers",
    "scanner_away": f"{{url}} does not answer ({{problem}}): start it, or fix {PREFIX}CLAMD_URL; "
    "until then new files wait",
    "files_unscanned": "{number} files wait for the scanner, and nobody can open or publish them "
    "before (last answer: {problem}); if it is INSTREAM size limit exceeded, raise StreamMaxLength "
    "in clamd.conf",
    "no_letterhead": "papers begin with the city's name; for a picture above it, name a PNG or "
    f"JPEG in {PREFIX}LETTERHEAD",
    "letterhead_read": "{file} stands on the papers",
    "letterhead_broken": "{file} is no PNG or JPEG that can be read, so no paper can be made: name "
    f"another file in {PREFIX}LETTERHEAD, or none",
    "no_account": "none is connected: connect one on the page Accounts, or set "
    f"{PREFIX}X_… or {PREFIX}FACEBOOK_… and run nagarvani init",
    "token_works": "{account} on {platform} ({known_as}) can be used",
    "token_credentials": "{account} on {platform} ({handle}): its token no longer works; "
    "connect it again on the page Accounts, or set a new one and run nagarvani init",
    "token_credits": "{account} on {platform} ({handle}): the credits of our app are used up, so "
    "nothing is published or read there; buy credits in the platform's developer console, and all "
    "goes on within a quarter of an hour",
    "token_wrong_account": "{account} on {platform} ({handle}): its token belongs to {known_as}; "
    "set the right one and run nagarvani init",
    "token_permission": "{account} on {platform} ({handle}): its token lacks a permission; "
    "give the app what the docs list and make a new token",
    "token_unreachable": "{account} on {platform} ({handle}): the platform cannot be reached; "
    "look at this machine's way to the internet, and try again",
    "token_wrong_time": "{account} on {platform} ({handle}): the platform refuses what this "
    "machine signs, since its time is wrong; nothing has to be connected again",
    "paused": "{account} on {platform} ({handle}) has been paused since {since} (its token now: "
    "{token}): press Check again on the page Accounts, or connect it again there",
    "disconnected": "{account} on {platform} ({handle}) is disconnected: nothing leaves for it",
    "token_ends": "{account} on {platform} ({handle}): its access ends in {days} days, on {at}; "
    "connect it again on the page Accounts",
    "data_ends": "{account} on {platform} ({handle}): the access to comments ends in {days} days, "
    "on {at}; connect it again on the page Accounts",
    "rights_missing": "{account} on {platform} ({handle}): these rights are missing: {rights}; "
    "connect it again on the page Accounts and leave every permission ticked",
    "credits_used_up": "the credits of our app on {platform} have been used up since {since}, so "
    "nothing is published or read there; buy credits in the platform's developer console, and all "
    "goes on within a quarter of an hour",
    "looks_late": "{account} on {platform} ({handle}): {number} that are out were not looked at in "
    "their time, one of them since {since}, so what others change or delete there is noticed late; "
    "see whether the platform's reads or credits are used up, and look at the clock's log",
    "comments_unread": "{account} on {platform} ({handle}): comments were not read for thrice "
    "their interval, since {since} (posts: {posts}, mentions: {mentions}); see whether the "
    "platform's reads are used up, and look at the clock's log",
    "spent": "{platform}: ${spent} spent this month, estimate for the month ${estimate}; no budget "
    f"is set ({PREFIX}X_MONTHLY_BUDGET)",
    "spent_of_budget": "{platform}: ${spent} of ${budget} spent this month ({share} %), estimate "
    "for the month ${estimate}; from 80 % on see the page Accounts, which says what is read less "
    "often and what the money goes to",
    "webhooks_told": "{account} on {platform} ({handle}): webhooks bring its comments, which are "
    "polled every six hours too",
    "webhooks_unset": "{account} on {platform} ({handle}): webhooks are not set up, so its "
    f"comments are polled; for comments within seconds set {PREFIX}FACEBOOK_VERIFY_TOKEN "
    "as docs/running.md says",
    "webhooks_right_missing": "{account} on {platform} ({handle}): the permission to be told of "
    "comments (pages_manage_metadata) is missing, so they are polled; connect it again on the page "
    "Accounts and leave every permission ticked",
    "webhooks_not_subscribed": "{account} on {platform} ({handle}): the platform has not said "
    "within 15 minutes that it tells our app of comments, so they are polled; see that a clock "
    "runs, and connect it again on the page Accounts if this stays",
    "webhooks_late": "{account} on {platform} ({handle}): polling found comments of the last day "
    "that no webhook had brought, so they are polled as often as before; unless webhooks were set "
    "up today, look at the callback URL in the platform's app, at its certificate, and at the "
    "clock's log",
    "comments_unstored": "{account} on {platform} ({handle}): comments of the last 30 days that "
    "could not be stored and are in no inbox: {number}, the latest at {at} ({id}: {reason}); "
    "answer it on the platform, and report the reason. The table unstored_comments has each as it "
    "was read",
    "try_stopped": "all publishing is stopped, so nothing is tried: release the stop first",
    "two_steps_none": "{account} ({handle}): its platform knows no unpublished posts, so a test "
    "would be read by everybody; its access was only checked, above",
    "two_steps_work": "{account} ({handle}): a post was made unpublished, seen by nobody, and "
    "removed; from now on posts leave in two steps. Whether the second one publishes is seen with "
    "the first post",
    "two_steps_published": "{account} ({handle}): a post that was to be unpublished was public, "
    "and is removed; posts leave in one step",
    "two_steps_refused": "{account} ({handle}): an unpublished post is refused ({detail}); posts "
    "leave in one step",
    "two_steps_unknown": "{account} ({handle}): it could not be seen whether an unpublished post "
    "stays so ({detail}); nothing is changed, try again",
    "try_left": "{account} ({handle}): the test post {left} may still be there: remove it on the "
    "platform by hand",
    "unsealable": "{account} on {platform} ({handle}): its credentials were sealed with another "
    f"key; put the earlier {PREFIX}SECRET_KEY or {PREFIX}TOKEN_KEYS back, or connect it again",
    "factors_unsealable": "the second factors of {number} people ({logins}) were sealed with "
    f"another key: put the earlier {PREFIX}SECRET_KEY or {PREFIX}TOKEN_KEYS back, or run "
    "nagarvani people end-factor LOGIN",
    "confirm_again": "{number} are in office by a confirmation that would not be enough today: two "
    "admins or leads look at the page In office from before, or run nagarvani people confirm",
    "left_to_nobody": "{number} wait for confirmation, and nobody is left who may confirm {names}: "
    "make sure that each holds the office, then run nagarvani people confirm {ids}",
    "no_clock": "none has ever run: start nagarvani clock",
    "clock_runs": "the last beat was {seconds} s ago",
    "clock_alive": "{name} is alive (since {since}, last beat {seconds} s ago)",
    "clock_lost": "{name} beat last {seconds} s ago and did not end cleanly: look at its log",
    "time_right": "{machine} has the right time, as {witness} says",
    "time_wrong": "{machine} is {seconds} s {way} {witness}; from 300 s on its clocks publish no "
    "posts: see docs/running.md, The time",
    "tasks_filled": "they were written when the tables were upgraded",
    "tasks_unfilled": "those of {tables} were not written yet: stop pages and clock, and run "
    "nagarvani db upgrade",
    "tasks_right": "the rows say whose turn it is",
    "tasks_wrong": "{number} rows do not say whose turn it is, the first: {first}; "
    "nagarvani tasks check lists them, with --repair it writes them",
    "task_looks_late": "{number} looks failed or wait for the clock: look at its log",
    "clock_late": "the last beat was {seconds} s ago: start nagarvani clock, or look at its log",
}


def sentence(finding: HealthFinding) -> str:
    """Return the message of a finding."""
    return SENTENCES[finding.code].format_map(finding.values)
