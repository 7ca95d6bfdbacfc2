"""Write docs/analyst.ipynb: its cells, carried out in order, with what they show. A test holds the
two against each other.

    python docs/make_notebook.py
"""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NOTEBOOK = HERE / "analyst.ipynb"

# Words, or code, in turn.
CELLS: list[tuple[str, str]] = [
    (
        "markdown",
        """# One plan's story, and one reform's / 一个计划与一次改规
What an analyst asks of exports, in Python. The data are the demo that comes with the package.

分析师如何用 Python 追问导出数据。数据为随包演示。""",
    ),
    (
        "code",
        """from pathlib import Path

from qianchuan_guarantee import api

here = Path("fixtures/demo")
demo = api.read(here if here.exists() else ".." / here, "2022-10-20")
api.decide(demo).to_pandas().groupby("outcome").amount.agg(["count", "sum"])""",
    ),
    (
        "markdown",
        """## One plan / 一个计划
Plan 1745000000000203 spent 300 yuan for five conversions at a bid of 40, and got
nothing. Why?

计划 1745000000000203 出价 40 元，消耗 300 元，
得到五个转化，却没有赠款。为什么？""",
    ),
    ("code", "plan = api.explain(1745000000000203, demo)\nplan"),
    (
        "markdown",
        """It is far over cost, but one conversion short. Its advertiser says that another
conversion was lost on its way. Had it arrived, what would have been granted?

它远超成本，但差一个转化。
广告主称有一个转化在回传中丢失。若它到达，应发多少？""",
    ),
    (
        "code",
        """folder = here if here.exists() else ".." / here
alone = api.read(folder, "2022-10-20", plans=[1745000000000203])
api.what_if(alone, settings={"plan.conversions.add": "1@2022-10-04T12:00:00"})""",
    ),
    (
        "markdown",
        """60 yuan: 300 − 6 × 40. The cause names the operand: `conversions 5 → 6`, six being
required.

60 元：300 − 6 × 40。原因指出了操作数：`conversions 5 → 6`，所需为六个。""",
    ),
    (
        "markdown",
        """## One reform / 一次改规
The threshold for feed plans is to fall from six conversions to five, and the line from 20 % to
15 %. Whom does it reach, and what does it cost?

通投广告的转化门槛拟由六个降为五个，
超成本比例由 20% 降为 15%。影响谁？花费多少？""",
    ),
    (
        "code",
        """reform = api.what_if(
    demo,
    settings={
        "scenarios.feed.conversions.at_least": 5,
        "scenarios.feed.overcost.percent": 15,
    },
)
reform""",
    ),
    (
        "code",
        """reform.to_pandas()[["ad_id", "outcome_before", "outcome_after", "amount_change"]]""",
    ),
    (
        "markdown",
        """Before the reform is judged by its cost, how sure is the cost of the rule as it stands?
Each open question of the text, read otherwise:

在评价改规的花费之前，现行规则的花费有多确定？
条文中每个未决问题换一种解读：""",
    ),
    (
        "code",
        """worth = api.sensitivity(demo).to_pandas()
worth[worth.plans_changed > 0][["id", "choice", "plans_changed", "amount_change"]]""",
    ),
    (
        "markdown",
        """Some questions of reading are worth more than the reform.

有些解读问题的分量超过这次改规。""",
    ),
]


def notebook() -> dict[str, Any]:
    """The notebook, with what its cells show when they are carried out now."""
    shared: dict[str, Any] = {}
    cells: list[dict[str, Any]] = []
    number = 0
    for kind, text in CELLS:
        cell: dict[str, Any] = {
            "cell_type": kind,
            "id": f"cell-{len(cells)}",
            "metadata": {},
            "source": text.splitlines(keepends=True),
        }
        if kind == "code":
            number += 1
            shown = _carried_out(text, shared)
            result = {"output_type": "execute_result", "metadata": {}, "execution_count": number}
            outputs = [{**result, "data": shown}] if shown else []
            cell |= {"execution_count": number, "outputs": outputs}
        cells.append(cell)
    for each in shared.values():
        if type(each).__name__ == "Exports":
            each.close()
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    about = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}


def _carried_out(text: str, shared: dict[str, Any]) -> dict[str, list[str]]:
    """Run a cell; what its last expression shows."""
    *before, last = ast.parse(text).body
    exec(compile(ast.Module(before, []), "cell", "exec"), shared)
    if not isinstance(last, ast.Expr):
        exec(compile(ast.Module([last], []), "cell", "exec"), shared)
        return {}
    value = eval(compile(ast.Expression(last.value), "cell", "eval"), shared)
    html = value._repr_html_() if hasattr(value, "_repr_html_") else None
    shown = {"text/plain": repr(value)} | ({"text/html": html} if html else {})
    return {kind: said.splitlines(keepends=True) for kind, said in shown.items()}


def main() -> None:
    os.chdir(HERE.parent)
    text = json.dumps(notebook(), ensure_ascii=False, indent=1) + "\n"
    NOTEBOOK.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
