"""Measure the processor time and memory of a hundred pages on paper (PDF), beside fpdf2.

Both sides write the same texts with the same font, each in a process of its own, and take turns.
The texts are then copied out of both by PDFium, as Chromium does, and compared word by word.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pypdfium2

from bench.figures import Figure, PartResult, at_most, median_ratio, without_target
from bench.setup import say
from publisher.papers.characters import FONTS
from publisher.papers.pdf import Paper, Paragraph, Sender, write

PAGES, SECONDS, MEGABYTES = 100, 5, 200
LINES = 18
TEXT = (
    "क्षेत्रीय कार्यालय, त्र्यंबक, रस्त्यावर नावे न कळविलेले विभाग, श्री, द्ध्य, पर्\u200dयंत, "
    "विद्युत, हृदय, ज्ञान, परिपत्रक क्र. १२३/२०२१ दि. १४ जुलै २०२१ X Facebook"
)
OURS, THEIRS = "a hundred pages by typst, CPU s", "the same by fpdf2, CPU s"
OUR_MEMORY, OUR_ERRORS = "memory of typst, MB", "words copied wrong from typst, %"
THEIR_ERRORS = "words copied wrong from fpdf2, %"


def measure(rounds: int) -> PartResult:
    """Write a hundred pages so many times, in turns with fpdf2 if it is installed."""
    sides = {"typst": (OURS, OUR_ERRORS)}
    if importlib.util.find_spec("fpdf") and importlib.util.find_spec("uharfbuzz"):
        sides["fpdf2"] = (THEIRS, THEIR_ERRORS)
    raw: dict[str, list[float]] = {OUR_MEMORY: []}
    for _ in range(rounds):
        for side, (seconds_name, errors_name) in sides.items():
            seconds, megabytes, errors = _one_round(side)
            raw.setdefault(seconds_name, []).append(seconds)
            raw.setdefault(errors_name, []).append(errors)
            if side == "typst":
                raw[OUR_MEMORY].append(megabytes)
        say(", ".join(f"{name} {values[-1]:.2f}" for name, values in raw.items()))
    return PartResult(_figures(raw), raw)


def _figures(raw: dict[str, list[float]]) -> Sequence[Figure]:
    def median(name: str) -> float | None:
        values = sorted(raw.get(name, ()))
        return values[len(values) // 2] if values else None

    return [
        at_most("a hundred pages on paper, CPU s", median(OURS), SECONDS),
        at_most("memory of the process that writes them, MB", median(OUR_MEMORY), MEGABYTES),
        at_most("words that are copied wrong, %", median(OUR_ERRORS), 0),
        without_target(
            "a hundred pages on paper ÷ the same by fpdf2",
            median_ratio(raw[OURS], raw.get(THEIRS, [])),
        ),
        without_target("words that are copied wrong from fpdf2, %", median(THEIR_ERRORS)),
    ]


def _one_round(side: str) -> tuple[float, float, float]:
    """Return the processor seconds, the most memory in MB, and the share of words copied wrong."""
    with TemporaryDirectory() as folder:
        target = Path(folder) / "papers.pdf"
        writer = subprocess.Popen([sys.executable, "-m", "bench.papers", side, str(target)])
        _pid, status, usage = os.wait4(writer.pid, 0)
        writer.returncode = os.waitstatus_to_exitcode(status)
        assert writer.returncode == 0
        seconds = usage.ru_utime + usage.ru_stime  # of the typesetter, its child, too
        return seconds, usage.ru_maxrss / 1024, _wrong_words(target)


def _wrong_words(path: Path) -> float:
    with pypdfium2.PdfDocument(path) as document:
        assert len(document) == PAGES
        copied = [
            word for page in document for word in page.get_textpage().get_text_range().split()
        ]
    words = TEXT.split() * (LINES * PAGES)
    right = sum(min(copied.count(word), words.count(word)) for word in set(words))
    return 100 * (1 - right / len(words))


def _by_typst() -> bytes:
    papers = [Paper("", [Paragraph(TEXT)] * LINES, letterhead=False)] * PAGES
    now = datetime(2026, 11, 29, tzinfo=UTC)
    return write(papers, sender=Sender(""), language="mr", now=now)


def _by_fpdf2() -> bytes:
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_font("paper", fname=FONTS / "400.ttf")
    pdf.set_text_shaping(True)
    pdf.set_font("paper", size=10.5)
    for _ in range(PAGES):
        pdf.add_page()
        for _ in range(LINES):
            pdf.multi_cell(0, 6, TEXT, new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


if __name__ == "__main__":
    side, target = sys.argv[1:]
    Path(target).write_bytes({"typst": _by_typst, "fpdf2": _by_fpdf2}[side]())
