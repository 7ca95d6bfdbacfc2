"""Tables as people read them: one page that loads nothing, or a part of one for a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from qianchuan_guarantee.vocabulary import Language

_STYLE = """
body{font:15px/1.5 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;
color:#1b1f24;background:#fff;margin:2rem auto;max-width:1100px;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.92em}
th,td{text-align:left;vertical-align:top;padding:.3em .8em;border-bottom:1px solid #d9dee3}
td{white-space:pre-line}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
@media (prefers-color-scheme:dark){body{color:#e6e9ec;background:#14171a}
th,td{border-color:#353b41}}
"""


@dataclass(frozen=True)
class Sheet:
    """Rows under a title. `right`: the columns that hold numbers."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    right: Sequence[int] = ()


def page(title: str, lines: Sequence[str], sheets: Sequence[Sheet], lang: Language) -> str:
    """A page of its own. Whatever came from exports or from people is escaped."""
    language = "zh-CN" if lang == "zh" else "en"
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1>{part(lines, sheets)}</body></html>\n"
    )


def part(lines: Sequence[str], sheets: Sequence[Sheet]) -> str:
    """The same without a page around it."""
    said = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return said + "".join(_table(sheet) for sheet in sheets if sheet.rows)


def _table(sheet: Sheet) -> str:
    def row(cells: Sequence[object], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=n' if number in sheet.right else ''}>{escape(str(cell))}</{tag}>"
            for number, cell in enumerate(cells)
        )

    head = f"<thead><tr>{row(sheet.header, 'th')}</tr></thead>"
    body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in sheet.rows)
    title = f"<h2>{escape(sheet.title)}</h2>" if sheet.title else ""
    return f'{title}<div class="scroll"><table>{head}<tbody>{body}</tbody></table></div>'
