"""`deploy/install` and `deploy/rollback`: a release is current only after its proof; altered ones are refused.

Knows the scripts' promises and a service manager that is a script. The real program is installed by --long.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hil_tests.stand_in_release import DEPLOY, PYTHON, ROOT, StationPc, archive, bundle, list_files


@pytest.fixture
def pc(tmp_path: Path) -> StationPc:
    look = subprocess.run([PYTHON, "-I", "-c", "import pip"], capture_output=True, timeout=60, check=False)
    if look.returncode:
        pytest.skip(f"{PYTHON} has no pip to lend")
    return StationPc(tmp_path)


def test_release_is_installed_switched_and_rolled_back(pc: StationPc, tmp_path: Path) -> None:
    pc.station_file()
    one, two = bundle(tmp_path, "1.0"), bundle(tmp_path, "2.0")
    done = pc.install(archive(one))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert pc.calls == ["1.0 demo", "1.0 config check", "1.0 backup create"], "proved, then switched"
    assert (pc.link("current"), pc.link("previous"), pc.program()) == ("1.0", "", "1.0")
    unit = pc.root / "usr/local/lib/systemd/system/station.service"
    assert unit.read_text() == (DEPLOY / "station.service").read_text()
    assert (pc.root / "usr/local/bin/station-ctl").readlink() == Path("/opt/station/current/venv/bin/station-ctl")
    release = pc.root / "opt/station/releases/1.0"
    assert not list(release.glob("venv/bin/pip*")), "nothing is ever installed into a release again"
    assert not [p for p in release.rglob("*") if not p.is_symlink() and p.stat().st_mode & 0o022]

    done = pc.install(two)
    assert done.returncode == 0, done.stderr
    assert pc.calls == ["2.0 demo", "2.0 config check", "1.0 backup create"], "the old program knows its journal"
    assert (pc.link("current"), pc.link("previous"), pc.program()) == ("2.0", "1.0", "2.0")

    assert pc.rollback().returncode == 0
    assert pc.calls == ["1.0 config check", "2.0 backup create"]
    assert (pc.link("current"), pc.link("previous"), pc.program()) == ("1.0", "2.0", "1.0")
    assert pc.rollback("2.0").returncode == 0 and pc.program() == "2.0"
    for wrong, word in ((("2.0",), "current already"), (("3.0",), "not installed"), (("../1.0",), "no version")):
        done = pc.rollback(*wrong)
        assert done.returncode == 1 and word in done.stderr and pc.program() == "2.0"
    done = pc.install(one)
    assert done.returncode == 0 and "on the disk already" in done.stderr and pc.program() == "1.0"


def _alter(made: Path) -> None:
    with (made / "deploy" / "station.service").open("a") as file:
        file.write("User=root\n")


def _add(made: Path) -> None:
    (made / "wheels" / "more-1.0-py3-none-any.whl").write_bytes(b"")


def _take_away(made: Path) -> None:
    (made / "deploy" / "rollback").unlink()


def _link_out(made: Path) -> None:
    (made / "docs").symlink_to("/etc")


def _other_machine(made: Path) -> None:
    (made / "MADE_FOR").write_text("Linux riscv64 Python 3.11\n")
    list_files(made)


def _version(text: str) -> Callable[[Path], None]:
    def change(made: Path) -> None:
        (made / "VERSION").write_text(text)
        list_files(made)

    return change


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (_alter, "was altered"), (_add, "does not hold the files"), (_take_away, "does not hold the files"),
        (_link_out, "has links"), (_other_machine, "made for Linux riscv64"),
        (_version("../../etc"), "version is none"), (_version(""), "version is none"),
        (lambda made: (made / "SHA256SUMS").unlink(), "is no bundle"),
    ],
)  # fmt: skip
def test_bundle_that_is_not_whole_is_refused_before_anything_is_done(
    pc: StationPc, tmp_path: Path, spoil: Callable[[Path], None], word: str
) -> None:
    made = bundle(tmp_path, "1.0")
    spoil(made)
    done = pc.install(made)
    assert done.returncode == 1 and word in done.stderr, done.stderr
    assert pc.calls == [] and not (pc.root / "opt/station/current").exists()


def test_package_that_is_not_the_locked_one_is_refused(pc: StationPc, tmp_path: Path) -> None:
    """Somebody who writes a new list of hashes still does not change the lock."""
    made = bundle(tmp_path, "1.0")
    (wheel,) = (made / "wheels").iterdir()
    wheel.write_bytes(wheel.read_bytes() + b"\n")
    list_files(made)
    done = pc.install(made)
    assert done.returncode == 1 and "packages could not be installed" in done.stderr
    assert pc.releases == [] and pc.link("current") == ""


def test_signature_is_asked_for_where_the_station_knows_who_signs(pc: StationPc, tmp_path: Path) -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not on this machine")
    for who in ("maker", "stranger"):
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", who, "-f", str(tmp_path / who)]
        subprocess.run(key, check=True, timeout=30)
    pc.station_file()
    signers = pc.root / "etc/station-ctl/signers"
    signers.write_text(f"maker@example {(tmp_path / 'maker.pub').read_text()}")
    made = bundle(tmp_path, "1.0")

    def sign(who: str) -> None:
        (made / "SHA256SUMS.sig").unlink(missing_ok=True)
        words = ["ssh-keygen", "-q", "-Y", "sign", "-n", "station-release", "-f", str(tmp_path / who)]
        subprocess.run([*words, str(made / "SHA256SUMS")], check=True, timeout=30, capture_output=True)

    assert "is not signed" in pc.install(made).stderr
    sign("stranger")
    assert "has signed this bundle" in pc.install(made).stderr
    sign("maker")
    _alter(made)
    list_files(made)
    assert "has signed this bundle" in pc.install(made).stderr, "a new list under the old signature"
    assert pc.link("current") == ""
    with (made / "deploy" / "install").open("a") as newer:
        newer.write('say "this is the newer installer"\n')
    list_files(made)
    sign("maker")
    done = pc.install(archive(made))
    assert done.returncode == 0 and done.stderr.count("signed by maker@example") == 2, done.stderr
    assert done.stderr.rstrip().endswith("install: this is the newer installer"), "it knows what the release needs"
    assert pc.program() == "1.0"


def test_release_that_fails_its_demo_or_the_stations_file_is_not_switched_to(pc: StationPc, tmp_path: Path) -> None:
    pc.station_file("station: {}  # 3.0 does not take this\n")
    assert pc.install(bundle(tmp_path, "1.0")).returncode == 0
    done = pc.install(bundle(tmp_path, "2.0-demo"))
    assert done.returncode == 1 and "did not bring a simulated swap to its end" in done.stderr
    assert "the demo of 2.0-demo" in done.stderr, "what the demo said is shown"
    assert pc.calls == ["2.0-demo demo"] and pc.releases == ["1.0"]
    done = pc.install(bundle(tmp_path, "3.0"))
    assert done.returncode == 1 and "does not accept" in done.stderr
    assert (pc.link("current"), pc.program()) == ("1.0", "1.0")


def test_half_installed_release_is_made_anew_and_a_whole_one_never_changed(pc: StationPc, tmp_path: Path) -> None:
    half = pc.root / "opt/station/releases/1.0"
    half.mkdir(parents=True)
    (half / "rest").write_text("of an install that was cut off")
    assert pc.install(bundle(tmp_path, "1.0")).returncode == 0 and not (half / "rest").exists()
    done = pc.install(bundle(tmp_path / "again", "1.0", "other words"))
    assert done.returncode == 1 and "a new version" in done.stderr and pc.calls == []


def test_running_service_is_stopped_backed_up_and_started_again(pc: StationPc, tmp_path: Path) -> None:
    pc.with_service(running=False).station_file()
    assert pc.install(bundle(tmp_path, "1.0")).returncode == 0 and pc.service == "active"
    assert pc.install(bundle(tmp_path, "2.0")).returncode == 0
    told = [c for c in pc.calls if not c.startswith(("systemctl is-", "systemctl reset"))]
    assert told == [
        "2.0 demo", "2.0 config check", "systemctl stop station", "1.0 backup create", "systemctl daemon-reload",
        "systemctl start station", "systemctl show -p NRestarts --value station",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "bad", ["2.0-run", *(pytest.param(bad, marks=pytest.mark.long) for bad in ("2.0-start", "2.0-again"))]
)
def test_release_that_does_not_stay_up_is_switched_back(pc: StationPc, tmp_path: Path, bad: str) -> None:
    pc.with_service(running=True).station_file()
    assert pc.install(bundle(tmp_path, "1.0")).returncode == 0
    done = pc.install(bundle(tmp_path, bad), STATION_HEALTHY_S="1")
    assert done.returncode == 1 and f"{bad} did not stay up" in done.stderr and "1.0 runs again" in done.stderr
    assert (pc.link("current"), pc.program(), pc.service) == ("1.0", "1.0", "active")
    unit = pc.root / "usr/local/lib/systemd/system/station.service"
    assert unit.read_text() == (pc.root / "opt/station/releases/1.0/deploy/station.service").read_text()


@pytest.mark.long
def test_three_releases_stay_and_those_one_can_go_back_to_among_them(pc: StationPc, tmp_path: Path) -> None:
    for version in ("1.0", "2.0", "3.0", "4.0", "5.0"):
        assert pc.install(bundle(tmp_path, version)).returncode == 0
    assert pc.releases == ["3.0", "4.0", "5.0"] and (pc.link("current"), pc.link("previous")) == ("5.0", "4.0")


def test_without_a_backup_nothing_is_switched_and_the_old_release_runs_on(pc: StationPc, tmp_path: Path) -> None:
    pc.with_service(running=True).station_file()
    assert pc.install(bundle(tmp_path, "1.0"), BACKUP="9").returncode == 0, "at the first start there is no journal"
    done = pc.install(bundle(tmp_path, "2.0"), BACKUP="1")
    assert done.returncode == 1 and "could not be backed up" in done.stderr
    assert (pc.link("current"), pc.service) == ("1.0", "active")
    assert pc.calls[-1] == "systemctl start station"


@pytest.mark.long
def test_real_release_proves_itself_from_its_bundle_without_network(pc: StationPc, tmp_path: Path) -> None:
    """The wheel, the lock and the demo of this checkout; the packages come from wheels/ or the network."""
    wheels = ["--wheels", str(ROOT / "wheels")] if (ROOT / "wheels").is_dir() else []
    made = subprocess.run(
        [DEPLOY / "make-bundle", "-o", tmp_path, *wheels], capture_output=True, text=True, timeout=300, check=False
    )
    assert made.returncode == 0, made.stderr
    done = pc.install(Path(made.stdout.strip()), PIP_INDEX_URL="http://127.0.0.1:9/")
    assert done.returncode == 0, done.stderr
    program = pc.root / "opt/station/current/venv/bin/station-ctl"
    for words in (("version",), ("config", "check"), ("doctor", "--json", "--station", "sim_passenger_car")):
        look = subprocess.run([program, *words], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert look.returncode == 0 or words[0] == "doctor", look.stderr
    assert f"those of {program.parents[2].resolve()}/requirements.lock" in look.stdout
