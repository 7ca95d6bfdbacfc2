"""What auditors read: key → English, Chinese."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    "c_audit": (
        "Prove what was decided: verify, replay, compare, sample, hand out evidence.",
        "审计：校验、重放、比对、抽样、出具证据。",
    ),
    "c_verify": (
        "Verify a store, or a bundle of evidence, from its bytes alone; exit 1 where something "
        "does not fit.",
        "仅凭字节校验存储或证据包；有不符之处时退出码为 1。",
    ),
    "c_head": (
        "The digest of the last act, to be published elsewhere: it proves all acts before it.",
        "链上最后一条记录的摘要，可公布于别处：它证明此前的全部记录。",
    ),
    "o_verified": ("A store, or a bundle of evidence.", "存储，或证据包。"),
    "o_head": (
        "A digest that `qcg audit head` printed at some time: the chain must still have it.",
        "此前 `qcg audit head` 输出的摘要：链上必须仍有此记录。",
    ),
    "o_key": (
        "A public key (PEM) that runs must be signed with; from elsewhere, not from the store.",
        "运行须以此公钥（PEM）对应的私钥签名；公钥应另行取得，而非取自存储。",
    ),
    "verified": (
        "Verified: {acts} acts, head {head}. Everything fits.",
        "校验通过：共 {acts} 条记录，链首摘要 {head}，全部相符。",
    ),
    "not_verified": (
        "NOT verified: {n} things do not fit. {acts} acts, head {head}.",
        "校验未通过：{n} 处不符。共 {acts} 条记录，链首摘要 {head}。",
    ),
    "r_after_head": ("{n} acts came after the given head.", "所给摘要之后另有 {n} 条记录。"),
    "r_not_pinned": (
        "There are signatures; whose they are is proved only with --key, a key that you have from "
        "elsewhere.",
        "有签名；须以 --key 给出另行取得的公钥，方能证明签名者为谁。",
    ),
    "r_unsigned": (
        "Acts {first} to {last} came after the last signature.",
        "第 {first} 至 {last} 条记录在最后一次签名之后。",
    ),
    "r_nights": ("{n} nights without a run: {days}", "{n} 夜没有运行：{days}"),
    "r_left": (
        "{n} plans wait for a decision, and the last run saw nothing of them: {plans}",
        "{n} 个计划尚待判定，而最近一次运行未见其数据：{plans}",
    ),
    "r_changed": (
        "Run {run}: {by} changed {what}; the reason given: {why}",
        "运行 {run}：{by} 更改了 {what}，理由：{why}",
    ),
    "r_changed_silently": (
        "Run {run}: {by} changed {what}, and gave no reason (--why).",
        "运行 {run}：{by} 更改了 {what}，未给出理由（--why）。",
    ),
    "remark": ("To know: {what}", "须知：{what}"),
}
