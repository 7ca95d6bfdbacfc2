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
    "c_reconcile": (
        "Hold our decisions against what the platform says and pays: did it pay by its rule?",
        "将我们的判定与平台的状态、赔付逐计划核对：平台是否按规则赔付？",
    ),
    "o_rc_source": (
        "Exports (with --as-of), or the store of the nightly job.",
        "导出目录（须给 --as-of），或每晚任务的存储。",
    ),
    "o_rc_files": (
        "What the platform says: saved answers of its interfaces, workbooks, CSV, or folders.",
        "平台数据：保存的接口应答、工作簿或 CSV，文件或目录均可。",
    ),
    "o_rc_as_of": (
        "Decide, and read the calendar, on the morning of this day; of a store: its last night.",
        "按这一天零点判定并推算到账日；用存储时缺省为其最近一夜。",
    ),
    "o_rc_exports": (
        "With a store: exports to try the causes of differences on.",
        "使用存储时，用此导出查找差异的原因。",
    ),
    "o_rc_out": (
        "Every plan with its class and cause to .xlsx, .parquet or .csv.",
        "每个计划的归类与原因写入 .xlsx、.parquet 或 .csv。",
    ),
    "o_rc_html": ("A page about it, as this file.", "单页报告写入此文件。"),
    "o_rc_letters": (
        "A list of differences for each advertiser, in Chinese, ready for a letter, into this "
        "folder.",
        "每个广告主一份差异清单，可直接用于去函，写入此目录。",
    ),
    "p_platform": ("reading the platform's files", "读取平台文件"),
    "p_variant": ("counting late rows otherwise", "改用另一种方式计入迟到数据"),
    # Classes.
    "rc_agree": ("agree", "一致"),
    "rc_paid_less": ("paid less", "少付"),
    "rc_paid_more": ("paid more", "多付"),
    "rc_paid_unexpected": ("paid, and we say no", "已付，我方判定不应付"),
    "rc_denied": ("we say yes, the platform says no", "我方判定应付，平台不付"),
    "rc_overdue": ("we say yes, not paid: overdue", "应付未付：已逾期"),
    "rc_not_yet": ("we say yes, not paid yet", "应付未付：未到期"),
    "rc_status_differs": ("status differs", "状态不同"),
    "rc_only_here": ("only here", "仅我方有"),
    "rc_only_there": ("only there", "仅平台有"),
    # What it comes to.
    "rc_title": ("Cost guarantee: ours and the platform's, {day}", "成本保障赔付核对 · {day}"),
    "rc_differing": ("Plans that differ", "有差异的计划"),
    "rc_of_plans": ("of {plans}", "共 {plans} 个"),
    "rc_foot": (
        "Every plan that either side knows is in one class; plans and money add up.",
        "任一方所知的每个计划恰在一类；计划数与金额均已核平。",
    ),
    "rc_head": ("As of the morning of {day}, against {files}", "截至 {day} 零点，对照 {files}"),
    "rc_total": (
        "{plans} plans, {differing} of them differ",
        "共 {plans} 个计划，其中 {differing} 个有差异",
    ),
    "rc_money": (
        "We grant {ours} yuan, the platform paid {theirs}: {difference}",
        "我方判定应付 {ours} 元，平台已付 {theirs} 元，相差 {difference} 元",
    ),
    "rc_both_ways": (
        "Less than we grant: {less} yuan on {fewer} plans; more: {more} on {others}",
        "低于我方：{fewer} 个计划，{less} 元；高于我方：{others} 个计划，{more} 元",
    ),
    "rc_is_payments": (
        "The platform's file is a list of payments: a plan that is not on it was not paid.",
        "平台文件为付款清单：不在其中的计划视为未付。",
    ),
    "rc_no_plan": (
        "{rows} rows of the platform's name no plan, {amount} yuan in all; they are left out.",
        "平台文件中有 {rows} 行未列计划，合计 {amount} 元，不参与核对。",
    ),
    "rc_unstated": (
        "Of {amount} yuan that we grant the platform says that it paid, and not how much; the "
        "difference leaves them out.",
        "我方应付 {amount} 元所涉计划，平台称已到账而未列金额，不计入相差。",
    ),
    "rc_waiting": (
        "{amount} yuan wait for review here and are being confirmed there; the difference leaves "
        "them out.",
        "{amount} 元我方待审核、平台确认中，不计入相差。",
    ),
    "rc_needs_exports": (
        "Readings and late data are tried on exports only: give --exports EXPORTS.",
        "解读与迟到数据须用导出核查：请给出 --exports EXPORTS。",
    ),
    "rc_left": ("Not asked: {kinds}", "未用于核对：{kinds}"),
    "rc_by_class": ("By class", "按归类"),
    "rc_by_advertiser": ("By advertiser", "按广告主"),
    "rc_readings": ("Readings that explain differences", "能解释差异的解读"),
    "rc_differences": ("Differences", "差异"),
    "rc_largest": ("The first {shown} of {all} differences", "{all} 处差异中的前 {shown} 处"),
    "rc_class": ("class", "归类"),
    "rc_plans": ("plans", "计划数"),
    "rc_ours": ("ours, yuan", "我方（元）"),
    "rc_theirs": ("the platform's, yuan", "平台（元）"),
    "rc_difference": ("difference", "相差"),
    "rc_statuses": ("status, ours / the platform's", "状态，我方 / 平台"),
    "rc_cause": ("likeliest cause", "最可能的原因"),
    "rc_explained": ("would agree", "将一致"),
    "rc_of_yuan": ("yuan", "元"),
    "rc_broken": ("would differ instead", "反而不一致"),
    "rc_meaning": ("what it means", "含义"),
    "rc_all": ("all", "合计"),
    "rc_nobody": ("not known", "未知"),
    "rc_no_status": ("no status", "无状态"),
    # Causes.
    "rc_reading": (
        "the platform's figure fits {reading}",
        "平台的数字与解读 {reading} 吻合",
    ),
    "rc_unlikely": (
        "the platform's figure fits {reading}, most likely by chance: it would settle {explained} "
        "differences and make {broken} others",
        "平台的数字与解读 {reading} 吻合，多半是巧合：消除 {explained} 处差异，却新增 {broken} 处",
    ),
    "rc_late": (
        "the platform's figure fits if rows that came after the cycle's end are counted",
        "若计入周期结束后才到达的数据，则与平台的数字吻合",
    ),
    "rc_before_backflow": (
        "the platform's figure fits if the backflow day is not waited for",
        "若不等待回传日，则与平台的数字吻合",
    ),
    "rc_unexplained": (
        "no reading that fits the rest, and no late data, gives the platform's figure",
        "没有与其余计划相容的解读或迟到数据能得出平台的数字",
    ),
    "rc_our_facts": (
        "ours is {cost} − {target}, with {won} conversions",
        "我方为 {cost} − {target}，共 {won} 个转化",
    ),
    "rc_no_exports": (
        "not looked for: readings and late data need exports",
        "未查：解读与迟到数据须用导出核查",
    ),
    "rc_held": (
        "held here until the data are mended: {codes}",
        "我方因数据待补正而未判定：{codes}",
    ),
    "rc_times": (
        "the platform paid exactly {times} times our amount: issued more than once? (四(二))",
        "平台所付恰为我方金额的 {times} 倍：是否重复发放？（四(二)）",
    ),
    "rc_nothing_came": (
        "the platform says that it was paid, and by its own figures nothing was",
        "平台称已到账，而其自己的数字为 0",
    ),
    "rc_verdict": (
        "the platform's verdict {codes}, which our exports lack (table verdicts)",
        "平台作出 {codes} 判定，我方导出（verdicts 表）中没有",
    ),
    "rc_they_say": ("the platform says {codes}", "平台给出的原因：{codes}"),
    "rc_we_say": ("we say {codes}", "我方判定：{codes}"),
    "rc_not_here": (
        "our side does not have this plan: the exports lack it",
        "我方没有该计划：导出中缺少",
    ),
    "rc_not_there": (
        "the platform's file does not have this plan: pages may be missing",
        "平台文件中没有该计划：可能缺页",
    ),
    "rc_failed": (
        "the interface answered FAILED for this plan: ask again",
        "接口对该计划返回 FAILED：请重新查询",
    ),
    "rc_due": ("due on {day}", "应于 {day} 到账"),
    "rc_was_due": ("was due on {day}, {days} days ago", "应于 {day} 到账，已逾期 {days} 天"),
    "rc_due_unknown": (
        "when it was due is not known: its rulebook is not among these",
        "到账日未知：其规则版本不在现有规则中",
    ),
    "rc_asked_after": (
        "the platform's status fits a day from {day} on: asked on another day",
        "平台状态符合 {day} 起的情形：查询日不同",
    ),
    "rc_asked_before": (
        "the platform's status fits a day before {day}: asked on another day",
        "平台状态符合 {day} 之前的情形：查询日不同",
    ),
    "rc_settled_before": (
        "settled by the platform, while by the rule its cycle runs until {day}",
        "平台已结算，而按规则其周期至 {day} 方结束",
    ),
    "rc_not_settled_there": (
        "settled here on {day}, not yet by the platform",
        "我方已于 {day} 结算，平台尚未结算",
    ),
    # Letters: written in Chinese only, for that is what the platform reads.
    "rl_title": ("Cost guarantee: differences to be checked", "成本保障赔付核对函"),
    "rl_head": (
        "Advertiser {advertiser}. Reckoned by the published rule 「抖音巨量千川-成本保障规则」 "
        "from delivery, conversion and operation logs, as of the morning of {day}; in yuan.",
        "广告主 ID：{advertiser}。以下依据已公布的「抖音巨量千川-成本保障规则」，"
        "按投放、转化与操作日志核算，截至 {day} 零点；金额单位为元。",
    ),
    "rl_owed": (
        "To be paid: {plans} plans, {amount} yuan",
        "请核实并补发：{plans} 个计划，合计 {amount} 元",
    ),
    "rl_more": (
        "Paid beyond what we reckon: {plans} plans, {amount} yuan",
        "已付多于我方核算，一并说明：{plans} 个计划，合计 {amount} 元",
    ),
    "rl_rule": (
        "By 三(一) a grant is the total cost less Σ (bid × conversions won at that bid); by 三(二) "
        "it is issued on the day after the backflow day.",
        "依据：三(一)，赠款 = 实际总消耗 − Σ（出价 × 该出价下的转化数）；"
        "三(二)，统计周期结束次日计算、审核并发放。",
    ),
    "rl_why": ("difference", "差异"),
    "rl_reckoned": ("reckoned", "核算"),
    "rl_granted": ("owed", "应付"),
    "rl_paid": ("paid", "已付"),
    "rl_gap": ("gap", "相差"),
    "rl_note": ("note", "说明"),
    "rl_overdue": (
        "not paid: was due on {day}, {days} days ago",
        "未付：应于 {day} 到账，已逾期 {days} 天",
    ),
    "rl_cost": (
        "first delivery {first}; {cost} − {target}; {won} conversions",
        "首次投放 {first}；{cost} − {target}；转化 {won} 个",
    ),
    # Logs against the report.
    "rt_head": (
        "Logs as of the morning of {day} against the platform's report: {days} days of plans, "
        "{differing} of them differ beyond rounding",
        "截至 {day} 零点的日志对照平台报表：{days} 个计划日，其中 {differing} 个差异超出舍入",
    ),
    "rt_growing": (
        "The report's conversions look back 7 days: those of its last days may still grow.",
        "报表的转化数回看 7 天：最后几日仍可能增加。",
    ),
    "rt_after_all": (
        "{plans} plans cost {cost} yuan after a pause or a deletion.",
        "{plans} 个计划在暂停或删除之后仍有消耗，合计 {cost} 元。",
    ),
    "rt_accounts": ("Logs and report by account", "日志与报表，按账户"),
    "rt_plans": ("Logs and report by plan", "日志与报表，按计划"),
    "rt_by_day": ("Days that differ", "有差异的日子"),
    "rt_largest": (
        "The first {shown} of {all} days that differ",
        "{all} 个有差异的日子中的前 {shown} 个",
    ),
    "rt_after": ("Cost after a pause or a deletion", "暂停或删除之后的消耗"),
    "rt_days": ("days", "天数"),
    "rt_differing": ("differing", "有差异"),
    "rt_our_cost": ("cost in the logs", "日志消耗"),
    "rt_their_cost": ("cost in the report", "报表消耗"),
    "rt_our_won": ("conversions in the logs", "日志转化"),
    "rt_their_won": ("in the report", "报表转化"),
    "rt_day": ("day", "日期"),
    "rt_what": ("what", "情形"),
    "rt_deleted": ("deleted", "删除"),
    "rt_paused": ("paused", "暂停"),
    "rt_since": ("since", "起"),
    "rt_until": ("until", "止"),
    "rt_cost": ("cost, yuan", "消耗（元）"),
    "rt_slices": ("slices", "时段数"),
    "rt_last": ("last slice", "最后时段"),
}
