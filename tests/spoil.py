"""How an enemy spoils a file: bytes, tokens, whole structures; each by dice that a seed repeats."""

from __future__ import annotations

import gzip
import io
import json
import random
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

# What readers of text, numbers, times, YAML, JSON, XML and paths are known to stumble over.
TOKENS = [
    *(
        "",
        "\0",
        "\r",
        "\n",
        "\r\n",
        "\ufeff",
        "\u2028",
        "\x1b[31m",
        "\x7f",
        "\ud7ff",
        "\uffff",
        "😀",
    ),
    *('"', "'", '""', '"""', "`", "\\", "\\u0000", "\\ud800", ",", ";", "\t", "|", "--", "—"),
    *("=1+1", "=cmd|'/C calc'!A0", "+1", "@SUM(1)", "-1", "'; DROP TABLE plans; --", "{{7*7}}"),
    *("<script>alert(1)</script>", "<!--", "]]>", "&lt;", "%s%n", "${x}", "$(id)", "../../../x"),
    *("/etc/passwd", "C:\\x", "dt=2022-10-01", "*", "?", "[a", "a]", "~", "file:///etc/passwd"),
    *(
        "0",
        "-0",
        "1e999999999",
        "-1e-999999999",
        "NaN",
        "inf",
        "-Infinity",
        "0x7f",
        "1_000",
        "1:1:1",
    ),
    *(
        "9" * 30,
        "9" * 5000,
        "1" * 100_000,
        "0." + "0" * 500 + "1",
        "9223372036854775808",
        "1.5",
        "٣",
    ),
    *("2022-02-30", "0001-01-01", "9999-12-31T23:59:59.999999999Z", "24:00", "true", "null", "~"),
    *("A" * 70_000, "é" * 300, "[" * 3000, "{" * 3000, '{"a":' * 3000, "(" * 500, "- " * 2000),
    *(
        "&a",
        "*a",
        "&a [*a]",
        "<<: *a",
        "!!python/object/apply:os.system ['id']",
        "!!int",
        "!!float x",
    ),
    *(
        "!!timestamp [1]",
        "!!binary x",
        "!!set {a, b}",
        "!!omap [a: 1]",
        "!!map [1]",
        "? [1]",
        "%YAML 9",
    ),
    *(
        "---",
        "...",
        "|",
        ">",
        "!!bool x",
        "!!int x",
        "!!str {}",
        "!x y",
        "{a: b",
        "a: b: c",
        "@",
        "`x",
    ),
]
INTERESTING = [0, 1, 0x7F, 0x80, 0xFF, 0x0A, 0x0D, 0x22, 0x2C, 0x5B, 0x7B]


def token(dice: random.Random) -> str:
    return dice.choice(TOKENS)


def spoilt(content: bytes, dice: random.Random, times: int | None = None) -> bytes:
    """Bytes flipped, taken out, repeated, moved, put in, cut off."""
    found = bytearray(content)
    for _ in range(times or dice.choice([1, 1, 2, 3, 8, 30])):
        at = dice.randrange(len(found) + 1)
        end = min(at + dice.choice([1, 1, 2, 4, 16, 200]), len(found))
        way = dice.randrange(9)
        if way == 0 and found:
            found[at % len(found)] ^= 1 << dice.randrange(8)
        elif way == 1 and found:
            found[at % len(found)] = dice.choice(INTERESTING)
        elif way == 2:
            del found[at:end]
        elif way == 3:
            found[at:at] = found[at:end] * dice.choice([1, 2, 50])
        elif way == 4:
            found[at:at] = token(dice).encode("utf-8", "surrogatepass")
        elif way == 5:
            found[at:end] = dice.randbytes(end - at)
        elif way == 6:
            size = dice.choice([2, 4, 8])
            value = dice.choice([0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1])
            found[at : at + size] = struct.pack("<Q", value)[:size]
        elif way == 7 and dice.random() < 0.2:
            del found[at:]
        elif way == 8:
            source = dice.randrange(len(found) + 1)
            found[at:end] = found[source : source + end - at]
    return bytes(found)


