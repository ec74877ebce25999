"""The same text as another post's of the last thirty days, or nearly the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from publisher.desk.warning.shapes import Known, Place, Text, Warned, WarningCode


def same(texts: Sequence[Text], known: Known) -> Iterator[Warned]:
    """Texts of which a like one was found."""
    for index in range(len(texts)):
        alike = known.alike.get(index)
        if alike is not None:
            code = WarningCode.SAME_TEXT if alike.share == 1.0 else WarningCode.ALIKE_TEXT
            values = {
                "post_id": alike.post_id,
                "title": alike.title,
                "saved_at": alike.saved_at,
                "percent": int(alike.share * 100),
            }
            yield Warned(code, Place(index, "text"), values)
