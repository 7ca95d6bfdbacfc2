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
    # Reconciling.
    "class": ("the class of the plan", "该计划的归类"),
    "our_status": ("our compensate_status", "我方状态"),
    "their_status": ("the platform's compensate_status", "平台状态"),
    "our_amount": ("what we grant, yuan", "我方应付（元）"),
    "their_amount": (
        "what the platform paid, yuan; empty: not stated",
        "平台已付（元）；空为未列明",
    ),
    "difference": ("the platform's less ours, yuan", "平台减我方（元）"),
    "settle_on": ("the day on which a grant is due", "应到账日"),
    "days_overdue": ("days since then", "逾期天数"),
    "our_reasons": ("our reason codes", "我方原因代码"),
    "their_reasons": ("the platform's reason codes", "平台原因代码"),
    "their_words": ("the platform's reason in its own words", "平台原因原文"),
    "fits": ("readings that give the platform's figure", "能得出平台数字的解读"),
    "cause": ("the likeliest cause", "最可能的原因"),
    "place": ("where the platform says so: file and row", "平台数据所在的文件与行"),
    "plans": ("number of plans", "计划数"),
    "ours_yuan": ("what we grant, yuan", "我方应付（元）"),
    "theirs_yuan": ("what the platform paid, yuan", "平台已付（元）"),
    "unstated_yuan": (
        "what we grant of plans that the platform paid without saying how much, yuan",
        "平台称已付而未列金额的计划，我方应付（元）",
    ),
    "waiting_yuan": (
        "what we grant and has not been issued here, nor by the platform, yuan",
        "我方应付而双方均在确认中（元）",
    ),
    "day": ("natural day", "自然日"),
    "our_cost": ("cost in our logs, yuan; empty: not there", "日志中的消耗（元）；空为没有"),
    "their_cost": ("cost in the report, yuan; empty: not there", "报表中的消耗（元）；空为没有"),
    "our_conversions": ("conversions billed on it, in our logs", "日志中当日计费的转化数"),
    "their_conversions": ("the report's, by billing time", "报表的转化数，按计费时间"),
    "days": ("days of plans", "计划日数"),
    "differing": ("days that differ beyond rounding", "差异超出舍入的计划日数"),
    "paused_at": ("paused or deleted at", "暂停或删除的时间"),
    "until": ("enabled again at", "再次启用的时间"),
    "is_deletion": ("it was a deletion", "是否为删除"),
    "cost": ("cost after it, yuan", "此后的消耗（元）"),
    "slices": ("slices with cost after it", "此后有消耗的时段数"),
    "last_slice": ("start of the last of them", "其中最后一个时段的起点"),
    "reading": ("a reading of the register", "登记中的一种解读"),
    "explained": ("plans that differ now and would agree", "现有差异而将一致的计划数"),
    "explained_yuan": ("their differences added up, yuan", "其差额合计（元）"),
    "broken": ("plans that agree now and would differ", "现一致而将有差异的计划数"),
}


def notes_of(names: Iterable[str]) -> dict[str, str]:
    """A note on each of these columns, in both languages."""
    return {name: "\n".join(reversed(COLUMNS[name])) for name in names}
