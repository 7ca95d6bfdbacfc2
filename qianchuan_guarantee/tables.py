"""Every table in and out, once: columns, types, units, keys. Schemas and documents derive from it.

All times are Asia/Shanghai wall clock, all money is yuan in exact decimals (data.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from qianchuan_guarantee.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["id", "count", "money", "text", "instant", "flag", "day"]

# Times outside this range are refused: they are typing errors, not history.
EARLIEST = datetime(2016, 1, 1)
LATEST = datetime(2100, 1, 1)
LARGEST_ID = 2**63 - 1
# A larger count in one row is no count; and sums of counts and of bids × counts stay in range.
MOST = 10**15


@dataclass(frozen=True)
class Column:
    """A column of an input table.

    `required`: a null is refused. `digits`, `scale`: money is decimal(digits, scale) yuan.
    `positive`: zero is refused. `choices`: other values are refused. `en`, `zh`: what it says.
    """

    name: str
    kind: Kind
    en: str
    zh: str
    required: bool = True
    digits: int = 18
    scale: int = 2
    positive: bool = False
    choices: tuple[str, ...] = ()

    @property
    def type_name(self) -> str:
        """The ibis type that the checked table holds."""
        return {
            "id": "int64",
            "count": "int64",
            "money": f"decimal({self.digits}, {self.scale})",
            "text": "string",
            "instant": "timestamp(6)",
            "flag": "boolean",
            "day": "date",
        }[self.kind]


@dataclass(frozen=True)
class Input:
    """An input table: its columns, its key, and how its rows are known in time.

    `known_by`: the column whose instant says when a row of a file without partitions was
    known; `happened_at`: the column that says when it happened. `restatable`: a row in a
    later partition with other values supersedes the earlier one.
    """

    name: str
    en: str
    zh: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    optional: bool = False
    log: bool = False
    restatable: bool = False
    happened_at: str | None = None
    known_by: str | None = None

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def has_plan(self) -> bool:
        return "ad_id" in self.names


def require_id(ad_id: int) -> None:
    """UsageError where a number cannot be the id of a plan."""
    if not 0 < ad_id <= LARGEST_ID:
        raise UsageError(f"plan {ad_id}: no id of a plan; expected 1 to {LARGEST_ID}")


_PLAN = Column("ad_id", "id", "plan id", "计划 ID", positive=True)
_ADVERTISER = Column("advertiser_id", "id", "advertiser account id", "广告主账户 ID", positive=True)

LAB_AD_TYPES = ("LAB_AD", "NOT_LAB_AD")
MARKETING_SCENES = ("FEED", "SEARCH", "SHOPPING_MALL", "ALL")
SMART_BID_TYPES = ("SMART_BID_CUSTOM", "SMART_BID_CONSERVATIVE")
OPERATIONS = ("create", "bid", "targeting", "budget", "pause", "enable", "other")

PLANS = Input(
    "plans",
    "a plan; with partitions, a daily snapshot of it",
    "计划；有分区时为每日快照",
    (
        _PLAN,
        _ADVERTISER,
        Column(
            "lab_ad_type",
            "text",
            "LAB_AD is managed (计划托管)",
            "LAB_AD 为计划托管",
            choices=LAB_AD_TYPES,
        ),
        Column(
            "marketing_scene",
            "text",
            "FEED 通投, SEARCH 搜索",
            "FEED 通投，SEARCH 搜索",
            choices=MARKETING_SCENES,
        ),
        Column(
            "smart_bid_type",
            "text",
            "CUSTOM is cost control (控成本)",
            "CUSTOM 为控成本",
            choices=SMART_BID_TYPES,
        ),
        Column(
            "cpa_bid", "money", "today's bid, yuan", "当日出价（元）", required=False, positive=True
        ),
        Column(
            "roi_goal",
            "money",
            "ROI goal; a plan with one is not covered",
            "ROI 目标；有目标的计划不在保障内",
            False,
            18,
            6,
        ),
        Column("name", "text", "plan name", "计划名称", required=False),
        Column(
            "ad_create_time", "instant", "when the plan was created", "计划创建时间", required=False
        ),
    ),
    key=("ad_id",),
)

DELIVERY = Input(
    "delivery",
    "a plan's slice of time (an hour, or finer, or a day)",
    "计划的一个时段（小时、更细或天）",
    (
        _PLAN,
        Column("stat_datetime", "instant", "start of the slice", "时段开始时刻"),
        Column("stat_cost", "money", "cost, yuan", "消耗（元）", digits=18, scale=5),
        Column("show_cnt", "count", "shows", "展示数"),
        Column("click_cnt", "count", "clicks", "点击数"),
        Column(
            "attribution_convert_cnt",
            "count",
            "conversions by 计费时间",
            "按计费时间的转化数",
            required=False,
        ),
    ),
    key=("ad_id", "stat_datetime"),
    log=True,
    restatable=True,
    happened_at="stat_datetime",
    known_by="stat_datetime",
)

CONVERSIONS = Input(
    "conversions",
    "a conversion",
    "一次转化",
    (
        Column("conversion_id", "text", "id of the conversion", "转化 ID"),
        _PLAN,
        Column(
            "billed_at",
            "instant",
            "计费时间 of the delivery that led to it",
            "带来该转化的投放的计费时间",
        ),
        Column(
            "converted_at",
            "instant",
            "when it was converted, not before billed_at",
            "转化时间，不早于 billed_at",
        ),
        Column(
            "received_at",
            "instant",
            "when it was reported; absent: = converted_at",
            "回传时间；缺省为 converted_at",
            False,
        ),
        Column("valid", "flag", "absent: true", "缺省为 true", required=False),
    ),
    key=("conversion_id",),
    optional=True,
    log=True,
    restatable=True,
    happened_at="billed_at",
    known_by="received_at",
)

OPERATION_LOG = Input(
    "operations",
    "one change of one thing",
    "对一项内容的一次修改",
    (
        Column(
            "log_id", "text", "id of the save; shared by its changes", "保存操作的 ID，同次保存共用"
        ),
        _PLAN,
        Column("create_time", "instant", "when the change was made", "操作时间"),
        Column("operation", "text", "what was changed", "操作类型", choices=OPERATIONS),
        Column("old_value", "text", "before; for bid: yuan", "原值；出价为元", required=False),
        Column(
            "new_value",
            "text",
            "after; for create and bid: yuan",
            "新值；创建与出价为元",
            required=False,
        ),
        Column("operator_id", "text", "who changed it", "操作人", required=False),
    ),
    key=("log_id", "ad_id", "create_time", "operation", "old_value", "new_value", "operator_id"),
    log=True,
    happened_at="create_time",
    known_by="create_time",
)

VERDICTS = Input(
    "verdicts",
    "a verdict on cheating (四(一)), an input, never computed",
    "作弊判定（四(一)），只作输入",
    (
        _PLAN,
        Column("decided_at", "instant", "when it was decided", "判定时间"),
        Column(
            "verdict",
            "text",
            "cheating, or cleared",
            "cheating 作弊，cleared 解除",
            choices=("cheating", "cleared"),
        ),
        Column(
            "source", "text", "who decided", "判定来源", choices=("ANTI_SPAM", "MANUAL_JUDGE_SPAM")
        ),
        Column("note", "text", "a note", "备注", required=False),
    ),
    key=("ad_id", "decided_at"),
    optional=True,
    restatable=True,
    happened_at="decided_at",
    known_by="decided_at",
)

FIRST_DELIVERIES = Input(
    "first_deliveries",
    "first delivery of plans from before the logs begin",
    "日志起始之前的首次投放",
    (_PLAN, Column("first_delivery_at", "instant", "首次投放", "首次投放")),
    key=("ad_id",),
    optional=True,
    happened_at="first_delivery_at",
    known_by="first_delivery_at",
)

GRANT_USAGE = Input(
    "grant_usage",
    "a grant spent on delivery",
    "赠款用于投放的记录",
    (
        Column("usage_id", "text", "id of the use", "使用记录 ID"),
        _ADVERTISER,
        Column("used_at", "instant", "when it was used", "使用时间"),
        Column("amount", "money", "yuan", "元", positive=True),
    ),
    key=("usage_id",),
    optional=True,
    happened_at="used_at",
    known_by="used_at",
)

CONTROL_TOTALS = Input(
    "control_totals",
    "what the sender says was sent",
    "发送方声明的行数与消耗",
    (
        Column("table", "text", "name of the table", "表名"),
        Column("dt", "day", "day of the partition", "分区日期", required=False),
        Column("rows", "count", "rows sent", "发送行数"),
        Column("cost", "money", "Σ stat_cost, yuan", "Σ stat_cost（元）", False, 38, 5),
    ),
    key=("table", "dt"),
    optional=True,
)

RESTRICTIONS = Input(
    "restrictions",
    "an account's restriction (四(三))",
    "账户限制（四(三)）",
    (
        _ADVERTISER,
        Column("starts_at", "instant", "from", "开始"),
        Column(
            "ends_at",
            "instant",
            "until; absent: still running",
            "结束；缺省为仍在限制中",
            required=False,
        ),
        Column("reason", "text", "why", "原因", required=False),
    ),
    key=("advertiser_id", "starts_at"),
    optional=True,
    restatable=True,
    happened_at="starts_at",
    known_by="starts_at",
)

INPUTS: dict[str, Input] = {
    table.name: table
    for table in (
        PLANS,
        DELIVERY,
        CONVERSIONS,
        OPERATION_LOG,
        VERDICTS,
        FIRST_DELIVERIES,
        GRANT_USAGE,
        CONTROL_TOTALS,
        RESTRICTIONS,
    )
}
LOGS = tuple(name for name, table in INPUTS.items() if table.log)


@dataclass(frozen=True)
class Out:
    """A column of the decisions: ibis type, clause, and what it says."""

    name: str
    type_name: str
    clause: str
    en: str
    zh: str
    required: bool = False


YUAN_COST = "decimal(38, 5)"
YUAN = "decimal(18, 2)"

DECISIONS: tuple[Out, ...] = (
    Out("ad_id", "int64", "", "plan id", "计划 ID", True),
    Out(
        "advertiser_id",
        "int64",
        "",
        "advertiser; null where the plan is unknown",
        "广告主；计划未知时为空",
    ),
    Out(
        "rulebook",
        "string",
        "",
        "the rulebook asked, `name@version`",
        "所依据的规则，`name@version`",
        True,
    ),
    Out(
        "scenario",
        "string",
        "二",
        "managed, feed or search; null where not covered",
        "managed、feed 或 search；不在保障内为空",
    ),
    Out(
        "first_delivery_at",
        "timestamp(6)",
        "一",
        "首次投放, start of its slice",
        "首次投放所在时段的开始",
    ),
    Out("window_start", "timestamp(6)", "一", "= first delivery", "即首次投放"),
    Out(
        "window_end",
        "timestamp(6)",
        "一",
        "day0 + 4 days 00:00, not included",
        "day0 + 4 天零点，不含",
    ),
    Out(
        "cycle_end",
        "timestamp(6)",
        "三(二)",
        "day0 + 5 days 00:00, not included",
        "day0 + 5 天零点，不含",
    ),
    Out("settle_on", "date", "三(二)", "day0 + 5", "day0 + 5"),
    Out("cost", YUAN_COST, "三(一)", "Σ stat_cost in the window, yuan", "窗口内 Σ stat_cost（元）"),
    Out("conversions", "int64", "二", "valid conversions that count", "计入的有效转化数"),
    Out("target_cost", YUAN_COST, "三(一)", "Σ bid × conversions, yuan", "Σ 出价 × 转化数（元）"),
    Out(
        "first_bid",
        YUAN,
        "二(一)",
        "the bid that sets the prompted count, yuan",
        "决定提示转化数的出价（元）",
    ),
    Out(
        "bid_at_end",
        YUAN,
        "二",
        "the bid in force just before the window's end, yuan",
        "窗口结束前一刻的出价（元）",
    ),
    Out(
        "conversions_prompted", "int64", "二(一)", "managed: the prompted count", "托管：提示转化数"
    ),
    Out("conversions_required", "int64", "二", "the least count that suffices", "所需的最少转化数"),
    Out(
        "max_daily_bid_edits",
        "int64",
        "二",
        "most bid edits on one day of the window",
        "窗口内单日最多出价修改次数",
    ),
    Out(
        "max_daily_targeting_edits",
        "int64",
        "二",
        "most targeting edits on one day",
        "窗口内单日最多定向修改次数",
    ),
    Out(
        "paused_at",
        "timestamp(6)",
        "二(一)",
        "managed, left paused: the pause that matters",
        "托管且停在暂停：起作用的暂停时刻",
    ),
    Out("meets_overcost", "boolean", "二", "over cost by the ratio", "超成本达到比例"),
    Out("meets_conversions", "boolean", "二", "enough conversions", "转化数足够"),
    Out("meets_bid_edits", "boolean", "二(二)", "bid edits within the limit", "出价修改次数在限内"),
    Out(
        "meets_targeting_edits",
        "boolean",
        "二",
        "targeting edits within the limit",
        "定向修改次数在限内",
    ),
    Out(
        "meets_bid_not_lowered",
        "boolean",
        "二(一)",
        "bid not lowered in the window",
        "窗口内未降价",
    ),
    Out(
        "meets_pause",
        "boolean",
        "二(一)",
        "not left paused, or met before the pause",
        "未停在暂停，或暂停前已满足条件",
    ),
    Out(
        "late_conversions",
        "int64",
        "三(二)",
        "billed in the window, received too late",
        "窗口内计费、回传过晚的转化数",
    ),
    Out(
        "outcome",
        "string",
        "",
        "not_covered open held invalid ended granted",
        "not_covered open held invalid ended granted",
        True,
    ),
    Out(
        "compensate_status",
        "string",
        "四(五)",
        "as the official interface spells it",
        "与官方接口写法一致",
        True,
    ),
    Out(
        "reasons",
        "array<string>",
        "",
        "all that apply, the primary one first",
        "全部原因，首个为主因",
        True,
    ),
    Out(
        "amount",
        YUAN,
        "三(一)",
        "the grant, yuan; 0 where not granted",
        "赠款（元）；未发为 0",
        True,
    ),
)


def decision_notes() -> dict[str, str]:
    """What each column of the decisions says, in both languages, with its clause."""
    return {
        out.name: f"{out.zh}\n{out.en}" + (f"\n{out.clause}" if out.clause else "")
        for out in DECISIONS
    }


def decisions_schema() -> pa.Schema:
    """The Arrow schema of the decisions."""
    import pyarrow as pa

    types = {
        "int64": pa.int64(),
        "string": pa.string(),
        "timestamp(6)": pa.timestamp("us"),
        "date": pa.date32(),
        "boolean": pa.bool_(),
        "array<string>": pa.list_(pa.string()),
        YUAN: pa.decimal128(18, 2),
        YUAN_COST: pa.decimal128(38, 5),
    }
    return pa.schema([pa.field(out.name, types[out.type_name]) for out in DECISIONS])
