"""The sentences of the page about a night, in both languages, from one place."""

from __future__ import annotations

from qianchuan_guarantee.vocabulary import Language

_SENTENCES: dict[str, tuple[str, str]] = {
    # The head of the page.
    "title": ("Cost guarantee, night of {day}", "成本保障 · {day} 夜"),
    "by": ("Decided by {rulebook}", "依据 {rulebook} 判定"),
    "run": ("Run {run_id}, started by {who}, done {at}", "运行 {run_id}，发起人 {who}，{at} 完成"),
    # Money.
    "money": ("Money", "资金"),
    "yuan": ("yuan", "元"),
    "issued": ("Issued", "已发放"),
    "waiting": ("Waiting for a person", "待人工审核"),
    "refused": ("Refused", "未予发放"),
    "recovered": ("Taken back", "已扣回"),
    "in_night": ("{n} in this run", "本次 {n} 笔"),
    "in_waiting": ("{n} proposals, at the end of this run", "{n} 笔，截至本次运行结束"),
    "in_take_back": ("of them {amount} yuan to be taken back", "其中拟扣回 {amount} 元"),
    "decided": (
        "The {plans} granted plans of this night come to {amount} yuan in all; {proposed} yuan of "
        "that had not been proposed before.",
        "本夜 {plans} 个应发赠款的计划合计 {amount} 元，其中 {proposed} 元为本次新提出。",
    ),
    "people": (
        "People afterwards, before any later run: issued {issued} yuan ({issued_count}), refused "
        "{refused} yuan ({refused_count}), took back {recovered} yuan ({recovered_count}).",
        "此后至下一次运行之前，人工发放 {issued} 元（{issued_count} 笔），未予发放 {refused} 元"
        "（{refused_count} 笔），扣回 {recovered} 元（{recovered_count} 笔）。",
    ),
    # Near misses.
    "near": ("Nearest to the other outcome", "最接近另一种结果的计划"),
    "near_note": (
        "Of each of these plans one question decides: answered otherwise, it would turn the "
        "outcome.",
        "以下每个计划都只由一个问题决定：答案不同，结果就会不同。",
    ),
    # The trend.
    "trend": ("Night by night", "逐夜趋势"),
    "trend_note": (
        "Issued, refused and taken back: by the run, and by people until the next one. Waiting: as "
        "the run ended. All in yuan.",
        "已发放、未予发放、已扣回含该次运行及其后至下一次运行前的人工处理；待审核为运行结束时的"
        "金额。单位均为元。",
    ),
    "trend_one": (
        "One night so far: the chart begins with the second.",
        "目前只有一夜，自第二夜起绘制趋势图。",
    ),
    "t_moved": ("Issued, and below the line taken back, yuan", "已发放；横线以下为已扣回（元）"),
    "t_waiting": ("Waiting as the run ended, yuan", "运行结束时待审核（元）"),
    "night": ("night", "夜"),
    "l_issued": ("issued", "已发放"),
    "l_waiting": ("waiting", "待审核"),
    "l_refused": ("refused", "未予发放"),
    "l_recovered": ("taken back", "已扣回"),
    "total": ("total", "合计"),
    # Plans.
    "plans_title": ("Plans: {plans}", "计划：{plans} 个"),
    "plans": ("plans", "计划数"),
    "t_outcomes": ("Plans of this night by outcome", "本夜计划，按结果"),
    "by_reason": ("By outcome and reason", "按结果与原因"),
    "by_reason_note": (
        "A plan stands once under “main reason”, and under “at all” for each reason it has.",
        "“主要原因”每个计划只计一次；“涉及”按每个原因各计一次。",
    ),
    "reason": ("reason", "原因"),
    "as_first": ("main reason", "主要原因"),
    "at_all": ("at all", "涉及"),
    "no_reason": ("no reason against it", "无"),
    "by_status": ("By status", "按状态"),
    "by_status_note": (
        "Every plan that the ledger knew as the run ended, older ones included.",
        "运行结束时账本所知的全部计划，含以往各夜。",
    ),
    "status": ("status", "状态"),
    # Grants.
    "grants": ("The biggest grants", "金额最大的赠款"),
    "grants_note": (
        "The {shown} largest of {all}; together {amount} of {total} yuan.",
        "共 {all} 个、{total} 元；此处为最大的 {shown} 个，合计 {amount} 元。",
    ),
    "grants_all": ("All {all}; together {total} yuan.", "全部 {all} 个，合计 {total} 元。"),
    "no_grants": ("No plan is granted.", "没有应发赠款的计划。"),
    "t_sizes": (
        "Granted plans by amount in yuan: how many, and what they come to",
        "应发赠款的计划，按金额（元）：个数与合计",
    ),
    "size_label": ("{plans} · {amount} yuan", "{plans} 个 · {amount} 元"),
    "size_up": ("{low} and more", "{low} 及以上"),
    "size_under": ("under {high}", "不足 {high}"),
    "size_between": ("{low} to {high}", "{low} 至 {high}"),
    "sizes_note": (
        "An amount on the border is counted with the larger ones.",
        "恰在分界上的金额计入较大一档。",
    ),
    "plan": ("plan", "计划"),
    "advertiser": ("advertiser", "广告主"),
    "scenario": ("scenario", "场景"),
    "cost": ("cost", "消耗"),
    "target": ("target cost", "目标成本"),
    "conversions": ("conversions", "转化数"),
    "amount": ("amount, yuan", "金额（元）"),
    # What waits.
    "waits": ("Waiting for a person", "待人工审核"),
    "waits_how": (
        "To answer: qcg ledger approve or qcg ledger refuse, with the entry.",
        "处理：以条目号执行 qcg ledger approve 或 qcg ledger refuse。",
    ),
    "waits_none": ("Nothing waits.", "没有待审核的款项。"),
    "waits_shown": ("The {shown} largest of {all}.", "{all} 笔中最大的 {shown} 笔。"),
    "because": ("why it waits", "待审核原因"),
    "since": ("proposed", "提出日"),
    "entry": ("entry", "条目"),
    "proposals": ("proposals", "笔数"),
    "purpose": ("purpose", "用途"),
    "u_grant": ("grant", "赠款"),
    "u_supplement": ("supplement", "补发"),
    "u_claw_back": ("to be taken back", "扣回"),
    "w_supplement": ("a supplement always waits", "补发一律待审核"),
    "w_amount": ("more than the policy issues by itself", "超过自动发放的金额上限"),
    "w_night": ("the night as a whole is too large", "当夜合计超过上限"),
    "w_held_before": ("the plan was held for data before", "该计划曾待数据补正"),
    "w_corrected": ("the plan's logs were corrected", "该计划的日志被更正过"),
    "w_cheating": ("a recent cheating verdict on the advertiser", "广告主近期有作弊判定"),
    "w_refused_before": ("a person refused it before", "曾被人工拒绝"),
    "w_released": ("a person overruled the hold", "待补正经人工放行"),
    # Held plans.
    "held": ("Held for data", "待数据补正"),
    "held_none": ("No plan is held.", "没有待补正的计划。"),
    "held_note": (
        "{held} plans are held. Once mended, the next run decides them.",
        "{held} 个计划待补正。补正后由下一次运行判定。",
    ),
    "held_shown": (
        "{shown} of {held} are shown, some of each reason; the rest stand in decisions.parquet of "
        "this run.",
        "此处列出 {held} 个中的 {shown} 个，各原因均有；其余见本次运行的 decisions.parquet。",
    ),
    "held_ahead": (
        "Of the plans whose cycle still runs, {n} will be held too unless mended before.",
        "周期仍在进行的计划中，另有 {n} 个若不补正也将待补正。",
    ),
    "held_before": (
        "Another {n} were held on earlier nights and are not among this night's plans.",
        "另有 {n} 个计划在以往各夜待补正，不在本夜的计划之中。",
    ),
    "what_is_wrong": ("what is wrong", "问题"),
    "what_to_do": ("what to do", "处理办法"),
    "row": ("{file}, row {row}: {column}: {reason}", "{file} 第 {row} 行 {column}：{reason}"),
    "row_value": ("found {value}", "实为 {value}"),
    "rows_more": (
        "more such rows in quarantine.parquet: {n}",
        "另有 {n} 行，见 quarantine.parquet",
    ),
    # What else people must look at.
    "look": ("To look at", "需要留意"),
    "i_settled_before": (
        "Plan {ad_id} was settled before and cannot be decided again: {reasons}.",
        "计划 {ad_id} 此前已结算，现无法再次判定：{reasons}。",
    ),
    "i_verdict_missing": (
        "Plan {ad_id} has a cheating verdict that these exports leave out; it stands.",
        "计划 {ad_id} 的作弊判定不在本次导出之中，仍按有效处理。",
    ),
    "i_other_advertiser": (
        "Plan {ad_id} names another advertiser than the one that has its grant; it stands.",
        "计划 {ad_id} 的广告主与已获赠款者不同，已有赠款不变。",
    ),
    "i_release_waits": (
        "Plan {ad_id}: its hold was overruled; it waits for exports with all days of its cycle.",
        "计划 {ad_id} 的待补正已被解除，待导出含其周期各日后判定。",
    ),
    "i_overdrawn": (
        "Advertiser {advertiser_id} spent {amount} yuan of grants (usage {usage_id}), but only "
        "{available} yuan are there; it is tried again on the next night.",
        "广告主 {advertiser_id} 使用赠款 {amount} 元（{usage_id}），可用余额仅 {available} 元；"
        "下一夜重试。",
    ),
    "i_more": ("And {n} more.", "另有 {n} 项。"),
    "foot": (
        "Every amount on this page was held against the ledger and the night's decisions before it "
        "was written. One plan in detail: qcg explain.",
        "页面写出之前，各项金额均已与账本及本夜判定核对一致。单个计划的详情见 qcg explain。",
    ),
    "comma": (", ", "，"),
    "semicolon": ("; ", "；"),
}


def knows(key: str) -> bool:
    return key in _SENTENCES


def say(key: str, lang: Language, **words: object) -> str:
    """The sentence `key`, in `lang`, with its words filled in."""
    return _SENTENCES[key][lang == "zh"].format(**words)
