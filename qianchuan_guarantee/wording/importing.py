"""What importers say: key → English, Chinese."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    # Why a cell is not read.
    "unread_long": ("{found}: too long for this cell", "{found}：内容过长"),
    "unread_formula": (
        "{found}: a formula, not a value; paste values before importing",
        "{found}：是公式而非数值；请先“粘贴为数值”再导入",
    ),
    "unread_number": (
        "{found}: not a number that can be read without guessing",
        "{found}：无法确定的数字，不作猜测",
    ),
    "unread_whole": ("{found}: not a whole count", "{found}：计数不是整数"),
    "unread_id": ("{found}: not an id", "{found}：不是有效的 ID"),
    "unread_id_exponent": (
        "{found}: a spreadsheet wrote this id as a rounded number; its digits are lost. "
        "Export again with the column as text",
        "{found}：电子表格把该 ID 写成了科学计数法，位数已丢失；请将该列设为文本后重新导出",
    ),
    "unread_id_zeros": (
        "{found}: ends in zeros where a spreadsheet, which keeps 15 digits, loses an id's last "
        "ones. Export again with the column as text",
        "{found}：末尾为零，疑似电子表格只保留 15 位数字而丢失了 ID 末位；"
        "请将该列设为文本后重新导出",
    ),
    "unread_day": (
        "{found}: not a day; expected 2022-10-01, 2022/10/1, 2022年10月1日 or 20221001",
        "{found}：不是日期；应为 2022-10-01、2022/10/1、2022年10月1日 或 20221001",
    ),
    "unread_clock": (
        "{found}: not a time of day; expected 10:00, 10:00:00, 10时 or 10:00-11:00",
        "{found}：不是时刻；应为 10:00、10:00:00、10时 或 10:00-11:00",
    ),
    "unread_structure": ("{found}: no single value", "{found}：不是单一数值"),
    "unread_pair": (
        "{found}: the number and its text disagree",
        "{found}：数值与其文本不一致",
    ),
}
