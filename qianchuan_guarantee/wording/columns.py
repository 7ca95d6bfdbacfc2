"""What the columns of other files than the decisions say: name → English, Chinese."""

from __future__ import annotations

from collections.abc import Iterable

COLUMNS: dict[str, tuple[str, str]] = {
    # Refused rows.
    "table": ("the table that the row belongs to", "所属的表"),
    "file": ("the file that it stands in", "所在的文件"),
    "row_number": ("its number among the file's data rows, from 1", "文件中的数据行号，从 1 起"),
    "ad_id": ("plan id", "计划 ID"),
    "column": ("the column that it was refused for", "被拒收所因的列"),
    "reason": ("why it was refused", "拒收原因"),
    "raw": ("the row as it came, as JSON", "原样的行，JSON"),
    # What if.
    "advertiser_id": ("advertiser account id", "广告主账户 ID"),
    "scenario": ("managed, feed or search", "managed 托管、feed 通投或 search 搜索"),
    "by": ("added up by this", "按此汇总"),
    "which": ("which of them", "其中哪一项"),
    "plans_before": ("plans as the rule reads now", "按现行规则的计划数"),
    "plans_after": ("plans as it was asked", "按所假设的计划数"),
    "outcome_before": ("the outcome as the rule reads now", "按现行规则的结果"),
    "outcome_after": ("the outcome as it was asked", "按所假设的结果"),
    "amount_before": ("granted as the rule reads now, yuan", "按现行规则的赠款（元）"),
    "amount_after": ("granted as it was asked, yuan", "按所假设的赠款（元）"),
    "amount_change": ("how much more would be granted, yuan", "赠款的变化（元）"),
    "reasons_before": ("reason codes as the rule reads now", "按现行规则的原因代码"),
    "reasons_after": ("reason codes as it was asked", "按所假设的原因代码"),
    "because": ("which question or operand made the difference", "由哪个问题或操作数造成"),
    # Sensitivity.
    "id": ("the open question, by its id in the register", "登记中的问题编号"),
    "choice": ("another way to read it", "另一种解读"),
    "question": ("the question in words", "问题"),
    "meaning": ("what this reading means", "该解读的含义"),
    "plans_changed": ("plans whose outcome or amount changes", "结果或金额变化的计划数"),
    "amount": ("what would be granted in all, yuan", "应发总额（元）"),
    "most_at_stake": (
        "plans with the most money at stake, and its change in yuan",
        "涉及金额最大的计划及其变化（元）",
    ),
}


def notes_of(names: Iterable[str]) -> dict[str, str]:
    """A note on each of these columns, in both languages."""
    return {name: "\n".join(reversed(COLUMNS[name])) for name in names}
