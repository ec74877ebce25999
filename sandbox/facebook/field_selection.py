"""Facebook's `fields` parameter: the requested parts of a response, including nested ones."""

from __future__ import annotations

from sandbox.facebook.errors import bad_parameter

Fields = dict[str, "Fields | None"]
Json = dict[str, object]


def parse_fields(text: str) -> Fields:
    """Parse `id,from{name},comments.limit(5){id}` into names with their nested fields."""
    fields: Fields = {}
    for part in _split(text):
        name, brace, inner = part.partition("{")
        if brace and not inner.endswith("}"):
            raise bad_parameter(f"Syntax error in fields: {part}")
        fields[name.split(".")[0].strip()] = parse_fields(inner[:-1]) if brace else None
    return fields


def _split(text: str) -> list[str]:
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "{(") - (letter in "})")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def select_fields(
    full: Json, text: str | None, usual: tuple[str, ...], known_fields: frozenset[str], kind: str
) -> Json:
    """Return the requested parts of `full`, and the id. Raises Refused for an unknown name."""
    fields = parse_fields(text) if text else dict.fromkeys(usual)
    for name in fields:
        if name not in known_fields:
            raise bad_parameter(f"Tried accessing nonexisting field ({name}) on node type ({kind})")
    return _pick(full, {**fields, "id": None})


def _pick(full: Json, fields: Fields) -> Json:
    return {name: _inside(full[name], inner) for name, inner in fields.items() if name in full}


def _inside(value: object, fields: Fields | None) -> object:
    if fields is None:
        return value
    if isinstance(value, list):
        return [_inside(part, fields) for part in value]
    if isinstance(value, dict):
        if isinstance(value.get("data"), list):
            return {**value, "data": _inside(value["data"], fields)}
        return _pick(value, {**fields, "id": None} if "id" in value else fields)
    return value
