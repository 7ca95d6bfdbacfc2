"""The words of the rule, once: wire value, 中文, English and the clause each comes from.

Everything that a person or a program reads (decisions, summaries, explanations, documents)
takes its words from here, so that a word means one thing everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]


@dataclass(frozen=True)
class Term:
    """A wire value with the words people read for it, and the clause that it stands in."""

    code: str
    zh: str
    en: str
    clause: str = ""

    def text(self, lang: Language) -> str:
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True)
class Reason(Term):
    """A reason code; `kind` says which outcome it leads to."""

    kind: Literal["not_covered", "held", "invalid", "ended"] = "ended"
    advice_en: str = ""
    advice_zh: str = ""

    def advice(self, lang: Language) -> str:
        return self.advice_zh if lang == "zh" else self.advice_en


def _by_code(*terms: Term) -> dict[str, Term]:
    return {term.code: term for term in terms}


OUTCOMES = _by_code(
    Term("not_covered", "不在保障范围", "not covered"),
    Term("open", "周期进行中", "open", "三(二)"),
    Term("held", "待数据补正", "held for data", "四(四)"),
    Term("invalid", "保障失效", "guarantee lost", "二"),
    Term("ended", "结束，无赠款", "ended, nothing owed", "二"),
    Term("granted", "应发赠款", "granted", "三(一)"),
)

STATUSES = _by_code(
    Term("DEFAULT", "无成本保障状态", "no cost guarantee", "四(五)"),
    Term("IN_EFFECT", "成本保障生效中", "in effect", "四(五)"),
    Term("INVALID", "成本保障已失效", "lost", "四(五)"),
    Term("CONFIRMING", "成本保障确认中", "being confirmed", "四(五)"),
    Term("ENDED", "成本保障已结束", "ended", "四(五)"),
    Term("PAID", "成本保障已到账", "grant issued", "四(五)"),
)

SCENARIOS = _by_code(
    Term("managed", "计划托管", "managed", "二(一)"),
    Term("feed", "通投广告", "feed", "二(二)"),
    Term("search", "搜索广告", "search", "二(二)"),
)

# In the order in which they are reported; the first that applies is the primary one.
REASONS: dict[str, Reason] = {
    reason.code: reason
    for reason in (
        Reason("NOT_DELIVERED", "尚未投放", "no delivery yet", "一", "not_covered"),
        Reason(
            "BID_TYPE_EXPIRED",
            "出价方式无成本保障（非控成本投放）",
            "the bid product has no cost guarantee (not cost control)",
            "二",
            "not_covered",
        ),
        Reason(
            "RULE_NOT_IN_FORCE",
            "首次投放当日规则未生效",
            "no rulebook was in force on the day of first delivery",
            "source",
            "not_covered",
        ),
        Reason(
            "SCENE_NOT_COVERED",
            "该场景或出价目标不在规则内",
            "the rulebook has no entry for this scene or goal",
            "二",
            "not_covered",
        ),
        Reason(
            "PLAN_UNKNOWN",
            "日志中的计划不在计划表",
            "logs name a plan that the plan table lacks",
            "四(四)",
            "held",
            "export the plan's row in `plans`",
            "在 plans 表中补出该计划",
        ),
        Reason(
            "DATA_QUARANTINED",
            "该计划有被拒收的数据行",
            "a row of this plan was refused",
            "四(四)",
            "held",
            "mend the rows that the quarantine file names",
            "按隔离文件逐行修正",
        ),
        Reason(
            "DATA_CONFLICT",
            "该计划的数据互相矛盾",
            "two rows of this plan contradict each other",
            "四(四)",
            "held",
            "find out which of the contradicting rows is right",
            "核实互相矛盾的数据以何者为准",
        ),
        Reason(
            "SCENARIO_CHANGED",
            "周期内计划快照的托管、场景或出价方式不一致",
            "snapshots up to the cycle's end disagree on managed, scene or bid type",
            "二",
            "held",
            "find out what the plan was when it was published",
            "核实计划发布时的托管、场景与出价方式",
        ),
        Reason(
            "FIRST_DELIVERY_UNKNOWN",
            "日志未追溯到计划创建，首次投放时间未知",
            "the logs do not reach back to the plan's creation",
            "一",
            "held",
            "export older partitions, state ad_create_time, or give `first_deliveries`",
            "补出更早的分区、填写 ad_create_time，或提供 first_deliveries 表",
        ),
        Reason(
            "LOGS_INCOMPLETE",
            "计划创建至周期结束之间缺少日志",
            "a day of logs before the end of the cycle is missing",
            "四(四)",
            "held",
            "export the missing day (an empty partition is a day without rows)",
            "补出缺失日期的分区（空分区表示当日无数据）",
        ),
        Reason(
            "BID_UNKNOWN",
            "关键时刻的出价未知",
            "no bid is known at an instant that matters",
            "三(一)",
            "held",
            "export the plan's `create` row or its bid edits with old values",
            "补出计划的 create 行或带旧值的改价记录",
        ),
        Reason(
            "BID_AMBIGUOUS",
            "时段内改过出价，转化无法归属",
            "the bid changed inside a slice of which only the count is known",
            "三(一)",
            "held",
            "export conversions one by one, or finer slices",
            "逐条导出转化，或导出更细的时段",
        ),
        Reason(
            "MANUAL_JUDGE_SPAM", "人工判定作弊", "cheating, judged by a person", "四(一)", "invalid"
        ),
        Reason("ANTI_SPAM", "系统判定作弊", "cheating, judged by the system", "四(一)", "invalid"),
        Reason("BID_LOWERED", "窗口内降低出价", "bid lowered in the window", "二(一)", "invalid"),
        Reason(
            "BID_CHANGES",
            "出价修改次数超限",
            "bid edited too often on one day",
            "二(二)",
            "invalid",
        ),
        Reason(
            "AUD_CHANGES",
            "定向修改次数超限",
            "targeting edited too often on one day",
            "二",
            "invalid",
        ),
        Reason(
            "AUD_BID_CHANGES",
            "出价与定向修改合计超限",
            "bid and targeting together edited too often on one day",
            "二(二)",
            "invalid",
        ),
        Reason(
            "PAUSED_BEFORE_MET",
            "未达条件即暂停且未恢复",
            "left paused before the conditions were met",
            "二(一)",
            "ended",
        ),
        Reason(
            "CONVERT_ZERO_OR_COST", "无转化或无消耗", "no conversion, or no cost", "二", "ended"
        ),
        Reason("CONVERT_UNDER_THRESHOLD", "转化数不足", "too few conversions", "二", "ended"),
        Reason("UN_OBERCOST", "未超成本", "not over cost by the ratio", "二", "ended"),
        Reason("REVIEW_REFUSED", "审核不通过", "refused in review", "三(二)", "ended"),
        Reason("CURRENCY_PRECISION", "金额不足 0.01 元", "below 0.01 yuan", "三(一)", "ended"),
    )
}


def reasons_of(kind: str) -> tuple[str, ...]:
    """The codes of one kind, in reporting order."""
    return tuple(code for code, reason in REASONS.items() if reason.kind == kind)


# 四(一): the platform's own verdicts, which may be lifted again.
CHEATING = ("MANUAL_JUDGE_SPAM", "ANTI_SPAM")
# Holds that nobody can overrule: what is not known is not known to them either.
UNKNOWN = ("PLAN_UNKNOWN", "FIRST_DELIVERY_UNKNOWN", "BID_UNKNOWN")


# Why a row was refused (quarantine.parquet, column `reason`).
REFUSALS = _by_code(
    Term("missing", "缺少必填值", "a required value is missing"),
    Term("unparsable", "无法识别", "cannot be read as its type"),
    Term("out_of_range", "超出允许范围", "outside the range of its column"),
    Term("too_many_decimals", "小数位数过多", "more decimals than its type"),
    Term("unknown_value", "未知枚举值", "not one of the known values"),
    Term("malformed", "整行结构错误", "the line does not have the columns of its header"),
    Term("conflict", "同键不同值", "same key, different values"),
)
