"""What the ledger and its notices (站内信) say: key → English, Chinese."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    # The ledger.
    "entry": ("entry", "账目"),
    "who": ("by", "经手"),
    "why": ("why", "理由"),
    "at": ("at", "时间"),
    "notice": ("notice", "通知"),
    "no_entries": ("No entries.", "没有账目。"),
    "no_notices": ("No notice waits.", "没有待投递的通知。"),
    "released": (
        "Plan {plan}: the hold is overruled; the next run whose exports have all days of its cycle "
        "that ever were there decides it.",
        "计划 {plan}：已解除待补正；下一次运行的导出含其周期内曾有的各日时即予判定。",
    ),
    "ledger_fine": (
        "All entries balance, every balance and plan stands where they put it, and every night's "
        "entries are what it decided.",
        "账目平衡，余额与各计划状态均与账目一致，每夜账目均与当夜判定一致。",
    ),
    "decided_by_run": ("Decided by run {run}:", "由运行 {run} 判定："),
    "in_the_ledger": ("in the ledger", "账目"),
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
    "night_of": ("Night of {day}: run {run}", "{day} 之夜：运行 {run}"),
    "night_again": (
        "Run before with the same exports and rules; nothing was changed.",
        "已用相同的导出与规则运行过；未作任何改动。",
    ),
    "night_dry": ("Dry run: nothing was written.", "演算：未写入。"),
    "money": ("money, yuan", "资金（元）"),
    "proposed": ("proposed", "提出"),
    "issued": ("issued", "已发放"),
    "waiting": ("waits for review, all nights", "待审核（各夜合计）"),
    "refused": ("refused", "未发放"),
    "recovered": ("taken back", "已扣回"),
    "review_it": (
        "Look at what waits: qcg ledger list --waiting --store {store}",
        "查看待审核者：qcg ledger list --waiting --store {store}",
    ),
    "i_settled_before": (
        "{n} plans that were settled before are held now; what was issued stands: {plans}",
        "{n} 个已结算的计划现待补正，已发放者不变：{plans}",
    ),
    "i_verdict_missing": (
        "{n} plans with a cheating verdict that tonight's exports lack; it stands: {plans}",
        "{n} 个计划的作弊判定未见于今晚导出，判定仍有效：{plans}",
    ),
    "i_release_waits": (
        "{n} plans whose hold was overruled wait for exports with all days of their cycle: {plans}",
        "{n} 个已解除待补正的计划，待导出含其周期各日后判定：{plans}",
    ),
    "i_other_advertiser": (
        "{n} plans name another advertiser than the one that has their grant; it stands: {plans}",
        "{n} 个计划的广告主与已获赠款者不同，已有赠款不变：{plans}",
    ),
    "i_overdrawn": (
        "{n} uses of grants are more than their balance, and are tried again: {plans}",
        "{n} 笔赠款使用超过余额，下次重试：{plans}",
    ),
    "undelivered": (
        "{n} notices could not be delivered; the next run tries again.",
        "{n} 条通知未能投递，下次运行重试。",
    ),
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
}
