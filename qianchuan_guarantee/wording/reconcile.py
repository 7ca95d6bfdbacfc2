"""What is said of the platform's own figures held against ours: key → English, Chinese."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    "c_export": (
        "The ledger in the shape of the official interfaces.",
        "以官方接口的格式导出账本。",
    ),
    "c_export_status": (
        "Every plan's guarantee status and what was issued for it, as the official "
        "compensate_status interface says them.",
        "每个计划的成本保障状态与已发放金额，格式同官方 compensate_status 接口。",
    ),
    "o_status_out": (
        "To this file: .json, one answer with all plans; .jsonl, a line for each answer of 50.",
        "写入此文件：.json 为含全部计划的一份应答；.jsonl 每行一份应答，各 50 个计划。",
    ),
}
