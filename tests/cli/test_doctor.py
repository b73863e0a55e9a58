"""`doctor`: each finding is shown with a grade and what to do, and BAD alone ends with 1."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from station_ctl.cli import examine_pc, main
from station_ctl.cli.examine_pc import chrony, clock, disk, file_system, locked
from station_ctl.cli.examine_station import backups, serial_port
from station_ctl.cli.finding import Finding, Grade
from station_ctl.config import station_file
from station_ctl.core.custody import Ledger
from station_ctl.engine.events import Record
from station_ctl.engine.journal import Journal

TRACKING = "C0A80A01,192.168.10.1,2,1763.0,{offset},0.0,0.0,1.2,0.0,0.1,0.001,0.0002,64.1,{leap}"


def doctor(*words: str) -> Result:
    return CliRunner().invoke(main, ("doctor", *words), prog_name="station-ctl")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A station file whose machines are not there; nobody listens on ports this low."""
    text = station_file("sim_passenger_car").read_text(encoding="utf-8")
    text = text.replace("127.0.0.1:1502", "127.0.0.1:1").replace("/tmp/station-ctl-sim/", f"{tmp_path}/")
    (tmp_path / "station.yaml").write_text(text)
    return tmp_path


def findings(site: Path) -> dict[str, dict[str, str]]:
    result = doctor("--station", str(site / "station.yaml"), "--json")
    document = json.loads(result.stdout)
    assert document["ok"] is (result.exit_code == 0) and document["schema"] == "station.doctor/1"
    return {f["what"]: f for f in document["data"]["findings"]}


def test_every_line_that_is_not_ok_says_what_to_do(site: Path) -> None:
    result = doctor("--station", str(site / "station.yaml"))
    assert result.exit_code == 1
    *lines, counted = result.stdout.splitlines()
    assert {line.split()[0] for line in lines} == {"OK", "WARN", "BAD"}
    for line in lines:
        assert (" — " in line) is not line.startswith("OK"), line
    assert counted.endswith(f"{sum(line.startswith('BAD') for line in lines)} BAD")


def test_plc_that_does_not_answer_and_port_that_is_not_there_are_bad(site: Path) -> None:
    found = findings(site)
    assert found["link lift"]["grade"] == "BAD" and "127.0.0.1:10" in found["link lift"]["found"]
    assert found["link robot"]["grade"] == "BAD" and found["link meter"]["grade"] == "BAD"
    assert found["journal"]["grade"] == "WARN" and "--new-journal" in found["journal"]["do"]


def test_journal_is_read_whole_and_one_in_use_is_left_alone(site: Path) -> None:
    journal = Journal.new(site / "journal.sqlite", "SIM-0001")
    journal.commit([Record("admitted")], Ledger().admit("P-1", "A01"))
    assert "in use by the service" in findings(site)["journal"]["found"]
    assert findings(site)["link lift"]["grade"] == "OK", "a PLC that the service has is not asked from the side"
    journal.close()
    found = findings(site)["journal"]
    assert found["grade"] == "OK" and "1 rows, 1 packs" in found["found"]


def test_journal_with_a_ledger_that_its_rows_do_not_tell_is_bad(site: Path) -> None:
    journal = Journal.new(site / "journal.sqlite", "SIM-0001")
    journal.commit([Record("admitted")], Ledger().admit("P-1", "A01"))
    journal._db.execute("UPDATE custody SET place='B09'")
    journal.close()
    found = findings(site)["journal"]
    assert found["grade"] == "BAD" and "P-1 ledger B09, rows A01" in found["found"]


def test_wrong_station_file_is_a_finding_for_each_error(site: Path) -> None:
    file = site / "station.yaml"
    file.write_text(file.read_text().replace("fast_ms: 10", "fast_ms: 0").replace("normal_ms: 100", "normal_ms: 0"))
    result = doctor("--station", str(file))
    assert result.exit_code == 1 and result.stdout.count("BAD  station file: ") == 2
    assert doctor("--station", str(site / "absent.yaml")).exit_code == 1


def test_packages_are_compared_with_the_lock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("click==0.1 \\\n    --hash=sha256:00\nnever-made==1.0 \\\n    --hash=sha256:00\n")
    monkeypatch.setattr(examine_pc, "lock_file", lambda: lock)
    found = examine_pc._packages()
    assert found.grade is Grade.BAD and "click" in found.found and "never-made is missing, needs 1.0" in found.found
    lock.write_text("never-made==1.0 ; python_version < '3' \\\n    --hash=sha256:00\n")
    assert examine_pc._packages().grade is Grade.OK, "a package that this Python does not need may be missing"


def test_pins_are_read_from_a_lock_and_from_the_project() -> None:
    text = "ruamel.yaml==0.19.1 \\\n  --hash=sha256:1\n# x==1\npytest==9 ; extra == 'test'\ncffi==2 ; os_name != 'x'\n"
    assert locked(text) == {"ruamel-yaml": ("0.19.1", True), "cffi": ("2", False)}


