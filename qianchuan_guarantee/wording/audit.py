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
    "c_replay": (
        "Decide a night again from the logs, by the rulebook of that day, and compare byte by "
        "byte; exit 1 where something differs.",
        "按当日的规则文件由日志重新判定某夜，并逐字节比对；有差异时退出码为 1。",
    ),
    "c_diff": (
        "The plans that two runs decided otherwise, what changed it, and the money moved.",
        "两次运行判定不同的计划、原因与金额变动。",
    ),
    "c_bundle": (
        "The evidence for one plan, in a file that can be verified without the store.",
        "单个计划的证据包，可脱离存储独立校验。",
    ),
    "o_bundle": ("The bundle.", "证据包文件。"),
    "o_bundle_exports": (
        "The exports of that night; those that the run named if left out.",
        "当夜的导出目录；缺省为该次运行所记录者。",
    ),
    "bundle_no_logs": (
        "Without the rows of the logs: {exports} is not there; give them with --exports.",
        "未含日志行：{exports} 不存在；请用 --exports 给出。",
    ),
    "r_bundle_head": (
        "Whether these acts are in the ledger's chain is proved only by a digest or a key that you "
        "have from elsewhere (--head, --key); the run's digest is {head}.",
        "这些记录是否在账本链上，须以另行取得的摘要或公钥证明（--head、--key）；"
        "该运行的摘要为 {head}。",
    ),
    "r_no_logs": ("There are no rows of the logs in it.", "其中不含日志行。"),
    "r_not_alone": (
        "Its logs alone do not decide it again: the night knew more, from earlier nights or from "
        "files that are gone. `qcg audit replay` with the store does.",
        "仅凭其中日志不足以重新判定：当夜另有此前各夜所留或现已不在的数据；"
        "可用 `qcg audit replay` 配合存储重放。",
    ),
    "r_decided_again": (
        "Decided again from its own logs: the same decision.",
        "已据其中日志重新判定，结果相同。",
    ),
    "o_run": ("The run; the last one if left out.", "运行编号；缺省为最近一次。"),
    "o_run_a": ("The earlier run.", "较早的运行。"),
    "o_run_b": ("The later run.", "较晚的运行。"),
    "replayed": (
        "Run {run} decided again: {plans} decisions.",
        "重新判定运行 {run}：共 {plans} 条判定。",
    ),
    "replayed_same": (
        "The same bytes: every decision is what the run left.",
        "字节完全一致：每条判定均与当时所留相同。",
    ),
    "replayed_rows": (
        "The same rows, column by column.",
        "逐列一致。",
    ),
    "input_changed": (
        "{n} input files are not what the run read: {files}",
        "{n} 个输入文件与当时所读不同：{files}",
    ),
    "input_gone": ("{n} input files are gone: {files}", "{n} 个输入文件已不在：{files}"),
    "input_new": (
        "{n} files are there that the run did not read: {files}",
        "{n} 个文件为当时所未读：{files}",
    ),
    "other_code": (
        "Another version decides now: {now}; the run was decided by {then}.",
        "现由另一版本判定：{now}；当时为 {then}。",
    ),
    "other_bytes": ("Not the same bytes: {files}", "字节不同：{files}"),
    "plan_differs": ("plan {plan}: {pair}; by {causes}", "计划 {plan}：{pair}；原因：{causes}"),
    "plan_came": ("plan {plan}: only the later one knows it", "计划 {plan}：仅后者有"),
    "plan_went": (
        "plan {plan}: the later one leaves it as the earlier one decided it",
        "计划 {plan}：后者沿用前者的判定",
    ),
    "and_more": ("… and {n} more (--json has all)", "……另有 {n} 个（--json 列出全部）"),
    "moved": (
        "{n} decisions differ; {yuan} yuan more are granted.",
        "{n} 条判定不同；赠款合计增加 {yuan} 元。",
    ),
    "cause_logs": ("the logs", "日志"),
    "cause_rulebook": ("the rulebook", "规则文件"),
    "cause_reading": ("a reading", "解读"),
    "cause_release": ("a hold that was overruled", "放行"),
    "cause_time": ("time that passed", "时间推移"),
    "cause_code": ("the code", "代码版本"),
    "cause_left": (
        "logs that no longer reach back to it, or lack a day",
        "日志已不覆盖其周期或缺日",
    ),
    "cause_unknown": ("nothing that was recorded", "记录中未见原因"),
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
    "r_open": (
        "The store has mode {mode}: everybody on this machine can look into it. chmod o= {folder}",
        "账库目录的权限为 {mode}：本机任何人都能查看。可执行 chmod o= {folder}",
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
