"""The sentences that people read, in both languages, from one place."""

from __future__ import annotations

from qianchuan_guarantee.vocabulary import Language

_SENTENCES: dict[str, tuple[str, str]] = {
    "as_of": ("As of the morning of {day}, by {rulebook}", "截至 {day} 零点，依据 {rulebook}"),
    "read_otherwise": ("Read otherwise for this run: {readings}", "本次改用的解读：{readings}"),
    "plans": ("plans", "计划数"),
    "outcome": ("outcome", "结果"),
    "amount": ("amount, yuan", "金额（元）"),
    "reason": ("reason", "原因"),
    "meaning": ("meaning", "含义"),
    "what_to_do": ("what to do", "处理办法"),
    "granted_plans": ("Granted", "应发赠款的计划"),
    "largest": (
        "Granted: the {shown} largest of {all}",
        "应发赠款：{all} 个计划中金额最大的 {shown} 个",
    ),
    "no_grants": ("No plan is granted.", "没有应发赠款的计划。"),
    "held_plans": ("Held for data, by reason", "待数据补正，按原因"),
    "why_not": ("Why others are not granted", "其余计划未发赠款的原因"),
    "table": ("table", "表"),
    "read": ("read", "读入"),
    "accepted": ("accepted", "采纳"),
    "duplicate": ("duplicate", "重复"),
    "superseded": ("superseded", "被更新"),
    "quarantined": ("quarantined", "隔离"),
    "refusal": ("refused", "拒收原因"),
    "rows": ("rows", "行数"),
    "column": ("column", "列"),
    "no_plan_readable": (
        "{rows} refused rows name no readable ad_id: whose they are is not known.",
        "{rows} 行被拒收的数据连 ad_id 也无法识别，不知属于哪个计划。",
    ),
    "extra_columns": (
        "Not used: {table} has the further columns {columns}.",
        "未使用：表 {table} 另有列 {columns}。",
    ),
    "ignored_files": ("Not used: {files}.", "未使用的文件：{files}。"),
    "written": ("Written: {path}", "已写入：{path}"),
    "took": (
        "{plans} plans in {seconds} s ({engine})",
        "{plans} 个计划，用时 {seconds} 秒（{engine}）",
    ),
    "strict": (
        "--strict: {quarantined} rows quarantined, {held} plans held",
        "--strict：隔离 {quarantined} 行，待补正计划 {held} 个",
    ),
    "plan": ("plan", "计划"),
    "advertiser": ("advertiser", "广告主"),
    "scenario": ("scenario", "场景"),
    "cost": ("cost", "消耗"),
    "target": ("target", "目标成本"),
    "conversions": ("conversions", "转化数"),
    "bid": ("bid", "出价"),
    "clause": ("clause", "条款"),
    "question": ("question", "问题"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "not_known": ("not known", "未知"),
    "not_asked": ("not asked", "不适用"),
    "timeline": ("Day by day", "逐日"),
    "changes": ("What was changed", "操作记录"),
    "day": ("day", "日期"),
    "shows": ("shows", "展示"),
    "clicks": ("clicks", "点击"),
    "time": ("time", "时间"),
    "what": ("what", "操作"),
    "from": ("from", "原值"),
    "to": ("to", "新值"),
    "money": ("Money, bid by bid", "金额，按出价"),
    "total": ("total", "合计"),
    "refused_rows": ("Refused rows", "被拒收的行"),
    "file": ("file", "文件"),
    "row": ("row", "行号"),
    "status": ("status", "状态"),
    "first_delivery": ("first delivery", "首次投放"),
    "window": ("window", "保障窗口"),
    "settled_on": ("settled on", "结算日"),
    # The questions of `explain`.
    "q_covered": (
        "Is it a plan under cost control, in a scenario of the rule?",
        "是否为规则所列场景的控成本投放计划？",
    ),
    "q_first_delivery": ("Is its first delivery known?", "首次投放时间是否可信？"),
    "q_trusted": ("Can its data be trusted?", "数据是否可信？"),
    "q_cheating": ("Is it free of a cheating verdict?", "是否没有作弊判定？"),
    "q_overcost": ("Is it over cost by the ratio?", "是否超成本达到比例？"),
    "q_conversions": ("Are there enough conversions?", "转化数是否足够？"),
    "q_bid_edits": ("Is the bid edited seldom enough?", "出价修改次数是否在限内？"),
    "q_targeting_edits": ("Is targeting edited seldom enough?", "定向修改次数是否在限内？"),
    "q_together": (
        "Are bid and targeting together edited seldom enough?",
        "出价与定向修改合计是否在限内？",
    ),
    "q_lowered": ("Is the bid not lowered in the window?", "窗口内是否未降低出价？"),
    "q_pause": (
        "If it was left paused, were the conditions met before?",
        "若停在暂停状态，暂停前是否已满足条件？",
    ),
    "q_amount": ("What is granted?", "应发多少？"),
    # Margins: how far from the other answer.
    "m_over": ("{yuan} yuan above the line", "高出界线 {yuan} 元"),
    "m_under": ("{yuan} yuan below the line", "低于界线 {yuan} 元"),
    "m_on": ("exactly on the line", "恰在界线上"),
    "m_conversions_short": ("{n} conversions short", "还差 {n} 个转化"),
    "m_conversions_spare": ("{n} conversions to spare", "多出 {n} 个转化"),
    "m_conversions_just": ("just enough", "刚好足够"),
    "m_edits_over": ("{n} edits too many", "多出 {n} 次修改"),
    "m_edits_left": ("{n} edits to spare", "还可修改 {n} 次"),
    "m_edits_none": ("none to spare", "已用完"),
    "m_cent": ("{yuan} yuan granted", "应发 {yuan} 元"),
    # The report of `check`.
    "checked_as_of": ("Checked as of the morning of {day}", "截至 {day} 零点的检查"),
    "files": ("files", "文件数"),
    "bad_files": ("Files with refused rows", "含被拒收数据的文件"),
    "calendar": ("Days", "日期"),
    "calendar_key": (
        "{rows} rows   {empty} empty   {missing} missing   {not_landed} not landed yet",
        "{rows} 有数据   {empty} 空   {missing} 缺失   {not_landed} 尚未到达",
    ),
    "days_missing": ("{table}: missing {days}", "{table}：缺失 {days}"),
    "days_not_landed": ("{table}: not landed yet {days}", "{table}：尚未到达 {days}"),
    "no_partitions": (
        "No partitions: the files are taken as complete.",
        "没有分区：视为完整文件。",
    ),
    "for_example": ("for example", "例如"),
    "all_fine": (
        "Every row was accepted, and no plan is held.",
        "所有行均被采纳，没有待补正的计划。",
    ),
    # What a clause compares, where no formula says it.
    "cmp_covered": (
        "smart_bid_type is {bid_type}, there is a scenario, and no roi_goal",
        "smart_bid_type 为 {bid_type}，属于某一场景，且没有 roi_goal",
    ),
    "cmp_trusted": ("nothing holds the plan", "没有使计划待补正的原因"),
    "cmp_cheating": ("no verdict of cheating stands", "没有有效的作弊判定"),
    "cmp_lowered": ("no step down in the window", "窗口内没有调低"),
    "cmp_pause": (
        "not left paused, or both conditions met before paused_at",
        "未停在暂停，或在 paused_at 之前已满足两项条件",
    ),
    "cmp_amount": (
        "amount = cost − Σ(bid × conversions), where every question above is answered yes",
        "金额 = 消耗 − Σ（出价 × 转化数），前提是以上各问均为“是”",
    ),
    # What holds a plan, in particular.
    "h_is_quarantined": ("rows of it were refused: see below", "有数据行被拒收，见下"),
    "h_is_row_conflict": ("two rows have one key and other values", "两行同键而数值不同"),
    "h_is_timeline_broken": (
        "a bid edit states an old value that is not the bid in force before it",
        "某次改价所写的原值与此前生效的出价不符",
    ),
    "h_broken_step": (
        "at {at} the log says {stated}, in force was {before}",
        "{at} 的记录写原值 {stated}，此前生效的是 {before}",
    ),
    "h_is_created_twice": ("it was created with two different bids", "创建时有两个不同的出价"),
    "h_is_snapshot_conflict": (
        "snapshots differ in advertiser, or in cpa_bid without a bid edit",
        "快照的广告主不一致，或 cpa_bid 变化而无改价记录",
    ),
    "h_is_earlier_delivery": (
        "an earlier delivery row came after its own cycle had ended",
        "有更早的投放行在其自身周期结束之后才到达",
    ),
    "h_is_scenario_changed": (
        "snapshots differ in managed, scene or bid type",
        "快照的托管、场景或出价方式不一致",
    ),
    "h_is_incomplete": (
        "days without a partition: {days}",
        "缺少分区的日期：{days}",
    ),
    "h_has_unknown_bid": ("a counted conversion has no known bid", "有计入的转化出价未知"),
    "h_has_ambiguous_bid": ("the bid changed inside a counted slice", "计入的时段内改过出价"),
    "first_slice": (
        "First delivery is known to its slice only; {n} edits inside that slice count.",
        "首次投放只精确到时段；该时段内的 {n} 次修改计入。",
    ),
    "by_slices": (
        "Conversions are known per slice of time only, each taken at its slice's start.",
        "转化仅有时段合计，均按时段开始时刻计。",
    ),
    "open_until": ("Open: it is settled on {day}.", "周期进行中：{day} 结算。"),
    # Rulebooks.
    "rulebook": ("rulebook", "规则"),
    "in_force_from": ("in force from", "生效日"),
    "in_force": ("In force from {day}", "自 {day} 起生效"),
    "digest": ("digest", "摘要"),
    "title": ("title", "名称"),
    "overcost": ("over cost", "超成本"),
    "edits": ("edits a day", "每日修改"),
    "days": (
        "Window: {window} natural days; backflow: {backflow} more",
        "保障窗口：{window} 个自然日；回传：再加 {backflow} 个自然日",
    ),
    "rulebook_fine": (
        "{rulebook}: can be used (SHA-256 {digest})",
        "{rulebook}：可用（SHA-256 {digest}）",
    ),
    # What was generated.
    "made_in": ("{plans} plans made in {seconds} s", "已生成 {plans} 个计划，用时 {seconds} 秒"),
    "decide_it": (
        "All of it is known on {day}: qcg decide {out} --as-of {day}",
        "全部数据于 {day} 可知：qcg decide {out} --as-of {day}",
    ),
    "dirt": ("dirt", "脏数据"),
    "effect": ("what it does", "影响"),
    "d_duplicate": ("counted as duplicate; changes nothing", "计为重复；不影响判定"),
    "d_restated": (
        "the earlier row is superseded: 1 yuan more cost",
        "先前的行被更新：消耗多 1 元",
    ),
    "d_late": ("accepted, known in time; changes nothing", "采纳，按时可知；不影响判定"),
    "d_too_late": (
        "accepted, known after the cycle: its cost does not count",
        "采纳，周期结束后才可知：其消耗不计入",
    ),
    "d_refused": ("quarantined; holds its plan", "被隔离；计划待补正"),
    "d_conflict": ("both rows quarantined; holds its plan", "两行均被隔离；计划待补正"),
    # The command line.
    "app": (
        "Cost guarantee (成本保障) of 巨量千川: logs in, one explained decision per plan out.",
        "巨量千川成本保障：读入导出的日志，逐计划给出可解释的判定。",
    ),
    "c_decide": (
        "Decide every plan of an export folder as of a morning.",
        "按某日零点判定导出目录中的每个计划。",
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
    # The ledger.
    "entry": ("entry", "账目"),
    "who": ("by", "经手"),
    "why": ("why", "理由"),
    "at": ("at", "时间"),
    "notice": ("notice", "通知"),
    "no_entries": ("No entries.", "没有账目。"),
    "no_notices": ("No notice waits.", "没有待投递的通知。"),
    "released": (
        "Plan {plan}: the hold is overruled; the next run decides it.",
        "计划 {plan}：已解除待补正，下次运行时判定。",
    ),
    "ledger_fine": (
        "All entries balance, and every balance and plan stands where they put it.",
        "账目平衡，余额与各计划状态均与账目一致。",
    ),
    "a_available": ("available", "可用"),
    "a_frozen": ("frozen", "冻结"),
    "a_receivable": ("owed by it", "应收"),
    "a_used": ("used", "已用"),
    "a_recovered": ("recovered", "已扣回"),
    "a_proposed": ("proposed", "待发放"),
    "w_supplement": ("a supplement", "补发"),
    "w_amount": ("above the amount limit", "超过单笔限额"),
    "w_night": ("the night's total is above its limit", "当晚合计超过限额"),
    "w_held_before": ("was held for data before", "曾因数据待补正"),
    "w_corrected": ("logs were restated or corrected", "日志曾被更新或更正"),
    "w_cheating": ("the advertiser has a recent cheating verdict", "该广告主近期有作弊判定"),
    "w_refused_before": ("was refused before", "曾被拒绝"),
    "w_released": ("its hold was overruled", "其待补正曾被人工解除"),
    "w_superseded": ("no longer what is owed", "已非应付金额"),
    "w_policy": ("by the policy", "按策略"),
    # Notices (站内信).
    "n_issued": (
        "A cost guarantee grant of {amount} yuan for plan {plan} is in your account ({clause}). "
        "It can be spent on delivery only.",
        "计划 {plan} 的成本保障赠款 {amount} 元已到账（{clause}），仅可用于后续投放。",
    ),
    "n_supplement": (
        "A further {amount} yuan of cost guarantee for plan {plan} is in your account ({clause}).",
        "计划 {plan} 的成本保障补发赠款 {amount} 元已到账（{clause}）。",
    ),
    "n_refused": (
        "The cost guarantee grant of {amount} yuan for plan {plan} was not given ({clause}).",
        "计划 {plan} 的成本保障赠款 {amount} 元未予发放（{clause}）。",
    ),
    "n_kept": (
        "Plan {plan} keeps {amount} yuan that had been asked back ({clause}).",
        "计划 {plan} 原拟扣回的 {amount} 元不再扣回（{clause}）。",
    ),
    "n_claw_back": (
        "{amount} yuan of cost guarantee for plan {plan} were taken back ({clause}): from the "
        "balance, and what it did not cover, out of later grants.",
        "计划 {plan} 的成本保障赠款 {amount} 元已扣回（{clause}）："
        "先扣余额，不足部分从以后的赠款中抵扣。",
    ),
    "n_freeze": (
        "Grants of {amount} yuan are frozen while the account is restricted ({clause}). They are "
        "not lost.",
        "账户受限期间，赠款 {amount} 元已冻结（{clause}），解除限制后可继续使用。",
    ),
    "n_thaw": (
        "Grants of {amount} yuan can be used again ({clause}).",
        "赠款 {amount} 元已解冻，可继续使用（{clause}）。",
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


def say(key: str, lang: Language, **words: object) -> str:
    """The sentence `key`, in `lang`, with its words filled in."""
    english, chinese = _SENTENCES[key]
    return (chinese if lang == "zh" else english).format(**words)
