"""What commands and options are for, and what is being done: key → English, Chinese."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    # The command line.
    "app": (
        "Cost guarantee (成本保障) of 巨量千川: logs in, one explained decision per plan out.",
        "巨量千川成本保障：读入导出的日志，逐计划给出可解释的判定。",
    ),
    "c_decide": (
        "Decide every plan of an export folder as of a morning.",
        "按某日零点判定导出目录中的每个计划。",
    ),
    "c_report": (
        "One page about a night and the nights before it, to read without a network.",
        "一夜及此前各夜的单页报告，离线可读。",
    ),
    "o_report_as_of": (
        "The latest night of this day, YYYY-MM-DD; the latest of all if left out.",
        "这一天的最近一夜，YYYY-MM-DD；缺省为全部之中最近的一夜。",
    ),
    "o_known_at": (
        "Decide on what was known on the morning of this day, or of this instant's day.",
        "只依据此日（或此刻所在之日）早晨所知的数据判定。",
    ),
    "o_explain_store": (
        "Explain what a night decided, from what its run left, with the ledger's entries; instead "
        "of EXPORTS.",
        "依据某夜运行所留内容说明其判定，并列出账目；代替 EXPORTS。",
    ),
    "o_explain_html": (
        "Write a page about the plan to this file instead: its answer in plain words, its days "
        "drawn, every clause. It loads nothing.",
        "改为将该计划的单页说明写入此文件：结论、时间轴与逐条判定，离线可读。",
    ),
    "o_html": ("The page, as this file.", "页面写入此文件。"),
    "o_sign": (
        "Sign what is entered with this Ed25519 key (PEM, as `openssl genpkey -algorithm ed25519` "
        "writes it).",
        "用此 Ed25519 私钥（PEM，可由 `openssl genpkey -algorithm ed25519` 生成）为入账内容签名。",
    ),
    "o_why_run": (
        "The reason for what is otherwise than on the night before: rulebook, readings, policy.",
        "本次规则文件、解读或审核策略与前一夜不同的理由。",
    ),
    "c_run": (
        "The nightly job: decide, record, propose grants, issue what needs no review, tell.",
        "每晚任务：判定、入账、提出赠款、发放无需审核者、通知。",
    ),
    "c_ledger": (
        "The ledger of grants: what was entered, what waits, what people decide.",
        "赠款账本：已入账、待审核与人工处理。",
    ),
    "c_ledger_list": ("Entries, oldest first.", "账目，按先后排列。"),
    "c_ledger_show": (
        "An entry with what it moved, or a plan with its entries and statuses.",
        "一笔账目及其变动，或一个计划的账目与状态历史。",
    ),
    "c_approve": ("Issue proposals that wait.", "通过待审核的提议并发放。"),
    "c_refuse": (
        "Refuse proposals that wait; they are not made again.",
        "拒绝待审核的提议；不再提出。",
    ),
    "c_claw_back": (
        "Take back what was issued for a plan, or a part of it.",
        "扣回某计划已发放的赠款，全部或部分。",
    ),
    "c_release": (
        "Overrule a hold: the next run decides the plan by the facts there are.",
        "解除待补正：下次运行按现有事实判定该计划。",
    ),
    "c_balance": ("Balances of advertisers.", "各广告主的余额。"),
    "c_ledger_check": (
        "Whether the ledger adds up; exits with 1 if not.",
        "核对账本；不平则以 1 退出。",
    ),
    "c_notices": ("Notices that wait to be delivered.", "待投递的通知。"),
    "o_by": ("Who decides this.", "处理人。"),
    "o_why": ("The reason, for whoever asks later.", "理由，供日后查问。"),
    "o_entries": ("Proposals, by entry id.", "提议的账目编号。"),
    "o_entry": ("An entry id, or a plan.", "账目编号，或计划 ID。"),
    "o_all": ("All that wait.", "全部待审核者。"),
    "o_kind": ("Only entries of this kind.", "只列此类账目。"),
    "o_of_plan": ("Only entries of this plan.", "只列此计划的账目。"),
    "o_waiting": ("Only proposals that wait.", "只列待审核的提议。"),
    "o_amount": (
        "Only so much, in yuan; all of it if left out.",
        "只扣回此金额（元）；缺省为全部。",
    ),
    "o_balance_check": (
        "Recompute balances from entries; exit with 1 where they differ.",
        "由账目重算余额；不一致则以 1 退出。",
    ),
    "o_deliver": ("Try to deliver them now.", "立即尝试投递。"),
    "o_store": (
        "The store: a folder, or postgresql://…; a first run makes it.",
        "存储：目录，或 postgresql://…；首次运行时建立。",
    ),
    "o_policy": ("The review policy; the shipped one if left out.", "审核策略；缺省为随包策略。"),
    "o_dry_run": ("Do everything but write.", "只演算，不写入。"),
    "o_started_by": ("Who starts the run; the user if left out.", "发起人；缺省为当前用户。"),
    "c_check": (
        "Report on an export folder: files, days, refused rows, plans that would be held.",
        "检查导出目录：文件、日期、被拒收的行，以及将待补正的计划。",
    ),
    "o_check_as_of": (
        "As of this morning; the one after the last partition if left out, or else today.",
        "截至这一天零点；缺省为最后一个分区的次日，没有分区则为今天。",
    ),
    "o_check_quarantine": ("Refused rows to this file.", "被拒收的行写入此文件。"),
    "c_explain": (
        "Explain one plan's decision: each question, what was compared, and the margin.",
        "逐条解释某个计划的判定：问题、所比较的数值与差距。",
    ),
    "c_generate": (
        "Make up an export folder of any size from a seed, to try things on.",
        "按种子生成任意规模的导出目录，供试用与测试。",
    ),
    "c_rules": ("Rulebooks: list, show, check.", "规则：列出、展示、检查。"),
    "c_rules_list": (
        "The rulebooks there are, and from when each is in force.",
        "现有的规则版本及各自的生效日。",
    ),
    "c_rules_show": (
        "What a rulebook says: its numbers, and every open question with its reading.",
        "规则的内容：各项数值，以及每个未决问题的解读。",
    ),
    "c_rules_check": (
        "Whether every rulebook of a folder can be used; errors name file, line and key.",
        "目录中的规则是否都可用；出错时指出文件、行与键。",
    ),
    "o_exports": ("Folder with the exported tables.", "导出表所在的目录。"),
    "o_ad_id": ("The plan.", "计划 ID。"),
    "o_as_of": (
        "Decide on the morning of this day, YYYY-MM-DD.",
        "按这一天零点判定，YYYY-MM-DD。",
    ),
    "o_out": ("Decisions to .parquet, .csv or .xlsx.", "判定写入 .parquet、.csv 或 .xlsx。"),
    "o_rules": (
        "Folder of rulebooks to use instead of the shipped ones.",
        "改用此目录中的规则。",
    ),
    "o_rulebook": ("Use this version only.", "只用这一版本。"),
    "o_plan": ("Only this plan; may be repeated.", "只判定此计划；可重复。"),
    "o_read": ("Read an open question otherwise; may be repeated.", "改用另一种解读；可重复。"),
    "o_engine": ("duckdb or spark.", "duckdb 或 spark。"),
    "o_spark_master": ("Address of a Spark cluster.", "Spark 集群地址。"),
    "o_memory": ("Memory for DuckDB, as 2GB.", "DuckDB 的内存上限，如 2GB。"),
    "o_quarantine": (
        "Refused rows to this file; otherwise to quarantine.parquet beside the decisions.",
        "被拒收的行写入此文件；缺省为判定文件旁的 quarantine.parquet。",
    ),
    "o_strict": (
        "Exit with 3 if a row is quarantined or a plan held.",
        "有数据被隔离或计划待补正时，以 3 退出。",
    ),
    "o_lang": ("zh or en.", "zh 或 en。"),
    "o_json": ("Print one JSON document.", "输出一个 JSON 文档。"),
    "o_made": ("Folder to make; new or empty.", "要生成的目录；须不存在或为空。"),
    "o_plans": (
        "How many plans; from 2100 on, every reason that the layout and the dirt allow is there.",
        "计划数；2100 个起，布局、脏数据与时段设置所能呈现的原因齐全。",
    ),
    "o_start": ("First day of the logs, YYYY-MM-DD.", "日志首日，YYYY-MM-DD。"),
    "o_days": ("Days of logs, 7 to 366.", "日志天数，7 至 366。"),
    "o_seed": (
        "The same seed and options give the same bytes.",
        "种子与选项相同，则文件逐字节相同。",
    ),
    "o_format": ("parquet or csv.", "parquet 或 csv。"),
    "o_order": (
        "Rows by plan, or by hour with plans shuffled.",
        "plan 按计划排列；hour 按小时排列，计划打乱。",
    ),
    "o_layout": (
        "flat, or daily with a dt= partition per day.",
        "flat 不分区；daily 每日一个 dt= 分区。",
    ),
    "o_dirt": (
        "Share of plans, 0 to 1, that get one bad thing each: a row sent twice, restated, late, "
        "refused or in conflict. Restated and late ones need daily layout.",
        "带有一处脏数据的计划占比，0 至 1：重复、更新、迟到、拒收或冲突；更新与迟到需 daily。",
    ),
    "o_slices": (
        "No conversions table; counts per hour in delivery instead.",
        "不生成 conversions 表，转化数按小时记在 delivery 中。",
    ),
    "o_version": ("Print the version and stop.", "显示版本后退出。"),
    "o_help": ("Show this message and exit.", "显示帮助后退出。"),
    "o_show": ("NAME@VERSION; the latest if left out.", "NAME@VERSION；缺省为最新版本。"),
    "o_check": (
        "A folder of rulebooks; the shipped ones if left out.",
        "规则所在目录；缺省为随包规则。",
    ),
    # Progress.
    "p_reading": ("reading {table}", "读取 {table}"),
    "p_deciding": ("deciding", "判定"),
    "p_writing": ("writing", "写入"),
    "p_drawing": ("drawing {plans} plans", "抽取 {plans} 个计划"),
    "p_hashing": ("fingerprinting the exports", "计算导出文件的指纹"),
    "p_recording": ("recording", "入账"),
    "p_notices": ("delivering {notices} notices", "投递 {notices} 条通知"),
    "p_making": ("making {table}", "生成 {table}"),
    "p_making_day": ("making {table} of {day}", "生成 {table}，{day}"),
}
