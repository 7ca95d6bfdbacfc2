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
    "unread_missing": ("{found}: there is none", "{found}：缺失"),
    "unread_choice": ("{found}: not one of the values there are", "{found}：不在取值范围内"),
    "unread_granularity": (
        "{found}: a whole day's row beside hours of the same plan, which they do not add up to; "
        "it may count twice",
        "{found}：同一计划另有分小时数据，此整日数据与分时之和不符，可能重复计入",
    ),
    "unread_phrase": (
        "{found}: no phrase explains it, and it may have been an edit of bid or targeting",
        "{found}：短语表无法解释，可能是出价或定向修改",
    ),
    # Notes of an import.
    "note_skipped": ("Not read, by its ending: {file}", "按扩展名未读取：{file}"),
    "note_not_imported": (
        "Not imported: {file} ({kind}); `qcg reconcile` compares with such pages",
        "未导入：{file}（{kind}）；此类页面用于 `qcg reconcile` 对账",
    ),
    "note_unstated": (
        "{table}: {pages} pages do not say how many rows there are in all; whether one is missing "
        "cannot be told",
        "{table}：{pages} 页未注明总数，无法判断是否缺页",
    ),
    "note_daily_totals": (
        "Rows for whole days that the hours add up to say nothing new, and were left out",
        "与分时之和一致的整日数据不含新信息，已略去",
    ),
    "note_account": (
        "The account's own log rows ({operation}) are of no plan, and were left out",
        "账户级操作（{operation}）不属于任何计划，已略去",
    ),
    "note_account_held": (
        "An account's row that may be an edit of bids or targeting holds its {plans} plans: "
        "{phrase}",
        "账户级操作可能涉及出价或定向，其 {plans} 个计划待补正：{phrase}",
    ),
    "note_all_days": (
        "The logs are taken as complete from {first} to {last}; {plans} plans were created before "
        "that, and may have been delivered before it. Say which days the files cover with --from "
        "and --to, and such plans are held",
        "日志被视为自 {first} 至 {last} 完整；有 {plans} 个计划创建于此前，可能更早已投放。"
        "用 --from 与 --to 注明文件所覆盖的日期，此类计划即待补正",
    ),
    "note_no_table": (
        "No {table} yet: `qcg decide` needs it. Another import may add it to the same folder",
        "尚无 {table}：`qcg decide` 需要该表，可由另一次导入补入同一目录",
    ),
    "note_columns": (
        "{file}: no delivery in it, since it has no column {columns}",
        "{file}：缺少列 {columns}，不含投放数据",
    ),
    "note_left_out": (
        "{file}: {rows} rows of totals and notes were left out",
        "{file}：略去 {rows} 行合计与说明",
    ),
    "note_conversions": (
        "{file}: {header} is taken for conversions by billing time (attribution_convert_cnt)",
        "{file}：将“{header}”视为按计费时间的转化数（attribution_convert_cnt）",
    ),
    # The summary of an import.
    "imported": ("Imported", "已导入"),
    "source_rows": ("rows read", "读入行数"),
    "rows_written": ("written", "写入"),
    "rows_repeated": ("repeated", "重复"),
    "rows_refused": ("to be refused", "将被拒收"),
    "refused_cells": (
        "Cells that are not read; their plans are held",
        "未读的单元格；其计划待补正",
    ),
    "place": ("place", "位置"),
    "times": ("times", "次数"),
    "why_unread": ("why", "原因"),
    "phrase": ("phrase", "短语"),
    "read_as": ("taken as", "视为"),
    "unknown_phrases": (
        "Phrases that the table does not explain (--phrases FILE adds to it)",
        "短语表未能解释的内容（可用 --phrases FILE 补充）",
    ),
    "check_it": ("To check it: qcg check {out}", "检查：qcg check {out}"),
    "strict_import": (
        "--strict: {refused} rows will be refused",
        "--strict：{refused} 行将被拒收",
    ),
    # Commands.
    "c_import": (
        "Import the platform's own files: saved responses, workbooks.",
        "导入平台原始文件：接口响应、报表。",
    ),
    "c_import_json": (
        "Saved responses of the official interface → an export folder.",
        "官方接口响应（已保存）→ 导出目录。",
    ),
    "c_import_xlsx": (
        "Report workbooks and CSV exports → an export folder.",
        "报表工作簿与 CSV 导出 → 导出目录。",
    ),
    "o_books": (
        "Workbooks (.xlsx) and CSV files (UTF-8, GBK), or folders of them.",
        "工作簿（.xlsx）与 CSV 文件（UTF-8、GBK），或其所在目录。",
    ),
    "o_pages": (
        "Files and folders of saved responses: JSON, or one response a line.",
        "已保存的接口响应文件或目录：JSON，或每行一个响应。",
    ),
    "o_import_out": (
        "Export folder to write: new, or one that has none of these tables yet.",
        "要写入的导出目录：新目录，或尚无这些表的目录。",
    ),
    "o_phrases": (
        "Phrases of your own for the operation log, in the form of the shipped table.",
        "自定义的操作日志短语，格式同随包短语表。",
    ),
    "o_from": (
        "First day that the files cover; with --to. Logs become daily partitions.",
        "文件覆盖的首日；与 --to 同用，日志按日分区。",
    ),
    "o_to": ("Last day that the files cover.", "文件覆盖的末日。"),
    "o_advertiser": (
        "Advertiser of the plans that no row names one of.",
        "未注明广告主的计划所属的广告主 ID。",
    ),
    "o_cost_unit": (
        "Unit of cost in the reports, where it is not the usual one: yuan, fen or milli-fen "
        "(1/1000 fen).",
        "报表消耗的单位（与通常不同时）：yuan 元、fen 分、milli-fen 千分之一分。",
    ),
    "o_granularity": (
        "hourly or daily: what the report's rows are, where they do not show it.",
        "报表的时间粒度（数据本身看不出时）：hourly 分小时，daily 分天。",
    ),
    "o_import_strict": (
        "Exit with 3 if a row will be refused.",
        "有数据将被拒收时，以 3 退出。",
    ),
}
