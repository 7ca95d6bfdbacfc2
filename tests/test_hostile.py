"""Hostile bytes and hostile people: each of these once got through, or could have.

`tests.fuzz` makes many more, by hand; some of its cases are run here.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import date
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from qianchuan_guarantee import plain_yaml, rulebook
from qianchuan_guarantee.audit.bundle import _write as write_bundle
from qianchuan_guarantee.audit.manifest import read_by
from qianchuan_guarantee.cli.main import app, main
from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.errors import UsageError, UserError, hidden, presentable
from qianchuan_guarantee.exports import fetch as fetching
from qianchuan_guarantee.exports.fetch import fetch
from qianchuan_guarantee.exports.find import find
from qianchuan_guarantee.importers import phrases
from qianchuan_guarantee.ledger import people
from qianchuan_guarantee.ledger.policy import load_policy
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.rulebook import load_file
from qianchuan_guarantee.settings import with_settings
from qianchuan_guarantee.signatures import signer
from qianchuan_guarantee.write import FORMULA, Sheet, write_table
from tests import fuzz
from tests.conftest import FIXTURES, REPO, decided

SLICES = FIXTURES / "slices"


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """A small folder of exports that may be spoilt."""
    folder = tmp_path / "exports"
    folder.mkdir()
    for name in ("plans", "delivery", "operations"):
        (folder / f"{name}.csv").write_bytes((SLICES / f"{name}.csv").read_bytes())
    return folder


# --- Settings ---------------------------------------------------------------------------------

_LAUGHS = "\n".join(
    [
        "a0: &a0 [x, x]",
        *(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}x]" for n in range(1, 30)),
        "name: *a29",
    ]
)
_MERGED = "\n".join(
    ["a0: &a0 {k: 1}"] + [f"a{n}: &a{n} {{<<: [{f'*a{n - 1}, ' * 9}]}}" for n in range(1, 30)]
)
BOMBS = {
    "lists that multiply": (_LAUGHS, "anchors"),
    "mappings that multiply": (_MERGED, "anchors"),
    "something in itself": ("&a {b: [*a]}", "anchors"),
    "very deep": ("[" * 5000, "nested too deeply"),
    "very deep by lines": ("- " * 2000, "nested too deeply"),
    "very long": ("a: " + "x" * plain_yaml.MOST_CHARACTERS, "more than"),
    "a number without end": ("a: " + "9" * 5000, "cannot be read"),
    "code": ("!!python/object/apply:os.system ['touch /tmp/pwned']", "tags"),
    "a type that does not fit": ("a: !!int x", "tags"),
    "a day in a list": ("a: !!timestamp [1]", "tags"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_settings_are_plain(name: str, tmp_path: Path) -> None:
    text, said = BOMBS[name]
    path = tmp_path / "x.yaml"
    path.write_text(text, "utf-8")
    for read in (load_file, load_policy, phrases.load):
        with pytest.raises(UserError) as caught:
            read(path)
        # Numbers of a policy are texts until they are looked at.
        assert said in str(caught.value) or (read is load_policy and "number" in name)
        assert len(str(caught.value)) < 600
    if "\n" not in text:
        with pytest.raises(UsageError):
            with_settings(rulebook.load(), [f"window.natural_days={text}"])


@pytest.mark.parametrize("version", ["../../x", "/etc/x", "a/b", "a\\b", "x" * 300])
def test_a_rulebook_names_no_file_outside(version: str, tmp_path: Path) -> None:
    text = next((REPO / "rules").rglob("*.yaml")).read_text("utf-8")
    path = tmp_path / "x.yaml"
    assert 'version: "2022-01-27"' in text
    path.write_text(text.replace('version: "2022-01-27"', f"version: '{version}'", 1), "utf-8")
    with pytest.raises(UserError, match="version"):
        load_file(path)


# --- Exports ----------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["pipe", "/dev/zero", "a folder"])
def test_what_is_no_file_is_not_waited_for(what: str, exports: Path) -> None:
    place = exports / "delivery" / "dt=2022-10-01"
    place.mkdir(parents=True)
    (exports / "delivery.csv").rename(place / "a.csv")
    if what == "pipe":
        os.mkfifo(place / "b.csv")
    elif what == "a folder":
        (place / "b.csv").mkdir()
    else:
        (place / "b.csv").symlink_to(what)
    with pytest.raises(UserError, match=r"b\.csv: (no file|a folder)"):
        find(str(exports))


def test_a_read_error_names_its_file(exports: Path) -> None:
    """Linux answers EIO to whoever reads a process's memory where there is none."""
    (exports / "verdicts.csv").symlink_to("/proc/self/mem")
    with pytest.raises(UserError, match=r"verdicts\.csv: cannot be read \(.*Input/output error"):
        find(str(exports))


