"""All mails by their names: their bytes, and what is expected of them."""

from __future__ import annotations

from tests.support.mail_samples import desktop, machines, odd, webmail
from tests.support.mail_samples.builder import Sample

EXPECTED: dict[str, Sample] = {
    **webmail.SAMPLES,
    **desktop.SAMPLES,
    **machines.SAMPLES,
    **odd.SAMPLES,
}
SAMPLES: dict[str, bytes] = {name: sample.raw for name, sample in EXPECTED.items()}
