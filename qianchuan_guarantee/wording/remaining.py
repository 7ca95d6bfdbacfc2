"""What still has to happen to a plan whose days run: key → English, Chinese."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    "remaining": ("What still has to happen", "尚待发生的事"),
    "l_settles": (
        "Settled on the morning of {day}. What is delivered before {window_end} counts, and what "
        "is reported of it before {cycle_end}.",
        "{day} 早晨结算。计入 {window_end} 之前的投放，及其在 {cycle_end} 之前的回传。",
    ),
    "l_settles_over": (
        "Settled on the morning of {day}. The guarantee window closed on {window_end}; only "
        "reports of what was delivered before it are still awaited, until {cycle_end}.",
        "{day} 早晨结算。保障窗口已于 {window_end} 结束，仅等待此前投放的回传，"
        "至 {cycle_end} 为止。",
    ),
    "l_settles_logs": (
        "A row counts if it stands in the logs of {last} at the latest (partition dt={last}).",
        "数据行最迟须出现在 {last} 的日志中（分区 dt={last}）。",
    ),
    "l_lost": (
        "The guarantee is lost; what else is told here says what would have been needed.",
        "保障已失去；其余各项仅说明原本所需的条件。",
    ),
    "l_stands_granted": (
        "If nothing more came in, {amount} yuan would be granted.",
        "若此后再无任何数据，应发赠款 {amount} 元。",
    ),
    "l_stands_not": (
        "If nothing more came in, there would be no grant: {reasons}.",
        "若此后再无任何数据，则不发赠款：{reasons}。",
    ),
    "l_stands_held": (
        "If nothing more came in, it would be held for data: {reasons}.",
        "若此后再无任何数据，则待数据补正：{reasons}。",
    ),
    "l_conversion": ("{n} conversion", " {n} 个转化"),
    "l_conversions": ("{n} conversions", " {n} 个转化"),
    "l_more_conversion": ("{n} more conversion", "再有 {n} 个转化"),
    "l_more_conversions": ("{n} more conversions", "再有 {n} 个转化"),
    "l_unknown_count": ("an unknown number of", "未知"),
    "l_unknown_sum": ("unknown sum", "未知"),
    "l_edit": ("{n} edit", "{n} 次修改"),
    "l_edits": ("{n} edits", "{n} 次修改"),
    # Conversions.
    "l_won_needed": (
        "{more}, billed before {window_end} and received before {cycle_end}: {n} of {required} so "
        "far.",
        "须{more}，计费时间早于 {window_end}，且在 {cycle_end} 之前回传：目前 {n} 个，"
        "需 {required} 个。",
    ),
    "l_won_needed_converted": (
        "{more}, billed and converted before {window_end} and received before {cycle_end}: {n} of "
        "{required} so far.",
        "须{more}，计费与转化时间均早于 {window_end}，且在 {cycle_end} 之前回传：目前 {n} 个，"
        "需 {required} 个。",
    ),
    "l_won_needed_slices": (
        "{more}, in slices of the delivery log that begin before {window_end}: {n} of {required} "
        "so far.",
        "须{more}，所在投放时段的开始早于 {window_end}：目前 {n} 个，需 {required} 个。",
    ),
    "l_won_met": (
        "Enough: {n}, and {required} are needed.",
        "已足够：目前 {n} 个，需 {required} 个。",
    ),
    "l_won_unknown": (
        "Not known: either the count so far or the count that is needed cannot be said.",
        "未知：目前的转化数或所需的转化数无法确定。",
    ),
    "l_won_late": (
        "Conversions received later count as well, once the plan is decided again after that.",
        "更晚回传的转化也会计入，以此后再次判定为准。",
    ),
    # Over cost.
    "l_over_met": (
        "{percent} % over so far: at today’s {conversions} that takes a cost of {line} yuan, and "
        "it is {cost}.",
        "目前已超出 {percent}%：按现有{conversions}，需消耗 {line} 元，现为 {cost} 元。",
    ),
    "l_over_short": (
        "The cost is {short} yuan short of {percent} % over at today’s {conversions}: that takes "
        "{line} yuan, and it is {cost}.",
        "按现有{conversions}，消耗距超出 {percent}% 还差 {short} 元：需 {line} 元，"
        "现为 {cost} 元。",
    ),
    "l_over_none": (
        "No conversion yet, so there is nothing to hold the cost of {cost} yuan against; with "
        "none at all there is no grant.",
        "目前没有转化，消耗 {cost} 元尚无从比较；若始终没有转化，则不发赠款。",
    ),
    "l_over_least": (
        "With {conversions}, the missing ones at the bid of {bid} yuan, it takes {line} yuan: "
        "delivery before {window_end} must cost at least {least} yuan more.",
        "至{conversions}时（所缺者按出价 {bid} 元计），需消耗 {line} 元：{window_end} 之前的投放"
        "须至少再消耗 {least} 元。",
    ),
    "l_over_least_now": (
        "Delivery before {window_end} must cost at least {least} yuan more, and more still with "
        "every further conversion.",
        "{window_end} 之前的投放须至少再消耗 {least} 元；每多一个转化，所需更多。",
    ),
    "l_over_least_arrives": (
        "Delivery is over: only delivery rows from before {window_end} that come in late, "
        "{least} yuan of them at least, could still bring it there.",
        "投放已结束：只有 {window_end} 之前、迟到的投放行（至少 {least} 元）才可能补足。",
    ),
    "l_over_reached": (
        "With {conversions}, the missing ones at the bid of {bid} yuan, it takes {line} yuan; the "
        "cost is that high already.",
        "至{conversions}时（所缺者按出价 {bid} 元计），需消耗 {line} 元，已经达到。",
    ),
    "l_over_ends": (
        "If nothing more is spent, {more} at the bid of {bid} yuan would end it: no longer "
        "{percent} % over.",
        "若不再消耗，{more}（按出价 {bid} 元计）即不再超成本 {percent}%，不发赠款。",
    ),
    "l_over_bid_unknown": (
        "What a further conversion would change is not known, because the bid is not.",
        "出价未知，无法说明再有转化时的变化。",
    ),
    "l_over_unknown": (
        "Not known: the cost can be told, but not what it is held against.",
        "未知：有消耗，但所比较的基数无法确定。",
    ),
    # Edits: {kind} is what is edited.
    "l_kind_bid": ("Bid edits", "出价修改"),
    "l_kind_targeting": ("Targeting edits", "定向修改"),
    "l_kind_together": ("Bid and targeting edits together", "出价与定向修改合计"),
    "l_edits_day": (
        "{kind}: at most {limit} on each day until {window_end}; one more than that on any day, "
        "today ({today}) included, loses the guarantee.",
        "{kind}：{window_end} 之前每日至多 {limit} 次；任何一日（含今日 {today}）再多一次即"
        "失去保障。",
    ),
    "l_edits_left": (
        "{kind}: at most {edits} more before {window_end}; one more than that loses the guarantee.",
        "{kind}：{window_end} 之前至多还可有 {edits}；再多一次即失去保障。",
    ),
    "l_edits_none": (
        "{kind}: one more before {window_end}, today ({today}) included, loses the guarantee.",
        "{kind}：{window_end} 之前（含今日 {today}）再有一次即失去保障。",
    ),
    "l_edits_over": (
        "{kind}: within the limit. The window is over; edits no longer matter.",
        "{kind}：在限内。窗口已结束，此后的修改不再有影响。",
    ),
    "l_edits_lost_day": (
        "{kind}: lost. {edits} on one day, {limit} allowed; nothing that happens from now on "
        "changes that.",
        "{kind}：已失去保障。单日 {edits}，限 {limit} 次；此后发生的一切都不会改变。",
    ),
    "l_edits_lost_window": (
        "{kind}: lost. {edits} in the window, {limit} allowed; nothing that happens from now on "
        "changes that.",
        "{kind}：已失去保障。窗口内 {edits}，限 {limit} 次；此后发生的一切都不会改变。",
    ),
    # Lowering.
    "l_lowering_any": (
        "Not lowered so far. The bid is {bid} yuan: any edit below it before {window_end} loses "
        "the guarantee. Raising it does not, but every later step is measured from there.",
        "目前未降价。出价为 {bid} 元：{window_end} 之前任何一次调低即失去保障。提价没有影响，"
        "但此后以提高后的出价为准。",
    ),
    "l_lowering_net": (
        "The bid is {bid} yuan, the highest in the window so far {highest}: it must not be below "
        "the highest when the window closes on {window_end}.",
        "出价为 {bid} 元，窗口内目前最高 {highest} 元：{window_end} 窗口结束时不得低于最高值。",
    ),
    "l_lowering_over": (
        "Not lowered; the window is over.",
        "未降价；窗口已结束。",
    ),
    "l_lowering_lost": (
        "Lost: the bid was lowered in the window. Nothing that happens from now on changes that.",
        "已失去：窗口内降低过出价。此后发生的一切都不会改变。",
    ),
    "l_lowering_unknown": (
        "Not known: a bid that the question needs is not in the data.",
        "未知：数据中缺少回答此问所需的出价。",
    ),
    # Pauses.
    "l_pause_running": (
        "Not paused. If it is paused and not resumed before {window_end}, both conditions "
        "(over cost, enough conversions) must be met at that pause.",
        "未暂停。若暂停且在 {window_end} 之前未恢复，则两项条件（超成本、转化数足够）须在该次"
        "暂停前已满足。",
    ),
    "l_pause_over": (
        "Not left paused; the window is over.",
        "窗口结束时未处于暂停；窗口已结束。",
    ),
    "l_pause_met": (
        "Paused since {paused_at}; both conditions were met by then, as far as is known.",
        "自 {paused_at} 起暂停；据目前所知，此前已满足两项条件。",
    ),
    "l_pause_resume": (
        "Paused since {paused_at}, before both conditions were met ({n} of {required} conversions, "
        "cost {cost} yuan of the {line} it takes). Resumed before {window_end}, it is judged at "
        "settlement like any other; left paused, it gets no grant unless reports of what was "
        "converted before the pause still change those numbers.",
        "自 {paused_at} 起暂停，此前未满足两项条件（转化 {n} 个，需 {required} 个；消耗 {cost} 元，"
        "需 {line} 元）。在 {window_end} 之前恢复，则照常在结算时判定；停在暂停则不发赠款，除非"
        "暂停前的转化陆续回传而改变上述数值。",
    ),
    "l_pause_left": (
        "Left paused since {paused_at}, before both conditions were met ({n} of {required} "
        "conversions, cost {cost} yuan of the {line} it takes). Only reports of what was "
        "billed and converted before the pause, received before {cycle_end}, can still change "
        "that.",
        "自 {paused_at} 起停在暂停，此前未满足两项条件（转化 {n} 个，需 {required} 个；消耗 {cost} "
        "元，需 {line} 元）。只有暂停前已计费并转化、在 {cycle_end} 之前回传的转化还能改变。",
    ),
    "l_pause_unknown": (
        "Paused since {paused_at}; whether both conditions were met by then is not known.",
        "自 {paused_at} 起暂停；此前是否已满足两项条件未知。",
    ),
    # Verdicts and data.
    "l_cheating_lost": (
        "Lost by a verdict of cheating. Only a later verdict that clears it brings it back.",
        "因作弊判定而失去；只有此后的解除判定才能恢复。",
    ),
    "l_trusted": (
        "It would be held: {reason}. To do: {advice}.",
        "将待数据补正：{reason}。处理办法：{advice}。",
    ),
}