@pytest.mark.parametrize("name", ["2022*", "2022?1", "2022[-]1", "二 〇 '\"; --", "kept_0"])
def test_a_folder_is_read_without_its_neighbours(name: str, exports: Path) -> None:
    """A folder's name is no pattern, and no SQL."""
    odd, neighbour = exports.with_name(name), exports.with_name("2022-1")
    exports.rename(odd)
    neighbour.mkdir()
    for table in ("plans", "delivery", "operations"):
        text = (odd / f"{table}.csv").read_text("utf-8")
        (neighbour / f"{table}.csv").write_text(text.replace("17450000000007", "17450000000008"))
    engine = DuckDB()
    (group,) = find(str(odd)).tables["plans"].groups
    rows = engine.rows(engine.read(group))
    engine.close()
    assert [row["ad_id"] for row in rows] == [str(1745000000000701 + n) for n in range(len(rows))]
    assert {row["_file"] for row in rows} == {str(odd / "plans.csv")}


def test_a_line_without_an_end_does_not_fill_the_memory(exports: Path) -> None:
    (exports / "plans.csv").unlink()
    with gzip.open(exports / "plans.csv.gz", "wb", 1) as file:
        for _ in range(40):
            file.write(b"x" * 2**20)
    with pytest.raises(UserError, match=r"plans\.csv\.gz: cannot be read \(a line of more than"):
        find(str(exports))


def test_a_header_without_an_end_is_refused(exports: Path) -> None:
    header = ",".join(f"c{n}" for n in range(3000))
    (exports / "plans.csv").write_text(f"{header}\n")
    with pytest.raises(UserError, match="3000 columns"):
        find(str(exports))
    with (exports / "plans.csv").open("w") as file:
        file.write('"ad_id\n' + "1\n" * 100_000)
    with pytest.raises(UserError, match=r"plans\.csv: column .* is missing"):
        find(str(exports))


def test_gzip_that_is_broken_within_is_a_sentence(exports: Path) -> None:
    content = bytearray(gzip.compress((exports / "plans.csv").read_bytes()))
    content[20:60] = b"\xff" * 40
    (exports / "plans.csv").unlink()
    (exports / "plans.csv.gz").write_bytes(bytes(content))
    with pytest.raises(UserError, match=r"plans\.csv\.gz: cannot be read"):
        find(str(exports))


def test_a_row_that_says_two_costs_is_refused(exports: Path) -> None:
    (exports / "delivery.csv").unlink()
    row = '{"ad_id": 1745000000000701, "stat_datetime": "2022-10-01 10:00:00", "stat_cost": 1, '
    row += '"show_cnt": 1, "click_cnt": 1, "attribution_convert_cnt": 0'
    (exports / "delivery.jsonl").write_text(f'{row}}}\n{row}, "stat_cost": 9}}\n')
    engine = DuckDB()
    (group,) = find(str(exports)).tables["delivery"].groups
    assert len(engine.rows(engine.read(group))) == 1
    assert [line.row_number for line in engine.malformed(group)] == [2]
    engine.close()


# --- Addresses --------------------------------------------------------------------------------


def _archive(folder: Path, *more: str) -> str:
    with zipfile.ZipFile(folder / "x.zip", "w") as archive:
        for name in ("plans", "delivery", "operations"):
            archive.write(SLICES / f"{name}.csv", f"{name}.csv")
        for name in more:
            archive.writestr(name, "gotcha")
    return f"zip://::{folder / 'x.zip'}"


def test_an_archive_writes_nothing_beside_its_folder(tmp_path: Path) -> None:
    scratch = tmp_path / "a" / "b"
    with pytest.raises(UserError, match="leads out of its folder"):
        fetch(_archive(tmp_path, "verdicts/../../../evil.csv"), scratch)
    found = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"x.zip"}


