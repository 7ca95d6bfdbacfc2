"""What if, sensitivity, near misses, differences of rulebooks: key → English, Chinese."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    # The command line.
    "c_what_if": (
        "What another reading, number, rulebook or fact would change: plans, why, and money.",
        "若改用另一种解读、数值、规则或事实，会改变哪些计划、为何改变、金额多少。",
    ),
    "o_what_if_read": (
        "Read an open question otherwise; may be repeated.",
        "改用另一种解读；可重复。",
    ),
    "o_set": (
        "Set a number of the rulebook, as scenarios.feed.conversions.at_least=5; may be repeated.",
        "设定规则中的一个数值，如 scenarios.feed.conversions.at_least=5；可重复。",
    ),
    "o_what_if_rules": (
        "Folder of rulebooks to decide by instead of the shipped ones.",
        "改用此目录中的规则与随包规则比较。",
    ),
    "o_what_if_out": (
        "The plans that change, to .parquet, .csv, .xlsx or .html.",
        "发生变化的计划写入 .parquet、.csv、.xlsx 或 .html。",
    ),
    "p_again": ("deciding again", "再次判定"),
    # What if.
    "w_asked": ("What if {words}", "假设 {words}"),
    "w_granted": (
        "Granted: {before} yuan now, {after} yuan then, {change}",
        "赠款：现为 {before} 元，届时 {after} 元，变化 {change}",
    ),
    "w_plans": (
        "{changed} of {plans} plans change outcome or amount",
        "{plans} 个计划中有 {changed} 个的结果或金额发生变化",
    ),
    "w_title": ("What if", "如果"),
    "w_plans_title": ("Plans that change", "发生变化的计划"),
    "w_largest": (
        "The {shown} largest changes of {all}; -o writes all of them",
        "{all} 处变化中金额最大的 {shown} 处；用 -o 可写出全部",
    ),
    "w_nothing_asked": (
        "Nothing changes, since nothing was asked: give --read, --set or --rules.",
        "没有变化，因为没有提出假设：请给出 --read、--set 或 --rules。",
    ),
    "w_same_rule": (
        "Nothing changes: what was asked is what holds already.",
        "没有变化：所假设的与现行规则相同。",
    ),
    "w_not_sensitive": (
        "Nothing changes: no plan is sensitive to it; every fact and answer stays as it is.",
        "没有变化：没有计划对此敏感，所有事实与答案均不变。",
    ),
    "w_other_facts": (
        "No plan changes outcome or amount, though of {plans} plans something that is compared is "
        "another.",
        "没有计划的结果或金额变化，但有 {plans} 个计划所比较的内容不同。",
    ),
    "w_held": (
        "Plan {plan} is held: its facts are not known ({reasons}), so nobody knows what would "
        "change.",
        "计划 {plan} 待数据补正，其事实未知（{reasons}），因此无从得知会有何变化。",
    ),
    "now": ("now", "现在"),
    "then": ("then", "届时"),
    "change": ("change", "变化"),
    "because": ("because", "原因"),
    "w_by_outcome": ("By outcome", "按结果"),
    "w_by_scenario": ("Grants by scenario", "赠款，按场景"),
    "w_by_advertiser": ("Grants by advertiser, where they change", "赠款有变化的广告主"),
    "w_lifted": ("{reason} no longer applies", "{reason} 不再成立"),
    "w_new": ("{reason} applies now", "{reason} 成立"),
    "w_cycle": ("its cycle ends on another day", "周期在另一天结束"),
    "w_amount_only": ("the amount is another", "金额不同"),
    "none": ("none", "无"),
    # Sensitivity.
    "c_sensitivity": (
        "What every other reading of the open questions would change: plans and money.",
        "每个未决问题改用其他解读时，会改变多少计划与金额。",
    ),
    "o_sensitivity_out": (
        "The alternatives, to .parquet, .csv, .xlsx or .html.",
        "各种解读写入 .parquet、.csv、.xlsx 或 .html。",
    ),
    "p_alternative": ("reading {id} as {choice}", "改用解读 {id}={choice}"),
    "reading": ("reading", "解读"),
    "s_amount": (
        "{plans} plans, {amount} yuan granted by the readings in use",
        "共 {plans} 个计划，按现行解读应发 {amount} 元",
    ),
    "s_changed": ("plans changed", "变化的计划"),
    "s_as": ("read as", "解读为"),
    "s_stakes": (
        "{reading}: the most at stake ({plans} change)",
        "{reading}：涉及金额最大者（{plans} 个变化）",
    ),
    "s_title": ("What each open question is worth", "每个未决问题的影响"),
    # Near misses.
    "o_near": (
        "Also the N plans nearest to the other outcome, by conversions, by yuan and by edits.",
        "另列最接近另一种结果的计划，按转化数、按金额、按修改次数各 N 个。",
    ),
    "n_conversions": (
        "Nearest to the other outcome, by conversions",
        "最接近另一种结果的计划，按转化数",
    ),
    "n_yuan": ("Nearest to the other outcome, by yuan", "最接近另一种结果的计划，按金额"),
    "n_edits": ("Nearest to the other outcome, by edits", "最接近另一种结果的计划，按修改次数"),
    "n_margin": ("margin", "差距"),
    "n_at_stake": ("at stake, yuan", "涉及金额（元）"),
    # Differences of rulebooks.
    "c_rules_diff": (
        "Two rulebooks side by side: what differs, and for which first deliveries.",
        "对照两个规则版本：有何不同，影响哪些首次投放。",
    ),
    "o_diff_a": (
        "NAME@VERSION, or the path of a rulebook's YAML: what holds before.",
        "NAME@VERSION，或规则 YAML 的路径：修改前。",
    ),
    "o_diff_b": (
        "NAME@VERSION, or the path of a rulebook's YAML: what holds after.",
        "NAME@VERSION，或规则 YAML 的路径：修改后。",
    ),
    "d_from": ("in force from {day}", "自 {day} 起生效"),
    "d_until": ("in force from {day} until {end}, not included", "自 {day} 起至 {end} 前生效"),
    "d_affected": (
        "Affected: first deliveries from {begins} on",
        "影响：{begins} 起首次投放的计划",
    ),
    "d_affected_until": (
        "Affected: first deliveries from {begins} until {ends}, not included",
        "影响：{begins} 起至 {ends} 前首次投放的计划",
    ),
    "d_same": ("They say the same.", "两者内容相同。"),
    "d_only_words": (
        "No decision can differ: only words do.",
        "判定不会不同：只有文字不同。",
    ),
    "d_counts": ("What may change a decision", "可能改变判定的内容"),
    "d_words": ("Words", "文字"),
    "d_key": ("key", "键"),
    "d_what": ("what it is", "含义"),
    "d_natural_days": ("natural days of the window", "保障窗口的自然日数"),
    "d_backflow_days": ("natural days of backflow", "回传的自然日数"),
    "d_percent": ("over cost by at least so many percent", "超成本比例（%）"),
    "d_at_least": ("least conversions", "最少转化数"),
    "d_prompted": ("the prompted count", "提示转化数"),
    "d_bid": ("bid edits allowed", "允许的出价修改次数"),
    "d_targeting": ("targeting edits allowed", "允许的定向修改次数"),
    "d_together": ("bid and targeting edits allowed together", "允许的出价与定向修改合计次数"),
    "d_bid_lowering": ("lowering the bid loses the guarantee", "降低出价失去保障"),
    "d_pause": ("a pause is judged", "暂停须受判定"),
    "d_unit_yuan": ("the least amount, and its rounding, yuan", "最小金额与取整单位（元）"),
    "d_in_force": ("first deliveries that it holds for", "适用的首次投放日"),
    # Questions that only a comparison puts.
    "q_in_force": ("Was a rulebook in force?", "当日是否有生效的规则？"),
    "q_not_zero": ("Is there a conversion, and cost?", "是否有转化且有消耗？"),
    "q_cycle": ("Is its cycle over?", "周期是否已结束？"),
}
