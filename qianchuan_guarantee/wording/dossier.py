"""The sentences of the page about one plan, in both languages, from one place.

For a reader who has never seen the rule: a term is explained where it is first used.
"""

from __future__ import annotations

from qianchuan_guarantee.vocabulary import Language

_SENTENCES: dict[str, tuple[str, str]] = {
    # The head, and the answer.
    "title": ("Cost guarantee: plan {ad_id}", "成本保障：计划 {ad_id}"),
    "advertiser": ("Advertiser {advertiser_id}", "广告主 {advertiser_id}"),
    "known_on": (
        "As known on the morning of {day}",
        "截至 {day} 零点所知",
    ),
    "by": ("Rulebook {rulebook}", "规则 {rulebook}"),
    "answer": ("The answer", "结论"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "unknown": ("not known", "未知"),
    "nothing": ("nothing", "无"),
    "so_far": ("✓ so far", "✓ 目前是"),
    "not_yet": ("not yet", "尚未"),
    "yuan": ("yuan", "元"),
    "amount_yuan": ("{amount} yuan", "{amount} 元"),
    "status": ("Official status", "官方状态"),
    "codes": ("reason codes", "原因代码"),
    "lead_granted": ("Yes: a grant of {amount} yuan is due.", "应发赠款 {amount} 元。"),
    "lead_ended": ("No grant is due: {why}.", "不发赠款：{why}。"),
    "lead_invalid": ("No grant: the guarantee was lost, because {why}.", "保障已失效：{why}。"),
    "lead_held": (
        "Not decided: the data cannot be trusted yet, because {why}. Nothing is paid until they "
        "are mended.",
        "暂不判定：数据尚不可信，{why}。补正之前不发放任何金额。",
    ),
    "lead_open": (
        "Not decided yet: its days still run. It is settled on the morning of {day}.",
        "尚未判定：周期仍在进行，{day} 早晨结算。",
    ),
    "lead_open_lost": (
        "Not settled before the morning of {day}, but the guarantee is lost already: {why}.",
        "{day} 早晨结算，但保障已经失效：{why}。",
    ),
    "lead_not_covered": (
        "The guarantee does not apply to this plan: {why}.",
        "该计划不在保障范围内：{why}。",
    ),
    "and": ("; and ", "；且"),
    # Why, in plain words; where a code has no sentence here, its meaning is said.
    "y_NOT_DELIVERED": ("it has not been delivered yet", "尚未投放"),
    "y_BID_TYPE_EXPIRED": (
        "it is not run under cost control (控成本投放), the only way of bidding that is guaranteed",
        "不是控成本投放，而只有控成本投放才有成本保障",
    ),
    "y_RULE_NOT_IN_FORCE": (
        "it was first delivered before the rule was in force ({from_})",
        "首次投放早于规则生效日（{from_}）",
    ),
    "y_SCENE_NOT_COVERED": (
        "the rule does not list its scene, or it bids for a return (ROI) and not a price",
        "其场景不在规则内，或按 ROI 而非按转化出价",
    ),
    "y_BID_LOWERED": (
        "its bid was lowered in the guarantee window, which a managed plan’s must not be",
        "在保障窗口内降低了出价，而托管计划不得降价",
    ),
    "y_BID_CHANGES": (
        "its bid was edited {n} times {on}, and {limit} are allowed",
        "{on}修改出价 {n} 次，而至多 {limit} 次",
    ),
    "y_AUD_CHANGES": (
        "its targeting (定向) was edited {n} times {on}, and {limit} are allowed",
        "{on}修改定向 {n} 次，而至多 {limit} 次",
    ),
    "y_AUD_BID_CHANGES": (
        "its bid and targeting (定向) were edited {n} times {on}, and {limit} are allowed",
        "{on}修改出价与定向合计 {n} 次，而至多 {limit} 次",
    ),
    "on_day": ("on one day", "单日"),
    "on_window": ("in the window", "窗口内"),
    "y_ANTI_SPAM": (
        "the platform’s system judged it as cheating",
        "平台系统判定其作弊",
    ),
    "y_MANUAL_JUDGE_SPAM": ("a person at the platform judged it as cheating", "平台人工判定其作弊"),
    "y_PAUSED_BEFORE_MET": (
        "it was paused on {paused_at} and left so, before it had met the conditions on cost and "
        "conversions",
        "自 {paused_at} 起暂停且未恢复，此前未满足成本与转化数两项条件",
    ),
    "y_CONVERT_ZERO_OR_COST": (
        "there is no conversion, or no cost, to measure it by",
        "没有转化或没有消耗，无从衡量",
    ),
    "y_CONVERT_UNDER_THRESHOLD": (
        "it won {n} conversions, and at least {required} are needed",
        "获得 {n} 个转化，而至少需 {required} 个",
    ),
    "y_UN_OBERCOST": (
        "its cost is not far enough above its bids ({percent}; {limit} % over is needed)",
        "成本超出出价不够多（{percent}，须超出 {limit}%）",
    ),
    "y_CURRENCY_PRECISION": (
        "what it cost beyond its bids rounds to less than {unit} yuan",
        "超出部分取整后不足 {unit} 元",
    ),
    "percent": ("{n} %", "{n}%"),
    "over_by": ("{percent} over", "超出 {percent}"),
    "under_by": ("{percent} under", "低于 {percent}"),
    # What happened, in a few sentences.
    "f_first": (
        "It was first delivered on {first}. From then it had a guarantee window (保障窗口) until "
        "{window_end}: what was delivered in it is judged.",
        "首次投放为 {first}，保障窗口自此至 {window_end}，以窗口内的投放为准。",
    ),
    "f_first_open": (
        "It was first delivered on {first}. Its guarantee window (保障窗口) runs until "
        "{window_end}: what is delivered in it is judged.",
        "首次投放为 {first}，保障窗口至 {window_end} 为止，以窗口内的投放为准。",
    ),
    "f_likely": (
        "The earliest delivery in the data is of {first}; whether it was the first is not known.",
        "数据中最早的投放为 {first}，是否为首次投放未知。",
    ),
    "f_bid": (
        "It bid {bid} yuan for a conversion (转化: an order or whatever else it was after).",
        "每个转化出价 {bid} 元。",
    ),
    "f_bids": (
        "For a conversion (转化: an order or whatever else it was after) it bid between {low} and "
        "{high} yuan.",
        "每个转化出价在 {low} 元至 {high} 元之间。",
    ),
    "f_cost": (
        "Delivery cost {cost} yuan and won {n}. At the prices bid they should have cost {target} "
        "yuan; so the cost was {over}.",
        "投放消耗 {cost} 元，获得{n}；按所出的价应为 {target} 元，即{over}。",
    ),
    "f_cost_none": (
        "Delivery cost {cost} yuan and won no conversion that counts.",
        "投放消耗 {cost} 元，没有计入的转化。",
    ),
    "f_cost_unpriced": (
        "Delivery cost {cost} yuan; what its conversions should have cost is not known.",
        "投放消耗 {cost} 元；其转化按出价应为多少未知。",
    ),
    "f_needed": (
        "The rule gives money back if the cost is at least {limit} % over and at least {required} "
        "conversions were won.",
        "规则要求至少超出 {limit}%，且至少有 {required} 个转化。",
    ),
    "f_needed_above": (
        "The rule gives money back if the cost is more than {limit} % over and at least {required} "
        "conversions were won.",
        "规则要求超出 {limit}% 以上（不含），且至少有 {required} 个转化。",
    ),
    "f_both": (
        "Both hold, and nothing it did in those days loses the guarantee.",
        "两项均满足，且窗口内没有使保障失效的操作。",
    ),
    "f_both_lost": (
        "Both hold; had the guarantee not been lost, {amount} yuan would be due.",
        "两项均满足；若保障未失效，本应发放 {amount} 元。",
    ),
    "f_both_open": ("Both hold so far.", "目前两项均满足。"),
    "f_grant": (
        "The grant is the difference: {cost} − {target} = {excess} yuan{rounded}.",
        "赠款即差额：{cost} − {target} = {excess} 元{rounded}。",
    ),
    "f_rounded": (", to the cent {amount}", "，取整到分为 {amount} 元"),
    "f_pause": (
        "When it was paused for good, on {at}, it had {n} of the {required} conversions needed, "
        "and a cost of {cost} yuan where {line} was needed.",
        "最后一次暂停（{at}）时，转化 {n} 个（需 {required} 个），消耗 {cost} 元（需 {line} 元）。",
    ),
    "f_late": (
        "{late} more came too late to count, {received}.",
        "另有{late}回传过晚，{received}，不计入。",
    ),
    "f_late_after": ("received on or after {cycle_end}", "于 {cycle_end} 或之后回传"),
    "f_what": (
        "A grant (赠款) is money that can only be spent on later delivery.",
        "赠款只能用于此后的投放。",
    ),
    "f_clause": ("Decided by clause {clauses} of the rule.", "依据条款：{clauses}。"),
    "conversion": ("{n} conversion", " {n} 个转化"),
    "conversions": ("{n} conversions", " {n} 个转化"),
    # The numbers that decide.
    "n_cost": ("Cost in the window", "窗口内消耗"),
    "n_target": ("Bid × conversions", "出价 × 转化数"),
    "n_over": ("Cost beyond the bids", "超出出价"),
    "n_conversions": ("Conversions", "转化数"),
    "n_needs": ("at least {n} needed", "至少需 {n}"),
    "n_needs_percent": ("at least {n} % needed", "至少需 {n}%"),
    "n_needs_above": ("more than {n} % needed", "须超过 {n}%"),
    "n_should": ("what they should have cost", "按出价应有的成本"),
    "n_delivery": ("what delivery cost", "投放的实际消耗"),
    # The rule in short.
    "rule": ("The rule in short", "规则概要"),
    "rule_what": (
        "An advertiser bids a price for each conversion. While the platform still learns whom to "
        "show a new plan to, conversions can cost more than that. Under the cost guarantee "
        "(成本保障) the platform then gives the excess back as a grant, if:",
        "广告主为每个转化出价。新计划投放初期系统仍在学习，转化成本可能高于出价。符合下列条件的，"
        "平台以赠款形式返还超出的部分：",
    ),
    "rule_over": (
        "in the guarantee window its conversions cost at least {percent} % more than was bid for "
        "them;",
        "保障窗口内的转化成本比出价至少高 {percent}%；",
    ),
    "rule_over_above": (
        "in the guarantee window its conversions cost more than was bid for them by over "
        "{percent} %;",
        "保障窗口内的转化成本比出价高出 {percent}% 以上（不含）；",
    ),
    "rule_count": ("it won at least {required} conversions;", "转化数至少 {required} 个；"),
    "rule_prompted": (
        "it won more conversions than were prompted when it was published (提示转化数, here "
        "{prompted}: {dividend} ÷ its first bid, rounded up, from {low} to {high}), so at least "
        "{required};",
        "转化数大于发布时提示的数量（此处为 {prompted}：{dividend} ÷ 首次出价，向上取整，"
        "限于 {low} 至 {high}），即至少 {required} 个；",
    ),
    "rule_prompted_unknown": (
        "it won more conversions than were prompted when it was published (提示转化数: {dividend} "
        "÷ its first bid, rounded up, from {low} to {high}; the first bid is not known here);",
        "转化数大于发布时提示的数量（{dividend} ÷ 首次出价，向上取整，限于 {low} 至 {high}；"
        "此处首次出价未知）；",
    ),
    "rule_edits_same": (
        "its bid, and its targeting (定向), were each edited at most {bid} times {period};",
        "{period}修改出价、修改定向各至多 {bid} 次；",
    ),
    "rule_edits_each": (
        "its bid and its targeting (定向) were edited at most {bid} and {targeting} times "
        "{period};",
        "{period}修改出价至多 {bid} 次、修改定向至多 {targeting} 次；",
    ),
    "rule_edits_together": (
        "its bid and its targeting (定向) together were edited at most {together} times {period};",
        "{period}修改出价与定向合计至多 {together} 次；",
    ),
    "rule_edits_targeting": (
        "its targeting (定向) was edited at most {targeting} times {period};",
        "{period}修改定向至多 {targeting} 次；",
    ),
    "rule_day": ("on any day of the window", "窗口内任何一日"),
    "rule_window": ("in the window", "窗口内"),
    "rule_lowering": (
        "its bid was not lowered in the window (it is managed, 计划托管);",
        "窗口内没有降低出价（计划托管）；",
    ),
    "rule_pause": (
        "it was not left paused before cost and conversions had met the conditions;",
        "没有在满足条件之前停在暂停状态；",
    ),
    "rule_honest": ("and it was not judged as cheating.", "且没有作弊判定。"),
    "rule_days": (
        "The guarantee window is the rest of the day of first delivery and the {more} days after "
        "it. Then {backflow} more is given to reports (回传: a conversion is often reported later "
        "than the delivery that led to it was billed); on the morning after that it is settled.",
        "保障窗口为首次投放当日余下时间及其后 {more} 个自然日；再留{backflow}等待回传（转化常常"
        "晚于其计费才回传），次日早晨结算。",
    ),
    "day_one": ("one day", "一个自然日"),
    "days_many": ("{n} days", " {n} 个自然日"),
    # The drawings.
    "timeline": ("Day by day", "时间轴"),
    "no_timeline": (
        "There is nothing to draw: no delivery of this plan is known.",
        "没有可绘制的内容：尚无该计划的投放数据。",
    ),
    "no_window": (
        "No guarantee window is drawn, because the first delivery is not known.",
        "首次投放未知，故未标出保障窗口。",
    ),
    "t_phases": ("The days of the plan", "计划的各阶段"),
    "p_window": ("guarantee window", "保障窗口"),
    "p_window_short": ("window", "窗口"),
    "p_backflow": ("awaiting reports", "等待回传"),
    "p_backflow_short": ("reports", "回传"),
    "p_settle": ("settlement", "结算日"),
    "p_settle_short": ("settled", "结算"),
    "p_now": ("known until {at}", "已知至 {at}"),
    "when": (
        "What was delivered from {since} to {window_end} counts (blue: the guarantee window). Its "
        "conversions may be reported until {cycle_end} (striped). Settled on the morning of "
        "{settle} (grey).",
        "计入 {since} 至 {window_end} 的投放（蓝色：保障窗口）；其转化的回传等待至 {cycle_end}"
        "（斜线）；{settle} 早晨结算（灰色）。",
    ),
    "t_spending": ("What delivery cost, hour by hour (yuan)", "每小时消耗（元）"),
    "t_spending_day": ("What delivery cost, day by day (yuan)", "每日消耗（元）"),
    "t_money": (
        "Cost so far, and what the conversions so far should have cost (yuan)",
        "累计消耗与累计目标成本（元）",
    ),
    "note_money": (
        "Where the cost ends on or above the dashed line, it is over by enough. The shaded gap "
        "down to the lowest line is the grant.",
        "消耗最终达到或高于虚线，即超成本。与最低线之间的阴影即赠款。",
    ),
    "note_money_open": (
        "Where the cost ends on or above the dashed line, it is over by enough. If it were settled "
        "today, the shaded gap would be the difference that is given back.",
        "消耗最终达到或高于虚线，即超成本。若今日结算，阴影即为所返还的差额。",
    ),
    "note_money_would": (
        "Where the cost ends on or above the dashed line, it is over by enough. The shaded gap "
        "would be the grant, if nothing else stood against it.",
        "消耗最终达到或高于虚线，即超成本。若无其他原因，阴影即为赠款。",
    ),
    "note_money_unknown": (
        "What the conversions should have cost is not known, so there is no line to compare with.",
        "按出价应有的成本未知，故没有可比较的界线。",
    ),
    "note_money_not": (
        "The cost would have to end on or above the dashed line.",
        "消耗最终须达到或高于虚线。",
    ),
    "t_price": ("Cost per conversion so far, against the bid (yuan)", "累计转化成本与出价（元）"),
    "note_price": (
        "Early on, a few conversions carry all the cost; the end is what counts.",
        "起初转化很少，成本由少数转化分摊；以最终值为准。",
    ),
    "note_above": (
        "Values above {high} are drawn at the upper edge.",
        "高于 {high} 的值绘于上缘。",
    ),
    "t_won": ("Conversions: billed, converted, reported", "转化：计费、转化、回传"),
    "t_won_slices": ("Conversions, by slice of the delivery log", "转化，按投放日志的时段"),
    "note_won": (
        "A thread leads from when the delivery was billed (计费) by when it converted (转化) to "
        "when that was reported (回传). The upper row decides whether it counts.",
        "每条线自计费、经转化至回传；是否在窗口内以计费时间（上行）为准。",
    ),
    "note_crowd": (
        "{n} conversions, counted by the hour; the number at the right of a row is its "
        "tallest bar.",
        "共 {n} 个转化，按小时计数；各行右侧为最高一栏的数量。",
    ),
    "note_slices": (
        "Known only as a number per slice of the delivery log; when each was reported is "
        "not known.",
        "仅知投放日志各时段的数量，逐条的回传时间未知。",
    ),
    "t_changes": ("What was changed", "操作"),
    "note_changes": (
        "“2×”: two edits counted on that day. {limits}",
        "“2×”表示当日计入两次修改。{limits}",
    ),
    "limit_bid": ("At most {n} bid edits {period}.", "出价{period}至多 {n} 次。"),
    "limit_targeting": ("At most {n} targeting edits {period}.", "定向{period}至多 {n} 次。"),
    "limit_together": (
        "At most {n} bid and targeting edits together {period}.",
        "出价与定向合计{period}至多 {n} 次。",
    ),
    "per_day": ("a day", "每日"),
    "per_window": ("in the window", "在窗口内"),
    "k_cost": ("cost", "消耗"),
    "k_target": ("bid × conversions", "出价 × 转化数"),
    "k_line": ("{percent} % over", "超出 {percent}%"),
    "k_price": ("cost per conversion", "转化成本"),
    "k_bid": ("bid", "出价"),
    "k_counted": ("counts", "计入"),
    "k_not_counted": ("does not count", "不计入"),
    "k_in_window": ("in the window", "窗口内"),
    "k_outside": ("outside it, not counted", "窗口外，不计入"),
    "k_up": ("bid raised", "提价"),
    "k_down": ("bid lowered", "降价"),
    "k_same": ("bid saved unchanged", "出价未变"),
    "k_square": ("targeting edited", "修改定向"),
    "k_paused": ("paused", "暂停中"),
    "k_round": ("other", "其他"),
    "k_too_many": ("too many", "超限"),
    "lane_billed": ("billed", "计费"),
    "lane_converted": ("converted", "转化"),
    "lane_received": ("reported", "回传"),
    "lane_bid": ("bid", "出价"),
    "lane_targeting": ("targeting", "定向"),
    "lane_pause": ("paused", "暂停"),
    "lane_other": ("other", "其他"),
    "won_title": (
        "billed {billed}, converted {converted}, reported {received}: {fate}",
        "计费 {billed}，转化 {converted}，回传 {received}：{fate}",
    ),
    "pause_title": ("paused {since} to {until}", "暂停 {since} 至 {until}"),
    "fate_counted": ("counts", "计入"),
    "fate_late": ("reported too late", "回传过晚"),
    "fate_off_clock": ("converted after the window", "转化时间在窗口之后"),
    "fate_invalid": ("not valid", "无效转化"),
    "fate_unasked": ("not asked: no window is known", "窗口未知，未判定"),
    "fate_outside": ("billed outside the window", "计费时间在窗口外"),
    "op_create": ("created", "创建"),
    "op_bid": ("bid", "出价"),
    "op_targeting": ("targeting", "定向"),
    "op_budget": ("budget", "预算"),
    "op_pause": ("paused", "暂停"),
    "op_enable": ("resumed", "恢复"),
    "op_other": ("other", "其他"),
    # What is left, and what is not known.
    "remaining": ("What still has to happen", "尚待发生的事"),
    "step_trusted": ("Data", "数据"),
    "step_cheating": ("Verdict", "作弊判定"),
    "step_conversions": ("Conversions", "转化数"),
    "step_overcost": ("Cost", "成本"),
    "step_bid_edits": ("Bid edits", "出价修改"),
    "step_targeting_edits": ("Targeting edits", "定向修改"),
    "step_edits_together": ("Bid and targeting edits", "出价与定向修改"),
    "step_bid_not_lowered": ("Lowering the bid", "降价"),
    "step_pause": ("Pausing", "暂停"),
    "s_needed": ("still needed", "待达成"),
    "s_kept": ("must be kept to", "须遵守"),
    "s_met": ("met so far", "目前满足"),
    "s_lost": ("lost", "已失去"),
    "s_unknown": ("not known", "未知"),
    "held": ("What is not known, and what to do", "未知之处与处理办法"),
    "held_how": (
        "A plan is paid only on data that can be trusted. Once they are mended, it is decided "
        "anew; the numbers on this page are those of the rows that were accepted.",
        "只依据可信的数据发放。补正后重新判定；本页数值只含已采纳的数据行。",
    ),
    "held_why": ("what is wrong", "问题"),
    "held_do": ("what to do", "处理办法"),
    # The clauses.
    "clauses": ("Question by question", "逐条判定"),
    "clauses_how": (
        "Every question of the rule, in its order, with the numbers it was answered by. {n} of "
        "{all} are answered yes.",
        "规则的各个问题，按其顺序，附作答所依据的数值。共 {all} 问，{n} 问为“是”。",
    ),
    "clause": ("Clause {clause}", "条款 {clause}"),
    "how_read": ("How the text is read", "条文的解读"),
    "q_covered": ("Is it a plan that the rule covers?", "是否属于规则所保障的计划？"),
    "q_first_delivery": ("Is it known when it was first delivered?", "首次投放时间是否可信？"),
    "q_trusted": ("Can its data be trusted?", "数据是否可信？"),
    "q_cheating": ("Is it free of a cheating verdict?", "是否没有作弊判定？"),
    "q_overcost": (
        "Did its conversions cost {percent} % more than was bid for them?",
        "转化成本是否超出出价 {percent}%？",
    ),
    "q_conversions": ("Did it win enough conversions?", "转化数是否足够？"),
    "q_bid_edits": ("Was its bid edited no more often than allowed?", "出价修改次数是否在限内？"),
    "q_targeting_edits": (
        "Was its targeting (定向) edited no more often than allowed?",
        "定向修改次数是否在限内？",
    ),
    "q_edits_together": (
        "Were its bid and targeting (定向) together edited no more often than allowed?",
        "出价与定向修改合计是否在限内？",
    ),
    "q_bid_not_lowered": ("Was its bid not lowered in the window?", "窗口内是否没有降价？"),
    "q_pause": (
        "If it was left paused, had it met both conditions by then?",
        "若停在暂停状态，此前是否已满足两项条件？",
    ),
    "q_amount": ("What is granted?", "应发多少？"),
    "line_conversions": (
        "{n} won, at least {required} needed",
        "{n} 个，至少需 {required} 个",
    ),
    "line_edits_day": (
        "{n} on the day with the most, {limit} allowed",
        "单日最多 {n} 次，限 {limit} 次",
    ),
    "line_edits_window": ("{n} in the window, {limit} allowed", "窗口内 {n} 次，限 {limit} 次"),
    "line_first": (
        "the guarantee window: {first} to {window_end}",
        "保障窗口：{first} 至 {window_end}",
    ),
    "line_lowered": ("{first} at first delivery, {end} at the end", "首次投放时 {first}，末 {end}"),
    "line_no_pause": ("not left paused", "未停在暂停状态"),
    "line_paused": (
        "at the pause: {n} of {required} conversions, cost {cost} against {line}",
        "暂停时：转化 {n} 个，需 {required} 个；消耗 {cost}，界线 {line}",
    ),
    "line_covered": (
        "cost control (控成本投放), a scene of the rule, a price per conversion",
        "控成本投放，属规则所列场景，按转化出价",
    ),
    "line_trusted": ("nothing is wrong with its data", "数据没有问题"),
    "line_cheating": ("no verdict of cheating stands", "没有有效的作弊判定"),
    "o_smart_bid_type": ("way of bidding", "出价方式"),
    "o_lab_ad_type": ("managed or not", "是否托管"),
    "o_marketing_scene": ("scene", "场景"),
    "o_roi_goal": ("ROI goal", "ROI 目标"),
    "o_scenario": ("scenario of the rule", "规则场景"),
    "o_first_delivery_at": ("first delivery", "首次投放"),
    "o_rulebook_in_force_from": ("rule in force from", "规则生效日"),
    "o_window_start": ("window begins", "窗口开始"),
    "o_window_end": ("window ends before", "窗口结束（不含）"),
    "o_cycle_end": ("reports awaited until before", "回传截止（不含）"),
    "o_settle_on": ("settled on the morning of", "结算日"),
    "o_ad_create_time": ("created", "创建时间"),
    "o_held_by": ("held because", "待补正原因"),
    "o_because": ("in particular", "具体"),
    "o_verdict": ("verdict", "判定"),
    "o_cost": ("cost in the window", "窗口内消耗"),
    "o_target_cost": ("bid × conversions", "出价 × 转化数"),
    "o_base": ("what it is held against", "比较基数"),
    "o_ratio": ("factor", "倍数"),
    "o_line": ("the line", "界线"),
    "o_conversions": ("conversions that count", "计入的转化数"),
    "o_conversions_required": ("needed at least", "至少需"),
    "o_conversions_prompted": ("prompted count", "提示转化数"),
    "o_first_bid": ("first bid", "首次出价"),
    "o_late_conversions": ("reported too late", "回传过晚"),
    "o_max_daily_edits": ("most in one period", "单个计数期内最多"),
    "o_at_most": ("allowed", "限"),
    "o_bid_at_first_delivery": ("bid at first delivery", "首次投放时出价"),
    "o_bid_at_end": ("bid at the end", "末次出价"),
    "o_is_lowered": ("lowered", "是否降价"),
    "o_paused_at": ("left paused since", "停在暂停自"),
    "o_cost_at_pause": ("cost before the pause", "暂停前消耗"),
    "o_line_at_pause": ("the line at the pause", "暂停时界线"),
    "o_conversions_at_pause": ("conversions before the pause", "暂停前转化数"),
    "o_excess": ("cost − bid × conversions", "消耗 − 出价 × 转化数"),
    "o_amount": ("granted", "应发"),
    "v_SMART_BID_CUSTOM": ("cost control (控成本投放)", "控成本投放"),
    "v_SMART_BID_CONSERVATIVE": ("volume first (放量)", "放量投放"),
    "v_LAB_AD": ("managed (计划托管)", "计划托管"),
    "v_NOT_LAB_AD": ("not managed", "非托管"),
    "v_FEED": ("feed (通投)", "通投广告"),
    "v_SEARCH": ("search (搜索)", "搜索广告"),
    "v_SHOPPING_MALL": ("mall (商城)", "商城"),
    "v_ALL": ("all scenes", "全部场景"),
    # Money.
    "money": ("The money, bid by bid", "金额，逐个出价"),
    "bid": ("bid", "出价"),
    "times": ("conversions", "转化数"),
    "product": ("bid × conversions", "出价 × 转化数"),
    "total": ("together", "合计"),
    "m_cost": ("cost in the window", "窗口内消耗"),
    "m_target": ("− bid × conversions", "− 出价 × 转化数"),
    "m_excess": ("= what it cost beyond its bids", "= 超出部分"),
    "m_rounded": ("rounded once, to {unit} yuan", "一次取整至 {unit} 元"),
    "m_grant": ("grant", "应发赠款"),
    "m_no_grant": ("grant (why: see the answer above)", "应发赠款（原因见结论）"),
    "m_open": ("grant, if nothing more came in", "若再无数据，应发赠款"),
    "m_open_none": (
        "grant, if nothing more came in (why: see above)",
        "若再无数据，应发赠款（原因见上）",
    ),
    "no_money": (
        "Nothing was bid for anything that counts, so there is nothing to add up.",
        "没有计入的转化，无可加总。",
    ),
    # Details.
    "details": ("The rows behind it", "所依据的数据"),
    "days": ("Delivery by day", "逐日投放"),
    "day": ("day", "日期"),
    "cost": ("cost", "消耗"),
    "shows": ("shows", "展示"),
    "clicks": ("clicks", "点击"),
    "changes": ("Changes, as logged", "操作记录"),
    "time": ("time", "时间"),
    "what": ("what", "操作"),
    "from": ("from", "原值"),
    "to": ("to", "新值"),
    "won": ("Conversions, one by one", "逐条转化"),
    "won_shown": ("The first {shown} of {all}.", "{all} 条中的前 {shown} 条。"),
    "changes_shown": ("The first {shown} of {all}.", "{all} 条中的前 {shown} 条。"),
    "counts": ("does it count?", "是否计入"),
    "conversion_id": ("id", "编号"),
    "refused": ("Refused rows", "被拒收的行"),
    "file": ("file", "文件"),
    "row": ("row", "行号"),
    "column": ("column", "列"),
    "why": ("why", "原因"),
    "foot": (
        "Every number is read from the tables that the decision was made from; the sums of the "
        "drawings were held against it before the page was written. The same in text: "
        "qcg explain {ad_id} EXPORTS --as-of {day}.",
        "各项数值均读自判定所用的表；图中合计在页面写出前已与判定核对一致。文字形式："
        "qcg explain {ad_id} EXPORTS --as-of {day} --lang zh。",
    ),
    "colon": (": ", "："),
    "stop": (" ", ""),
}


def knows(key: str) -> bool:
    return key in _SENTENCES


def say(key: str, lang: Language, **words: object) -> str:
    """The sentence `key`, in `lang`, with its words filled in."""
    return _SENTENCES[key][lang == "zh"].format(**words)