def test_an_archive_that_does_not_fit_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: SimpleNamespace(free=100))
    with pytest.raises(UserError, match=r"bytes when unpacked; .* has room for 100"):
        fetch(_archive(tmp_path), tmp_path / "scratch")


SECRETS = {
    "postgresql://me:geheim@host/db: gone": "postgresql://***@host/db: gone",
    "postgresql://me:ge@he:im/x@host/db": "postgresql://***@host/db",
    "postgresql://host/db?password=geheim&user=me": "postgresql://host/db?password=***&user=***",
    "s3://AKIAGEHEIM:geheim/+@bucket/x": "s3://***@bucket/x",
    "https://geheim@host/x.zip": "https://***@host/x.zip",
    "(https://h/x?Signature=geheim&se=1) is": "(https://h/x?Signature=***&se=***) is",
    "s3://bucket/a@b/x": "s3://bucket/a@b/x",
    "/folder/a:b@c?d=e": "/folder/a:b@c?d=e",
}


@pytest.mark.parametrize("address", SECRETS)
def test_secrets_of_an_address_are_not_shown(address: str) -> None:
    assert hidden(address) == SECRETS[address]
    assert str(UserError(address)) == SECRETS[address]


def test_secrets_are_in_no_error_and_no_manifest(tmp_path: Path) -> None:
    for address in (
        "postgresql://me:geheim@127.0.0.1:1/db?password=geheim",
        "postgresql://me:geheim@host:port/db",
        "mysql://me:geheim@host/db",
    ):
        with pytest.raises(UserError) as caught:
            Store(address)
        assert "geheim" not in str(caught.value)
    for address in ("nowhere://me:geheim@host/x?sig=geheim", "memory://me:geheim@x/y?sig=geheim"):
        with pytest.raises(UserError) as caught:
            fetch(address, tmp_path)
        assert "geheim" not in str(caught.value)
    delivery, totals = SimpleNamespace(by_day={}), SimpleNamespace(groups=())
    decided: Any = SimpleNamespace(
        engine=SimpleNamespace(version=lambda: "x"),
        question=SimpleNamespace(exports="s3://AKIA:geheim@bucket/x"),
        checked={"control_totals": totals, "delivery": delivery},
    )
    assert read_by(decided, [])["exports"] == "s3://***@bucket/x"


def test_what_was_found_in_a_file_steers_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert presentable("\x1b[2J\u202e计划 😀\n\u3000x\r\0") == "�[2J�计划 😀\n\u3000x��"
    assert len(str(UserError("x" * 1_000_000))) < 5_000
    monkeypatch.setattr(sys, "argv", ["qcg", "decide", "\x1b]0;x\x07", "--as-of", "2022-10-20"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert (ended.value.code, said) == (1, said.replace("\x1b", "").replace("\x07", ""))


def test_a_path_that_no_system_takes_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["qcg", "ledger", "list", "--store", "x" * 5000])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "File name too long" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["=cmd|'/C calc'!A0", "+1", "-1+1", "@SUM(A1)", "\t=1"])
def test_no_text_in_a_csv_is_a_formula(text: str, tmp_path: Path) -> None:
    schema = pa.schema([("what", pa.string()), ("many", pa.int64())])
    rows = pa.RecordBatch.from_pylist([{"what": text, "many": -1}], schema)
    write_table(Sheet([rows], schema, tmp_path / "x.csv"))
    said = (tmp_path / "x.csv").read_text("utf-8").splitlines()[1]
    assert said.lstrip('"').startswith(f"'{text[:1]}")
    assert said.endswith(",-1")


# --- Ids that look like paths, formulas or pages ----------------------------------------------

PLAN = 1745000000000103
ODD = ("../../../evil", "=cmd|'/C calc'!A0", "<script>alert(1)</script>", "/etc/passwd", "@SUM(A1)")


