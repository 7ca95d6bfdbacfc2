"""What is there and cannot be used is told: files that look like a table, further columns, lines
that are no rows, ids and days that nothing can be of."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from qianchuan_guarantee import api
from qianchuan_guarantee.cli.main import app
from qianchuan_guarantee.errors import UsageError, UserError

PLAN = 1745000000000001
DAY = "2022-10-10"
VERDICT = f"ad_id,decided_at,verdict,source\n{PLAN},2022-10-03 00:00:00,cheating,ANTI_SPAM\n"
TABLES = {
    "plans": (
        "ad_id,advertiser_id,lab_ad_type,marketing_scene,smart_bid_type,cpa_bid,ad_create_time",
        f"{PLAN},9,NOT_LAB_AD,FEED,SMART_BID_CUSTOM,10,2022-10-01 08:00:00",
    ),
    "delivery": (
        "ad_id,stat_datetime,stat_cost,show_cnt,click_cnt",
        f"{PLAN},2022-10-01 10:00:00,120,100,10",
    ),
    "conversions": (
        "conversion_id,ad_id,billed_at,converted_at",
        *(f"c{n},{PLAN},2022-10-01 10:30:00,2022-10-01 11:30:00" for n in range(6)),
    ),
    "operations": (
        "log_id,ad_id,create_time,operation,old_value,new_value",
        f"1,{PLAN},2022-10-01 08:00:00,create,,10",
    ),
}


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    folder = tmp_path / "导出 1"
    folder.mkdir()
    for name, lines in TABLES.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def qcg(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def qcg_json(*words: object) -> tuple[dict[str, Any], str]:
    ran = qcg(*words, "--json")
    assert ran.exit_code == 0, ran.stderr
    return json.loads(ran.stdout), ran.stderr


@pytest.mark.parametrize(
    "name",
    [
        *("verdicts.xlsx", "verdicts.CSV", "Verdicts.csv", "verdicts.json", "verdicts.csv.zip"),
        *("verdicts", "verdicts.csv/", "verdicts.parquet/", "Verdicts/", "verdicts.csv@"),
    ],
)
def test_what_looks_like_a_table_and_is_none_is_refused(exports: Path, name: str) -> None:
    path = exports / name.rstrip("/@")
    if name.endswith("/"):
        path.mkdir()
        path = path / "part-0.csv"
    if name.endswith("@"):
        path.symlink_to(exports / "nowhere")
    else:
        path.write_text(VERDICT)
    with pytest.raises(UserError, match="not read as table verdicts; expected files named"):
        api.decide(exports, DAY)


@pytest.mark.parametrize("name", ["plans.csv.sha256", "plans.parquet/", "PLANS.tsv", "notes.csv"])
def test_what_lies_beside_a_table_is_named_and_not_used(exports: Path, name: str) -> None:
    path = exports / name.rstrip("/")
    path.mkdir() if name.endswith("/") else path.write_text("x\n")
    assert f"Not used: {path.name}." in qcg("decide", exports, "--as-of", DAY).stdout


def further(exports: Path) -> None:
    lines = TABLES["delivery"]
    text = f"{lines[0]},extra,消耗(元)\n{lines[1]},1,2\n"
    (exports / "delivery.csv").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("command", ["decide", "check", "run"])
def test_further_columns_are_named_once_by_each_command(exports: Path, command: str) -> None:
    further(exports)
    words = [command, exports, "--as-of", DAY]
    if command == "run":
        words += ["--store", exports.parent / "store"]
    told = "Not used: delivery has the further columns extra, 消耗(元)."
    ran = qcg(*words)
    assert ran.stdout.count(told) == 1
    document, err = qcg_json(*words)
    assert err.count(told) == 1
    assert document["extra_columns"] == {"delivery": ["extra", "消耗(元)"]}
    assert document["ignored_files"] == []


def test_a_night_tells_of_rows_that_are_nobodys(exports: Path) -> None:
    with (exports / "delivery.csv").open("a") as file:
        file.write("x,2022-10-01 11:00:00,1,1,1\n")
    ran = qcg("run", exports, "--as-of", DAY, "--store", exports.parent / "store")
    assert "1 refused rows name no readable ad_id: whose they are is not known." in ran.stdout


def torn(exports: Path) -> None:
    """Two files of one table, the second with a line that is no row."""
    folder = exports / "delivery"
    folder.mkdir()
    (exports / "delivery.csv").rename(folder / "a.csv")
    lines = (TABLES["delivery"][0], f"{PLAN},2022-10-01 11:00:00,1,1,1", f"{PLAN},2022-10-01")
    (folder / "b.csv").write_text("\n".join(lines) + "\n")


def test_a_line_that_is_no_row_is_its_plans_in_quarantine_and_explanation(exports: Path) -> None:
    torn(exports)
    out = exports.parent / "quarantine.parquet"
    assert qcg("decide", exports, "--as-of", DAY, "--quarantine", out).exit_code == 0
    [row] = pq.read_table(out).to_pylist()
    assert (row["ad_id"], row["file"], row["row_number"]) == (PLAN, "delivery/b.csv", 2)
    explained, _ = qcg_json("explain", PLAN, exports, "--as-of", DAY)
    assert explained["reasons"] == ["DATA_QUARANTINED"]
    assert [refused["reason"] for refused in explained["refused"]] == ["malformed"]


@pytest.mark.parametrize("is_daily", [False, True])
def test_check_counts_the_rows_of_each_file(exports: Path, is_daily: bool) -> None:
    torn(exports)
    if is_daily:
        (exports / "delivery").rename(exports / "kept")
        (exports / "delivery").mkdir()
        (exports / "kept").rename(exports / "delivery" / "dt=2022-10-01")
    document, _ = qcg_json("check", exports, "--as-of", DAY)
    files = document["tables"]["delivery"]["files"]
    counts = [(Path(file["file"]).name, file["rows"], file["refused"]) for file in files]
    assert counts == [("a.csv", 1, 0), ("b.csv", 2, 1)]
    for table in document["tables"].values():
        assert sum(file["rows"] for file in table["files"]) == table["read"]


def test_a_manifest_counts_the_rows_of_each_file(exports: Path) -> None:
    torn(exports)
    store = exports.parent / "store"
    document, _ = qcg_json("run", exports, "--as-of", DAY, "--store", store)
    manifest = json.loads((store / "runs" / document["run_id"] / "manifest.json").read_bytes())
    counts = {
        Path(each["file"]).name: (each["rows"], each["refused"]) for each in manifest["inputs"]
    }
    assert counts["a.csv"] == (1, 0)
    assert counts["b.csv"] == (2, 1)
    assert counts["conversions.csv"] == (6, 0)


def test_a_header_is_shown_as_it_stands(exports: Path) -> None:
    lines = TABLES["delivery"]
    (exports / "delivery.csv").write_text(f"{lines[0].upper()}\n{lines[1]}\n")
    with pytest.raises(UserError, match="found AD_ID, STAT_DATETIME, STAT_COST"):
        api.decide(exports, DAY)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("\n".join(TABLES["plans"]).encode("utf-16"), "not text in UTF-8 or GBK"),
        ("\r".join(TABLES["plans"]).encode(), "lines end in CR alone; expected LF or CRLF"),
    ],
)
def test_a_text_in_another_way_is_refused_in_plain_words(
    exports: Path, content: bytes, said: str
) -> None:
    (exports / "plans.csv").write_bytes(content)
    with pytest.raises(UserError, match=said):
        api.decide(exports, DAY)


def test_flags_may_be_whole_numbers(exports: Path) -> None:
    rows = [line.split(",") for line in TABLES["conversions"][1:]]
    columns = dict(zip(TABLES["conversions"][0].split(","), zip(*rows, strict=True), strict=True))
    (exports / "conversions.csv").unlink()
    kept = pa.table({name: list(cells) for name, cells in columns.items()})
    flags = pa.array([1, 1, 1, 1, 0, 2], pa.int8())
    pq.write_table(kept.append_column("valid", flags), exports / "conversions.parquet")
    decided = api.decide(exports, DAY)
    [row] = decided.to_arrow().to_pylist()
    assert (row["conversions"], row["reasons"][0]) == (4, "DATA_QUARANTINED")
    assert decided.summary["tables"]["conversions"]["quarantined"] == 1


@pytest.mark.parametrize("ad_id", [0, 2**63, 10**30])
def test_what_is_no_id_is_wrong_usage(exports: Path, ad_id: int) -> None:
    store = exports.parent / "store"
    assert qcg("run", exports, "--as-of", DAY, "--store", store).exit_code == 0
    of_exports = (exports, "--as-of", DAY)
    for words in (
        ("explain", ad_id, *of_exports),
        ("decide", *of_exports, "--plan", ad_id),
        ("what-if", *of_exports, "--plan", ad_id),
        ("explain", ad_id, "--store", store),
        ("ledger", "show", ad_id, "--store", store),
        ("ledger", "list", "--plan", ad_id, "--store", store),
        ("ledger", "release", ad_id, "--by", "a", "--why", "b", "--store", store),
    ):
        ran = qcg(*words)
        assert isinstance(ran.exception, UsageError), words
        assert str(ran.exception).startswith(f"plan {ad_id}: no id of a plan; expected 1 to ")


@pytest.mark.parametrize("day", ["2015-12-31", "2100-01-02", "9999-12-31"])
def test_a_day_that_nothing_can_be_of_is_wrong_usage(exports: Path, day: str) -> None:
    for command in ("decide", "check", "run"):
        more = ["--store", exports.parent / "store"] if command == "run" else []
        ran = qcg(command, exports, "--as-of", day, *more)
        assert isinstance(ran.exception, UsageError)
        assert f"as of {day}: out of range" in str(ran.exception)
    assert not (exports.parent / "store" / "ledger.sqlite").exists()


def test_a_size_that_is_none_is_wrong_usage(exports: Path) -> None:
    ran = qcg("decide", exports, "--as-of", DAY, "--memory", "much")
    assert isinstance(ran.exception, UsageError)


def test_a_day_may_be_a_time_at_midnight(exports: Path) -> None:
    assert api.decide(exports, datetime(2022, 10, 10)).summary["as_of"] == DAY
    with pytest.raises(UsageError, match="not a day"):
        api.decide(exports, datetime(2022, 10, 10, 5))