def reworded(text: str, dice: random.Random) -> str:
    """Words and values of a text replaced by what readers stumble over."""
    lines = text.split("\n")
    for _ in range(dice.choice([1, 1, 2, 4])):
        at = dice.randrange(len(lines))
        line, way = lines[at], dice.randrange(7)
        if way == 0:
            cells = line.split(",")
            cells[dice.randrange(len(cells))] = token(dice)
            lines[at] = ",".join(cells)
        elif way == 1:
            key, colon, _ = line.partition(":")
            lines[at] = f"{key}{colon} {token(dice)}"
        elif way == 2:
            lines[at:at] = [token(dice)]
        elif way == 3:
            lines[at] = line * dice.choice([2, 3, 40])
        elif way == 4:
            lines[at] = " " * dice.randrange(9) + line
        elif way == 5:
            place = dice.randrange(len(line) + 1)
            lines[at] = line[:place] + token(dice) + line[place:]
        else:
            other = dice.randrange(len(lines))
            lines[at], lines[other] = lines[other], line
    return "\n".join(lines)


def document(value: Any, dice: random.Random) -> Any:
    """A JSON document with some of its parts replaced, doubled or taken out."""
    if isinstance(value, dict):
        found = {key: document(item, dice) for key, item in value.items()}
        if found and dice.random() < 0.1:
            key = dice.choice(list(found))
            way = dice.randrange(3)
            if way == 0:
                del found[key]
            elif way == 1:
                found[token(dice)[:200]] = found[key]
            else:
                found[key] = leaf(dice)
        return found
    if isinstance(value, list):
        found_list = [document(item, dice) for item in value]
        if found_list and dice.random() < 0.1:
            found_list.insert(dice.randrange(len(found_list)), leaf(dice))
        return found_list
    return leaf(dice) if dice.random() < 0.04 else value


def leaf(dice: random.Random) -> Any:
    """A value that is out of place."""
    makers: Sequence[Callable[[], Any]] = (
        lambda: None,
        lambda: True,
        lambda: dice.choice([0, -1, 2**63, 10**30, 1.5, 1e300]),
        lambda: token(dice)[:5000],
        lambda: [],
        lambda: {},
        lambda: [[[[1]]]],
        lambda: {"Value": 1, "ValueStr": token(dice)[:100]},
    )
    return dice.choice(makers)()


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def members(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def zipped(contents: Mapping[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as made:
        for name, content in contents.items():
            made.writestr(name, content)
    return file.getvalue()


def archive(content: bytes, dice: random.Random) -> bytes:
    """An archive whose members were spoilt, renamed or taken out; or its own bytes."""
    if dice.random() < 0.25:
        return spoilt(content, dice)
    found = members(content)
    for _ in range(dice.choice([1, 1, 2])):
        name = dice.choice(list(found))
        way = dice.randrange(6)
        if way <= 2:
            text = found[name].decode("utf-8", "replace")
            found[name] = spoilt_xml(text, dice).encode("utf-8", "surrogatepass")
        elif way == 3:
            found[name] = spoilt(found[name], dice)
        elif way == 4:
            del found[name]
        else:
            found[dice.choice(["../../x.xml", "/x.xml", "a\\..\\b", name + "x", " "])] = found[name]
        if not found:
            break
    return zipped(found)


def spoilt_xml(text: str, dice: random.Random) -> str:
    """Attributes and texts of XML replaced."""
    parts = text.split('"')
    for _ in range(dice.choice([1, 2, 5])):
        at = dice.randrange(len(parts))
        if dice.random() < 0.6:
            parts[at] = dice.choice(
                ["99999999999", "-1", "XFD1048577", "A0", "1e9", "s", "0", "A1:Z9"]
            )
        else:
            body = parts[at]
            place = dice.randrange(len(body) + 1)
            some = token(dice)[:3000].replace("<", "&lt;").replace("\0", "")
            parts[at] = body[:place] + some + body[place:]
    return '"'.join(parts)


def packed(content: bytes, dice: random.Random) -> bytes:
    """As gzip: whole, cut off, with something behind it, or spoilt."""
    found = gzip.compress(content, 1)
    way = dice.randrange(5)
    if way == 0:
        return found[: dice.randrange(len(found))]
    if way == 1:
        return found + dice.choice([b"\0" * 9, found, b"x", dice.randbytes(20)])
    return spoilt(found, dice) if way == 2 else found