class Odd:
    """The demo with other ids, and with rows that are refused for them; decided, run, bundled."""

    def __init__(self, folder: Path) -> None:
        self.exports, self.out = folder / "exports", folder / "out"
        shutil.copytree(FIXTURES / "demo", self.exports)
        self._rename("conversions", re.compile(r"(?m)^c-(\d+-\d+)"))
        self._rename("operations", re.compile(r"(?m)^log-(\d+-\d+)"))
        self._rename("operations", re.compile(r"(?m)(?<=,)(8800\d+)(?=\r?$)"))
        delivery = self.exports / "delivery" / "dt=2022-10-09" / "delivery.csv"
        rows = [f"{each},2022-10-09 10:00:00,{each},1,1\n" for each in ODD]
        delivery.write_bytes(delivery.read_bytes() + "".join(rows).encode())
        uses = [f"{each},1701000000000045,2022-10-19 10:00:00,1.00" for each in ODD]
        lines = ["usage_id,advertiser_id,used_at,amount", *uses]
        (self.exports / "grant_usage.csv").write_text("\n".join(lines) + "\n", "utf-8")
        asked, store = (self.exports, "--as-of", "2022-10-20"), self.out / "store"
        for ending in ("csv", "xlsx"):
            refused = ("--quarantine", self.out / f"refused.{ending}")
            self.qcg("decide", *asked, "-o", self.out / f"decisions.{ending}", *refused)
        self.qcg("explain", PLAN, *asked, "--html", self.out / "plan.html")
        self.qcg("run", *asked, "--store", store, "--by", ODD[0])
        self.qcg("report", "--store", store, "--html", self.out / "night.html")
        self.qcg("audit", "bundle", PLAN, "--store", store, "-o", self.out / "bundle.zip")
        self._reconcile(store, self.out / "=1+1.json")
        self.found = {path.name for path in folder.rglob("*")}

    def _reconcile(self, store: Path, answer: Path) -> None:
        """The platform's answer, refusing all, with odd words in it, in turn."""
        self.qcg("export", "status", "--store", store, "-o", answer)
        odd = cycle(json.dumps(each) for each in ODD)
        text = re.sub('(?<="reason": )""', lambda _: next(odd), answer.read_text("utf-8"))
        answer.write_text(text.replace('"PAID"', '"INVALID"'), "utf-8")
        asked = (store, answer, "--as-of", "2022-10-20")
        self.qcg("reconcile", *asked, "-o", self.out / "theirs.csv")
        self.qcg("reconcile", *asked, "-o", self.out / "theirs.xlsx")

    def _rename(self, table: str, ids: re.Pattern[str]) -> None:
        """Each id has an odd one before it; two that were one are one."""

        def odd(found: re.Match[str]) -> str:
            return f"{ODD[int(found[1].replace('-', '')) % len(ODD)]}{found[1]}"

        for file in sorted((self.exports / table).rglob("*.csv")):
            text = file.read_bytes().decode("latin-1")  # some are GBK: every byte stays
            file.write_bytes(ids.sub(odd, text).encode("latin-1"))

    def qcg(self, *words: object) -> str:
        ended = CliRunner().invoke(app, [str(word) for word in words])
        assert ended.exit_code == 0, (words, ended.output, ended.exception)
        return ended.output


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Odd:
    return Odd(tmp_path_factory.mktemp("odd"))


def test_ids_name_no_file(odd: Odd) -> None:
    assert not {name for name in odd.found if "evil" in name or "passwd" in name}
    endings = {"decisions": ("csv", "xlsx"), "refused": ("csv", "xlsx"), "plan": ("html",)}
    endings |= {"night": ("html",), "bundle": ("zip",), "=1+1": ("json",)}
    endings |= {"theirs": ("csv", "xlsx")}
    written = {f"{name}.{ending}" for name, of in endings.items() for ending in of}
    assert {path.name for path in odd.out.iterdir()} == {*written, "store"}
    with zipfile.ZipFile(odd.out / "bundle.zip") as bundle:
        assert not [name for name in bundle.namelist() if ".." in name or name.startswith("/")]
        assert any(b"../evil" in bundle.read(name) for name in bundle.namelist())


