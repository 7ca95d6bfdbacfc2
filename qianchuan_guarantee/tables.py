"""Every table in and out, once: columns, types, units, keys. Schemas and documents derive from it.

All times are Asia/Shanghai wall clock, all money is yuan in exact decimals (data.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["id", "count", "money", "text", "instant", "flag", "day"]

# Times outside this range are refused: they are typing errors, not history.
EARLIEST = datetime(2016, 1, 1)
LATEST = datetime(2100, 1, 1)


@dataclass(frozen=True)
class Column:
    """A column of an input table.

    `required`: a null is refused. `digits`, `scale`: money is decimal(digits, scale) yuan.
    `positive`: zero is refused. `choices`: other values are refused. `meaning` is for people.
    """

    name: str
    kind: Kind
    meaning: str
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
    meaning: str
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


_PLAN = Column("ad_id", "id", "plan id", positive=True)
_ADVERTISER = Column("advertiser_id", "id", "advertiser account id", positive=True)

LAB_AD_TYPES = ("LAB_AD", "NOT_LAB_AD")
MARKETING_SCENES = ("FEED", "SEARCH", "SHOPPING_MALL", "ALL")
SMART_BID_TYPES = ("SMART_BID_CUSTOM", "SMART_BID_CONSERVATIVE")
OPERATIONS = ("create", "bid", "targeting", "budget", "pause", "enable", "other")

PLANS = Input(
    "plans",
    "a plan; with partitions, a daily snapshot of it",
    (
        _PLAN,
        _ADVERTISER,
        Column("lab_ad_type", "text", "LAB_AD is managed (计划托管)", choices=LAB_AD_TYPES),
        Column("marketing_scene", "text", "FEED 通投, SEARCH 搜索", choices=MARKETING_SCENES),
        Column(
            "smart_bid_type", "text", "CUSTOM is cost control (控成本)", choices=SMART_BID_TYPES
        ),
        Column("cpa_bid", "money", "today's bid, yuan", required=False, positive=True),
        Column("roi_goal", "money", "ROI goal; a plan with one is not covered", False, 18, 6),
        Column("name", "text", "plan name", required=False),
        Column("ad_create_time", "instant", "when the plan was created", required=False),
    ),
    key=("ad_id",),
)

DELIVERY = Input(
    "delivery",
    "a plan's slice of time (an hour, or finer, or a day)",
    (
        _PLAN,
        Column("stat_datetime", "instant", "start of the slice"),
        Column("stat_cost", "money", "cost, yuan", digits=18, scale=5),
        Column("show_cnt", "count", "shows"),
        Column("click_cnt", "count", "clicks"),
        Column("attribution_convert_cnt", "count", "conversions by 计费时间", required=False),
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
    (
        Column("conversion_id", "text", "id of the conversion"),
        _PLAN,
        Column("billed_at", "instant", "计费时间 of the delivery that led to it"),
        Column("converted_at", "instant", "when it was converted, not before billed_at"),
        Column("received_at", "instant", "when it was reported; absent: = converted_at", False),
        Column("valid", "flag", "absent: true", required=False),
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
    (
        Column("log_id", "text", "id of the save; shared by its changes"),
        _PLAN,
        Column("create_time", "instant", "when the change was made"),
        Column("operation", "text", "what was changed", choices=OPERATIONS),
        Column("old_value", "text", "before; for bid: yuan", required=False),
        Column("new_value", "text", "after; for create and bid: yuan", required=False),
        Column("operator_id", "text", "who changed it", required=False),
    ),
    key=("log_id", "ad_id", "create_time", "operation", "old_value", "new_value", "operator_id"),
    log=True,
    happened_at="create_time",
    known_by="create_time",
)

VERDICTS = Input(
    "verdicts",
    "a verdict on cheating (四(一)), an input, never computed",
    (
        _PLAN,
        Column("decided_at", "instant", "when it was decided"),
        Column("verdict", "text", "cheating, or cleared", choices=("cheating", "cleared")),
        Column("source", "text", "who decided", choices=("ANTI_SPAM", "MANUAL_JUDGE_SPAM")),
        Column("note", "text", "a note", required=False),
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
    (_PLAN, Column("first_delivery_at", "instant", "首次投放")),
    key=("ad_id",),
    optional=True,
    happened_at="first_delivery_at",
    known_by="first_delivery_at",
)

GRANT_USAGE = Input(
    "grant_usage",
    "a grant spent on delivery",
    (
        Column("usage_id", "text", "id of the use"),
        _ADVERTISER,
        Column("used_at", "instant", "when it was used"),
        Column("amount", "money", "yuan", positive=True),
    ),
    key=("usage_id",),
    optional=True,
    happened_at="used_at",
    known_by="used_at",
)

CONTROL_TOTALS = Input(
    "control_totals",
    "what the sender says was sent",
    (
        Column("table", "text", "name of the table"),
        Column("dt", "day", "day of the partition", required=False),
        Column("rows", "count", "rows sent"),
        Column("cost", "money", "Σ stat_cost, yuan", False, 38, 5),
    ),
    key=("table", "dt"),
    optional=True,
)

RESTRICTIONS = Input(
    "restrictions",
    "an account's restriction (四(三))",
    (
        _ADVERTISER,
        Column("starts_at", "instant", "from"),
        Column("ends_at", "instant", "until; absent: still running", required=False),
        Column("reason", "text", "why", required=False),
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
    meaning: str
    required: bool = False


YUAN_COST = "decimal(38, 5)"
YUAN = "decimal(18, 2)"

DECISIONS: tuple[Out, ...] = (
    Out("ad_id", "int64", "", "plan id", True),
    Out("advertiser_id", "int64", "", "advertiser; null where the plan is unknown"),
    Out("rulebook", "string", "", "the rulebook asked, `name@version`", True),
    Out("scenario", "string", "二", "managed, feed or search; null where not covered"),
    Out("first_delivery_at", "timestamp(6)", "一", "首次投放, start of its slice"),
    Out("window_start", "timestamp(6)", "一", "= first delivery"),
    Out("window_end", "timestamp(6)", "一", "day0 + 4 days 00:00, not included"),
    Out("cycle_end", "timestamp(6)", "三(二)", "day0 + 5 days 00:00, not included"),
    Out("settle_on", "date", "三(二)", "day0 + 5"),
    Out("cost", YUAN_COST, "三(一)", "Σ stat_cost in the window, yuan"),
    Out("conversions", "int64", "二", "valid conversions that count"),
    Out("target_cost", YUAN_COST, "三(一)", "Σ bid × conversions, yuan"),
    Out("first_bid", YUAN, "二(一)", "the bid that sets the prompted count, yuan"),
    Out("bid_at_end", YUAN, "二", "the bid in force just before the window's end, yuan"),
    Out("conversions_prompted", "int64", "二(一)", "managed: the prompted count"),
    Out("conversions_required", "int64", "二", "the least count that suffices"),
    Out("max_daily_bid_edits", "int64", "二", "most bid edits on one day of the window"),
    Out("max_daily_targeting_edits", "int64", "二", "most targeting edits on one day"),
    Out("paused_at", "timestamp(6)", "二(一)", "managed, left paused: the pause that matters"),
    Out("meets_overcost", "boolean", "二", "over cost by the ratio"),
    Out("meets_conversions", "boolean", "二", "enough conversions"),
    Out("meets_bid_edits", "boolean", "二(二)", "bid edits within the limit"),
    Out("meets_targeting_edits", "boolean", "二", "targeting edits within the limit"),
    Out("meets_bid_not_lowered", "boolean", "二(一)", "bid not lowered in the window"),
    Out("meets_pause", "boolean", "二(一)", "not left paused, or met before the pause"),
    Out("late_conversions", "int64", "三(二)", "billed in the window, received too late"),
    Out("outcome", "string", "", "not_covered open held invalid ended granted", True),
    Out("compensate_status", "string", "四(五)", "as the official interface spells it", True),
    Out("reasons", "array<string>", "", "all that apply, the primary one first", True),
    Out("amount", YUAN, "三(一)", "the grant, yuan; 0 where not granted", True),
)


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
