"""Exports at an address that fsspec reads: the same decisions as from the folder, errors that
name the address."""

from __future__ import annotations

import shutil
from pathlib import Path

import fsspec
import pytest
from typer.testing import CliRunner

from qianchuan_guarantee.cli.main import app
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.exports.fetch import fetch

DEMO = Path(__file__).parents[1] / "fixtures" / "demo"


def decided(exports: str, out: Path) -> bytes:
    arguments = ["decide", exports, "--as-of", "2022-10-20", "-o", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return out.read_bytes() + (out.parent / "quarantine.parquet").read_bytes()


@pytest.fixture(scope="module")
def zipped(tmp_path_factory: pytest.TempPathFactory) -> str:
    target = tmp_path_factory.mktemp("zip") / "demo"
    return f"zip://::{shutil.make_archive(str(target), 'zip', DEMO)}"


def test_an_archive_is_decided_like_its_folder(zipped: str, tmp_path: Path) -> None:
    from_folder = decided(str(DEMO), tmp_path / "folder.parquet")
    assert decided(zipped, tmp_path / "archive.parquet") == from_folder


def test_only_what_may_be_a_table_is_fetched(tmp_path: Path) -> None:
    files = fsspec.filesystem("memory")
    files.pipe("/bucket/exports/plans.csv", b"ad_id\n1\n")
    files.pipe("/bucket/exports/delivery/dt=2022-10-01/_SUCCESS", b"")
    files.pipe("/bucket/exports/secrets/password.txt", b"nobody's business")
    folder = Path(fetch("memory://bucket/exports", tmp_path))
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {"plans.csv", "delivery/dt=2022-10-01/_SUCCESS"}
    assert fetch("memory://bucket/exports", tmp_path) == str(folder)


def test_a_day_without_files_has_not_landed_at_an_address_either(tmp_path: Path) -> None:
    (tmp_path / "exports" / "delivery" / "dt=2022-10-01").mkdir(parents=True)
    folder = fetch(f"file://{tmp_path}/exports", tmp_path / "scratch-of-the-engine")
    assert (Path(folder) / "delivery" / "dt=2022-10-01").is_dir()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nowhere://x", "nowhere://x: not an address that can be read"),
        ("memory://no/such/folder", "memory://no/such/folder: no such folder"),
    ],
)
def test_an_address_that_cannot_be_read_is_named(address: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        fetch(address, tmp_path)


def test_an_error_in_a_file_names_the_address() -> None:
    files = fsspec.filesystem("memory")
    files.pipe("/broken/plans.csv", b"ad_id\n1\n")
    result = CliRunner().invoke(app, ["check", "memory://broken"])
    assert isinstance(result.exception, UserError)
    assert str(result.exception).startswith("memory://broken/plans.csv: column advertiser_id")
