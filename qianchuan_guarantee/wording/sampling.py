"""What samples and their working papers say: key → English, Chinese."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    # The command line.
    "c_audit_sample": (
        "Draw the plans to look at, into a working paper: grants by their yuan (monetary-unit "
        "sampling), refusals by lot within each reason.",
        "抽取待查计划并写成工作底稿：赠款按金额抽样（货币单位抽样），未发放者按原因分层随机抽样。",
    ),
    "c_audit_evaluate": (
        "Read a working paper back, and project what was found onto all decisions.",
        "读回已填写的工作底稿，将所发现的错报推断至全部判定。",
    ),
    "o_sampled": (
        "Decisions that `qcg decide -o` wrote (.parquet), instead of --store.",
        "`qcg decide -o` 写出的判定（.parquet），代替 --store。",
    ),
    "o_sample_store": (
        "The store whose decisions are sampled: the last final one of every plan.",
        "从此存储的判定中抽样：取每个计划最后的最终判定。",
    ),
    "o_sample_run": (
        "Only the decisions of this run of the store.",
        "只取存储中此次运行的判定。",
    ),
    "o_sample_out": ("The working paper, as this .xlsx file.", "工作底稿写入此 .xlsx 文件。"),
    "o_confidence": (
        "Confidence in percent; the risk of accepting too much is what is left of 100.",
        "置信水平（%）；误受风险为其与 100 之差。",
    ),
    "o_tolerable": (
        "Tolerable misstatement: the most that may be wrong in all, in yuan.",
        "可容忍错报：总额中最多允许的错误（元）。",
    ),
    "o_expected": (
        "Expected misstatement, in yuan: room for errors that will be found.",
        "预计错报（元）：为将会发现的错误留出余地。",
    ),
    "o_tolerable_rate": (
        "Of the refusals of each reason, the percentage of wrong ones that is not tolerated.",
        "每一原因的未发放判定中，错误达到此百分比即不可容忍。",
    ),
    "o_lot_seed": (
        "The seed of the lot, any text: throw dice for it, in front of witnesses, after the "
        "decisions are final.",
        "抽签种子，任意文本：判定终结后当众掷骰取得。",
    ),
    "o_paper": ("The working paper, filled in.", "已填写的工作底稿。"),
    # What was drawn.
    "smp_population": (
        "{plans} final decisions, {granted} yuan granted; {left_out} plans have none yet",
        "最终判定 {plans} 个，赠款共 {granted} 元；另有 {left_out} 个计划尚无最终判定",
    ),
    "smp_money": (
        "Grants: {size} yuan units, every {interval} yuan from {start} on; plans of {interval} "
        "yuan or more are all in",
        "赠款：抽 {size} 个货币单位，自 {start} 元起每隔 {interval} 元一个；"
        "不低于 {interval} 元的计划全部入选",
    ),
    "smp_stratum": ("stratum", "层"),
    "smp_plans": ("plans", "计划"),
    "smp_items": ("drawn", "抽中"),
    "smp_amount": ("yuan", "金额（元）"),
    "smp_written": (
        "{items} plans to look at: {path}\npaper SHA-256 {sha256}: keep it elsewhere",
        "待查计划 {items} 个：{path}\n底稿 SHA-256 {sha256}：请另行留存",
    ),
    # What was concluded.
    "ev_title": (
        "{items} plans looked at, {confidence} % confidence, tolerable {tolerable} yuan and under "
        "{rate} % of each reason",
        "已查计划 {items} 个，置信水平 {confidence}%，可容忍 {tolerable} 元，"
        "各原因错误率须低于 {rate}%",
    ),
    "ev_direction": ("grants", "赠款"),
    "ev_over": ("too much", "多发"),
    "ev_under": ("too little", "少发"),
    "ev_withheld": ("refused wrongly", "误拒"),
    "ev_errors": ("errors", "错误数"),
    "ev_found": ("found, yuan", "已发现（元）"),
    "ev_projected": ("projected, yuan", "推断（元）"),
    "ev_limit": ("upper limit, yuan", "上限（元）"),
    "ev_rate": ("wrong at most", "错误率上限"),
    "ev_ceiling": ("ceiling, yuan", "最高可能（元）"),
    "ev_decided": ("decided, yuan", "所判（元）"),
    "ev_right": ("found, yuan", "审定（元）"),
    "ev_remark": ("remark", "备注"),
    "ev_verdict": ("conclusion", "结论"),
    "ev_yes": ("accepted", "可接受"),
    "ev_no": ("not accepted", "不可接受"),
    "ev_accepted": (
        "Accepted: every limit is within what is tolerable.",
        "可接受：各项上限均在可容忍范围内。",
    ),
    "ev_not_accepted": (
        "Not accepted: a limit is above what is tolerable. Draw a larger sample, or have the "
        "decisions mended.",
        "不可接受：有上限超出可容忍范围。请扩大样本，或要求更正判定。",
    ),
    "ev_paper": ("paper SHA-256 {sha256}", "底稿 SHA-256 {sha256}"),
    # Columns of the working paper.
    "sc_key": ("parameter", "参数"),
    "sc_value": ("value", "取值"),
    "sc_meaning": ("meaning", "含义"),
    "sc_number": ("item", "序号"),
    "sc_ad_id": ("plan id", "计划 ID"),
    "sc_advertiser_id": ("advertiser", "广告主"),
    "sc_stratum": ("stratum: outcome and first reason", "层：结果与首要原因"),
    "sc_selected_by": (
        "why it was drawn: high_value, interval, lot, all",
        "入选方式：high_value 高额、interval 间隔、lot 抽签、all 全查",
    ),
    "sc_drawn": (
        "the yuan unit (grants) or number in the stratum that was drawn",
        "抽中的货币单位（赠款，元）或层内序号",
    ),
    "sc_outcome": ("decided outcome", "所判结果"),
    "sc_reasons": ("decided reasons", "所判原因"),
    "sc_amount": ("decided amount, yuan", "所判金额（元）"),
    "sc_cost": ("cost in the window, yuan", "窗口内消耗（元）"),
    "sc_settle_on": ("settled on", "结算日"),
    "sc_rulebook": ("rulebook", "规则版本"),
    "sc_source": ("run or file", "运行或文件"),
    "sc_audited_outcome": ("YOUR FINDING: right outcome", "审定结果（填写）"),
    "sc_audited_amount": ("YOUR FINDING: right amount, yuan", "审定金额（元，填写）"),
    "sc_remark": ("YOUR REMARK", "备注（填写）"),
    "sc_plans": ("plans", "计划数"),
    "sc_items": ("plans drawn", "抽中计划数"),
    "sc_highest_cost": ("highest cost of a plan, yuan", "单计划最高消耗（元）"),
    "sc_sha256": ("SHA-256 of the decisions", "判定文件的 SHA-256"),
    # The method, key by key.
    "sm_format": ("how this paper is laid out", "本底稿的格式"),
    "sm_version": ("version of qcg", "qcg 的版本"),
    "sm_plans": (
        "final decisions: granted, ended, invalid, and not covered",
        "最终判定数：应发、结束、失效与不在保障范围",
    ),
    "sm_left_out": (
        "plans without a final decision (held, open, not delivered): no sample speaks of them",
        "尚无最终判定的计划（待补正、进行中、未投放）：样本与之无关",
    ),
    "sm_granted_yuan": ("all that was granted", "赠款总额"),
    "sm_population_sha256": (
        "SHA-256 of the lines ad_id,stratum,amount in the order of ad_id, each ended by a line "
        "feed",
        "按 ad_id 排序的各行 ad_id,stratum,amount（行末换行）的 SHA-256",
    ),
    "sm_confidence_percent": ("confidence", "置信水平"),
    "sm_tolerable_yuan": ("tolerable misstatement", "可容忍错报"),
    "sm_expected_yuan": ("expected misstatement", "预计错报"),
    "sm_tolerable_rate_percent": (
        "share of wrong decisions of one reason that is not tolerated",
        "同一原因的判定中不可容忍的错误率",
    ),
    "sm_seed": ("seed of the random numbers", "随机数种子"),
    "sm_confidence_factor": (
        "Poisson confidence factor, with room for what is expected, rounded up",
        "泊松置信系数（已计入预计错报），向上取整",
    ),
    "sm_sample_size": (
        "factor × granted ÷ tolerable, rounded up",
        "系数 × 总额 ÷ 可容忍错报，向上取整",
    ),
    "sm_interval_yuan": (
        "granted ÷ sample size, rounded down: plans of this amount or more are all looked at",
        "总额 ÷ 样本量，向下取整：不低于此金额的计划全部检查",
    ),
    "sm_start_yuan": (
        "the first yuan unit: the first random number of SEED/granted, in fen, from 1 to the "
        "interval",
        "首个货币单位：种子/granted 的第 1 个随机数（分），介于 1 与间隔之间",
    ),
    "sm_high_value_yuan": (
        "amounts of the plans that are in for their size",
        "因高额入选的计划金额",
    ),
    "sm_unseen_yuan": ("amounts of the grants that are not looked at", "未被检查的赠款金额"),
    "sm_paper_sha256": (
        "digest of everything that is fixed in this paper; keep it elsewhere",
        "本底稿固定内容的摘要；请另行留存",
    ),
    "how_fill": (
        "Fill in the yellow columns of the sheet items, for every row; change nothing else. Look "
        "at the logs first, and at the decision afterwards.",
        "请逐行填写 items 表的黄色列，其余内容不得改动。先看日志，再看判定。",
    ),
    "how_amount": (
        "audited_amount: what is owed by the rule, in yuan; 0 where nothing is. More than 0 only "
        "with audited_outcome granted.",
        "audited_amount：按规则应发的金额（元），不应发则填 0；"
        "仅当 audited_outcome 为 granted 时大于 0。",
    ),
    "how_remark": (
        "A right outcome for a wrong reason is a remark.",
        "结果正确而原因有误者，写入备注。",
    ),
    "how_random": (
        "The k-th random number of a stratum is SHA-256 of the text SEED/STRATUM,k (UTF-8), read "
        "as one number, modulo what there is to draw from, plus 1. Repeated numbers are passed "
        "over.",
        "某层的第 k 个随机数：文本 种子/层,k（UTF-8）的 SHA-256 视为一个整数，"
        "对可抽数目取模后加 1；重复者略过。",
    ),
    "how_redraw": (
        "Grants below the interval are laid end to end in the order of ad_id; the one is drawn "
        "that holds the start, and then each that holds a unit an interval further on. Refusals "
        "of a stratum are numbered from 1 in the order of ad_id.",
        "低于间隔的赠款按 ad_id 顺序首尾相接；含起点单位者入选，其后每隔一个间隔再取一个。"
        "各层未发放者按 ad_id 顺序自 1 编号。",
    ),
    "how_back": (
        "Then: qcg audit evaluate with this file.",
        "填写完毕后，对本文件运行 qcg audit evaluate。",
    ),
}