@pytest.mark.parametrize(("name", "shown"), [("refused", "=cmd"), ("theirs", "'=cmd")])
def test_ids_and_words_are_no_formula(name: str, shown: str, odd: Odd) -> None:
    with (odd.out / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert any(shown in cell for cell in cells)
    formulas = [cell for cell in cells if cell.startswith(FORMULA)]
    assert [cell for cell in formulas if not re.fullmatch(r"-\d+\.\d\d", cell)] == []
    book = load_workbook(odd.out / f"{name}.xlsx")
    texts = [cell for sheet in book for row in sheet for cell in row if cell.data_type in "fs"]
    assert any("=cmd" in cell.value for cell in texts)
    assert [cell.value for cell in texts if cell.data_type == "f"] == []


@pytest.mark.parametrize("name", ["plan", "night"])
def test_ids_are_no_markup(name: str, odd: Odd) -> None:
    page = (odd.out / f"{name}.html").read_text("utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_ids_change_no_decision(odd: Odd) -> None:
    with decided(FIXTURES / "demo", date(2022, 10, 20)) as answer:
        right = {row["ad_id"]: row for row in answer.engine.arrow(answer.decisions).to_pylist()}
    with (odd.out / "decisions.csv").open(encoding="utf-8", newline="") as file:
        found = {int(row["ad_id"]): row for row in csv.DictReader(file)}
    assert found.keys() == right.keys()
    assert [key for key, row in found.items() if row["outcome"] != right[key]["outcome"]] == []
    assert [key for key, row in found.items() if row["amount"] != f"{right[key]['amount']}"] == []


@pytest.mark.parametrize("name", ["../../exports", "/etc", "=1", "x' OR '1'='1", "%"])
def test_names_of_runs_and_entries_are_looked_up_not_opened(name: str, odd: Odd) -> None:
    store = str(odd.out / "store")
    for words, said in (
        (["audit", "replay", store, str(odd.exports), "--run", name], "no run"),
        (["audit", "diff", name, name, "--store", store], "no run"),
        (["ledger", "show", name, "--store", store], "no such entry"),
        (["ledger", "approve", name, "--store", store, "--by", "A", "--why", "b"], "no proposal"),
    ):
        ended = CliRunner().invoke(app, words)
        assert isinstance(ended.exception, UserError), words
        assert said in str(ended.exception)


# --- What others on the machine may see -------------------------------------------------------


def test_a_store_that_everybody_can_look_into_is_said(odd: Odd) -> None:
    store = odd.out / "store"
    for mode, is_said in ((0o755, True), (0o750, False)):
        store.chmod(mode)
        assert ("chmod o=" in odd.qcg("audit", "verify", store)) == is_said


def test_a_store_is_not_for_others_to_look_into(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        Store(str(tmp_path / "store"), create=True).close()
        mode = (tmp_path / "store").stat().st_mode & 0o777
        os.umask(0o077)
        write_bundle(b"x", tmp_path / "bundle.zip")
    finally:
        os.umask(before)
    assert mode == 0o750
    assert (tmp_path / "bundle.zip").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("mode", "is_refused"), [(0o644, True), (0o660, True), (0o640, False)])
def test_a_key_that_others_can_read_signs_nothing(
    mode: int, is_refused: bool, tmp_path: Path
) -> None:
    key = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    key.chmod(mode)
    if is_refused:
        with pytest.raises(UserError, match=f"has mode {mode:04o}.*chmod 600"):
            signer(key)
    else:
        signer(key)


# --- Two who are one --------------------------------------------------------------------------

ALIKE = [
    "li wei",
    " Li  Wei ",
    "LI.WEI",
    "Ｌｉ Ｗｅｉ",
    "Lі Wеi",
    "Li\u200b Wei",
    "Lí Wei",
    "LI-WEI",
]


@pytest.mark.parametrize("name", ALIKE)
def test_one_name_in_other_letters_is_one_person(name: str) -> None:
    assert people.is_same("Li Wei", name)


def test_two_names_are_two_people() -> None:
    names = ["Li Wei", "Li Wen", "李伟", "李威", "Wang", "u1", "u2"]
    assert len({people.skeleton(name) for name in names}) == len(names)


# --- Cases of the fuzzer ----------------------------------------------------------------------

CASES = {
    "exports": [48, 82, 4],
    "rulebook": range(25),
    "policy": range(25),
    "phrases": range(15),
    "settings": range(25),
    "responses": [*range(60), 1001068],
    "workbooks": range(40),
}


@pytest.mark.parametrize("target", CASES)
def test_whatever_is_read_ends_with_a_sentence(target: str, tmp_path: Path) -> None:
    wrong = {number: fuzz.one(target, number, tmp_path) for number in CASES[target]}
    assert {number: what for number, what in wrong.items() if what} == {}