@pytest.mark.parametrize(
    ("offset", "leap", "grade"),
    [
        ("0.0004", "Normal", Grade.OK), ("-0.0004", "Insert second", Grade.OK), ("-0.2", "Normal", Grade.WARN),
        ("3.5", "Normal", Grade.BAD), ("0.0", "Not synchronised", Grade.WARN),
    ],
)  # fmt: skip
def test_clock_is_judged_by_what_chrony_says(
    monkeypatch: pytest.MonkeyPatch, offset: str, leap: str, grade: Grade
) -> None:
    line = TRACKING.format(offset=offset, leap=leap)
    monkeypatch.setattr(examine_pc, "said", lambda *words: line if words[0] == "chronyc" else None)
    assert clock() == chrony(line.split(",")) and clock().grade is grade


@pytest.mark.parametrize(
    ("said", "grade"),
    [("NTP=yes\nNTPSynchronized=yes", Grade.OK), ("NTP=no", Grade.WARN), (None, Grade.WARN)],
)
def test_without_chrony_systemd_is_asked(monkeypatch: pytest.MonkeyPatch, said: str | None, grade: Grade) -> None:
    monkeypatch.setattr(examine_pc, "said", lambda *words: said if words[0] == "timedatectl" else None)
    assert clock().grade is grade


def test_tool_that_fails_hangs_or_is_not_there_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examine_pc, "ANSWER_WITHIN", 0.05)
    assert examine_pc.said("no-such-tool-here") is None
    assert examine_pc.said("false") is None and examine_pc.said("sleep", "5") is None
    assert examine_pc.said("echo", "x") == "x"


@pytest.mark.parametrize(
    ("free_mb", "kind", "grade"),
    [
        (5000, "ext4", Grade.OK), (500, "ext4", Grade.WARN), (100, "ext4", Grade.BAD),
        (5000, "tmpfs", Grade.BAD), (5000, "nfs4", Grade.BAD),
    ],
)  # fmt: skip
def test_disk_of_the_journal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free_mb: int, kind: str, grade: Grade
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free_mb * 2**20))
    monkeypatch.setattr(examine_pc, "file_system", lambda folder, mounts: kind)
    found = disk(tmp_path / "journal.sqlite")
    assert found.grade is grade and bool(found.do) is (grade is not Grade.OK)
    assert disk(tmp_path / "absent" / "journal.sqlite").grade is Grade.BAD


def test_file_system_is_that_of_the_innermost_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/x rw\n"
        f"2 1 0:1 / {tmp_path}/a\\040b rw shared:1 - tmpfs tmpfs rw\n3 1 0:2 / /elsewhere rw - nfs4 x rw\n"
    )
    inside = tmp_path / "a b" / "c"
    inside.mkdir(parents=True)
    assert file_system(inside, mounts) == "tmpfs" and file_system(tmp_path, mounts) == "ext4"
    assert file_system(tmp_path, tmp_path / "absent") == "unknown"


def _terminal(folder: Path) -> Path:
    _near, far = os.openpty()
    link = folder / "meter"
    link.symlink_to(os.ttyname(far))
    return link


def _file(folder: Path) -> Path:
    (folder / "plain").write_text("")
    return folder / "plain"


def _loose_name(folder: Path) -> Path:
    return _terminal(folder).rename(folder / "ttyUSB0")


@pytest.mark.parametrize(
    ("make", "grade", "word"),
    [
        (_terminal, Grade.OK, "is there"), (_file, Grade.BAD, "no device"), (_loose_name, Grade.WARN, "is there"),
        (lambda folder: folder / "absent", Grade.BAD, "there is no"),
    ],
)  # fmt: skip
def test_serial_port_by_its_name(tmp_path: Path, make: Callable[[Path], Path], grade: Grade, word: str) -> None:
    found = serial_port("link meter", make(tmp_path))
    assert found.grade is grade and word in found.found


def test_age_of_the_newest_backup(site: Path) -> None:
    config = SimpleNamespace(journal=site / "journal.sqlite", station=SimpleNamespace(code="SIM-0001"))

    def looked() -> Finding:
        return backups(config)  # type: ignore[arg-type]

    assert looked().grade is Grade.WARN
    file = site / "backup" / "SIM-0001-20261101T000000Z.zip"
    file.parent.mkdir()
    file.touch()
    assert looked().grade is Grade.OK
    old = (datetime.now(UTC) - timedelta(days=3)).timestamp()
    os.utime(file, (old, old))
    assert looked().grade is Grade.WARN and "72 h old" in looked().found


def test_key_that_everybody_may_read_is_bad_and_an_ending_certificate_is_told(site: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    from station_ctl.cli.examine_station import _certificates
    from station_ctl.config import OpcUaSecurity

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)

    def write(file: str, days: int) -> Path:
        made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=90), now + timedelta(days))
        (site / file).write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))
        return site / file

    (site / "key.pem").write_text("")
    security = OpcUaSecurity.model_construct(
        certificate=write("ours.der", 30), private_key=site / "key.pem", server_certificate=write("its.der", -1)
    )
    (site / "key.pem").chmod(0o644)
    grades = [(f.what.split()[0], f.grade) for f in _certificates("robot", security)]
    assert grades == [("key", Grade.BAD), ("certificate", Grade.WARN), ("certificate", Grade.BAD)]
    (site / "key.pem").chmod(stat.S_IRUSR | stat.S_IRGRP)
    write("ours.der", 300)
    write("its.der", 10)
    assert [f.grade for f in _certificates("robot", security)] == [Grade.OK, Grade.BAD]
    (site / "its.der").write_bytes(b"none")
    assert [f.grade for f in _certificates("robot", security)] == [Grade.OK, Grade.BAD]
