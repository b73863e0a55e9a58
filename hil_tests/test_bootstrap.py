"""`./station` sets up its environment: on a bare machine, offline, interrupted, twice at once, anywhere.

Knows the script's promises; does not know our packages: a stand-in project with one dependency and a build
backend, all made here, keeps the network out."""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "station"
# All the script may need besides Python: what a minimal Debian has.
TOOLS = ("sh", "cat", "cksum", "dirname", "env", "ls", "readlink", "rm", "uname")
PATIENCE_S = 90
BASE_PYTHON = Path(getattr(sys, "_base_executable", sys.executable)).resolve()

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "stand-in"
version = "1"
"""

# An editable install that leaves a trace, and stops half-way when told to.
BACKEND = """
import pathlib, time, zipfile
ROOT = pathlib.Path(__file__).resolve().parent
INFO = "stand_in-1.dist-info/"
def build_editable(folder, config_settings=None, metadata_directory=None):
    with open(ROOT / "builds", "a") as f: f.write("built\\n")
    while (ROOT / "hold").exists(): time.sleep(0.02)
    name = "stand_in-1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as z:
        z.writestr("stand_in.pth", str(ROOT))
        z.writestr(INFO + "METADATA", "Metadata-Version: 2.1\\nName: stand-in\\nVersion: 1\\n")
        z.writestr(INFO + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        z.writestr(INFO + "entry_points.txt", "[console_scripts]\\nstation-ctl = stand_in:main\\n")
        z.writestr(INFO + "RECORD", "")
    return name
"""

# Files 0 to 2 and nothing else: the set-up's lock must not live on in the station's process.
PROGRAM = """
import json, os, sys
import tool
def main():
    for fd in range(3, 64):
        try: os.fstat(fd)
        except OSError: continue
        sys.exit(f"inherited file {fd}")
    print(json.dumps({"args": sys.argv[1:], "cwd": os.getcwd(), "tool": tool.VERSION}))
    return 5
"""


def make_wheel(folder: Path, version: str) -> str:
    """A wheel of the package `tool`, and its line for the lock."""
    folder.mkdir(exist_ok=True)
    file, info = folder / f"tool-{version}-py3-none-any.whl", f"tool-{version}.dist-info/"
    with zipfile.ZipFile(file, "w") as z:
        z.writestr("tool.py", f"VERSION = {version!r}\n")
        z.writestr(info + "METADATA", f"Metadata-Version: 2.1\nName: tool\nVersion: {version}\n")
        z.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr(info + "RECORD", "")
    return f"tool=={version} --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n"


@dataclass
class Checkout:
    """A folder with `./station` and the stand-in project."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)

    def start(self, *args: str, script: Path | None = None, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(script or self.root / "station"), *args],
            cwd=self.root.parent, env={**self.env, **env}, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )

    def run(self, *args: str, script: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*args, script=script, **env)
        out, err = process.communicate(timeout=PATIENCE_S)
        return subprocess.CompletedProcess(args, process.returncode, out, err)

    def lock_to(self, line: str) -> None:
        for lock in ("requirements.lock", "requirements-test.lock"):
            (self.root / lock).write_text(line)

    @property
    def builds(self) -> int:
        trace = self.root / "builds"
        return len(trace.read_text().splitlines()) if trace.exists() else 0


def program_output(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert done.returncode == 5, done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


def host_pip() -> Path:
    """The pip of the Python under our environment; the environment itself may have been made without one."""
    code = "import pip, pathlib; print(pathlib.Path(pip.__file__).parent)"
    look = subprocess.run([BASE_PYTHON, "-I", "-c", code], capture_output=True, text=True, timeout=30)
    if look.returncode:
        pytest.skip(f"{BASE_PYTHON} has no pip to lend")
    return Path(look.stdout.strip())


def lone_python(folder: Path, pip: Path | None = None) -> Path:
    """A Python without ensurepip, as Debian's python3 is without python3-venv, and with `pip` or none."""
    stdlib = Path(os.__file__).parent
    lib = folder / "lib" / stdlib.name
    lib.mkdir(parents=True)
    for entry in stdlib.iterdir():
        if entry.name not in ("ensurepip", "site-packages", "dist-packages"):
            (lib / entry.name).symlink_to(entry)
    # Where upstream's Python and where Debian's looks for packages.
    for place in (lib / "site-packages", folder / "lib" / "python3" / "dist-packages"):
        place.mkdir(parents=True)
        if pip:
            (place / "pip").symlink_to(pip)
    (folder / "bin").mkdir()
    python = folder / "bin" / "python3"
    shutil.copy(BASE_PYTHON, python)
    look = subprocess.run(
        [python, "-I", "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, timeout=30
    )
    if look.returncode or Path(look.stdout.strip()) != folder:
        pytest.skip(f"this Python cannot be copied to another folder: {look.stdout}{look.stderr}")
    return python


@pytest.fixture(scope="module")
def debian_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lone_python(tmp_path_factory.mktemp("debian"), host_pip())


@pytest.fixture
def checkout(tmp_path: Path, debian_python: Path) -> Checkout:
    root = tmp_path / "a folder with spaces"
    root.mkdir()
    shutil.copy(SCRIPT, root / "station")
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "backend.py").write_text(BACKEND)
    (root / "stand_in.py").write_text(PROGRAM)
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in TOOLS:
        where = shutil.which(tool)
        assert where is not None, f"{tool} is not on this machine"
        (tools / tool).symlink_to(where)
    made = Checkout(root, {"PATH": str(tools), "HOME": str(tmp_path), "STATION_PYTHON": str(debian_python)})
    made.lock_to(make_wheel(root / "wheels", "1.0"))
    return made


def test_first_call_sets_up_and_hands_over_words_folder_and_exit_code(checkout: Checkout) -> None:
    first = checkout.run("swap", "a b", "--json")
    expected = {"args": ["swap", "a b", "--json"], "cwd": str(checkout.root.parent), "tool": "1.0"}
    assert program_output(first) == expected
    assert "setting up" in first.stderr
    second = checkout.run("swap")
    assert second.returncode == 5 and second.stderr == "" and checkout.builds == 1


def test_called_through_links_it_finds_its_checkout(checkout: Checkout, tmp_path: Path) -> None:
    relative = tmp_path / "a folder with spaces" / "near"
    relative.symlink_to("station")
    far = tmp_path / "far"
    far.symlink_to(relative)
    assert program_output(checkout.run("x", script=far))["args"] == ["x"]
    assert (checkout.root / ".venv").is_dir() and not (tmp_path / ".venv").exists()


def test_venv_module_is_used_where_it_is_complete(checkout: Checkout) -> None:
    pytest.importorskip("ensurepip", reason="this Python has no ensurepip")
    assert program_output(checkout.run("x", STATION_PYTHON=str(BASE_PYTHON)))["tool"] == "1.0"
    assert list((checkout.root / ".venv").glob("lib/*/site-packages/pip"))


def test_uv_is_used_where_python_has_neither_pip_nor_venv(checkout: Checkout, tmp_path: Path) -> None:
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not on this machine")
    bare = lone_python(tmp_path / "bare")
    (tmp_path / "bin" / "uv").symlink_to(uv)
    assert program_output(checkout.run("x", STATION_PYTHON=str(bare)))["tool"] == "1.0"


def test_python_without_pip_and_venv_gives_a_hint_and_70(checkout: Checkout, tmp_path: Path) -> None:
    bare = lone_python(tmp_path / "bare")
    done = checkout.run("demo", STATION_PYTHON=str(bare))
    assert done.returncode == 70
    assert "neither pip" in done.stderr and "apt-get install python3-venv" in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_no_python_gives_a_hint_and_70(checkout: Checkout) -> None:
    done = checkout.run("demo", STATION_PYTHON="")
    assert done.returncode == 70
    assert "no Python 3.11 or newer" in done.stderr and "apt-get install" in done.stderr


def test_neither_network_nor_wheels_gives_a_hint_and_70_soon(checkout: Checkout) -> None:
    shutil.rmtree(checkout.root / "wheels")
    with socket.socket() as closed:  # bound and not listening: every connection is refused
        closed.bind(("127.0.0.1", 0))
        index = f"http://127.0.0.1:{closed.getsockname()[1]}/simple"
        done = checkout.run("demo", PIP_INDEX_URL=index, PIP_CONFIG_FILE=os.devnull)
    assert done.returncode == 70
    assert str(checkout.root / "wheels") in done.stderr and "pip download" in done.stderr


def test_wheel_that_is_not_the_locked_one_is_refused(checkout: Checkout) -> None:
    wheel = next((checkout.root / "wheels").iterdir())
    with zipfile.ZipFile(wheel, "a") as z:
        z.writestr("extra.py", "")
    done = checkout.run("demo")
    assert done.returncode == 70 and done.stdout == "" and checkout.builds == 0


def test_lock_without_hashes_is_refused(checkout: Checkout) -> None:
    checkout.lock_to("tool==1.0\n")
    done = checkout.run("demo")
    assert done.returncode == 70 and done.stdout == "" and checkout.builds == 0


def test_changed_lock_is_installed_into_the_standing_environment(checkout: Checkout) -> None:
    checkout.run("x")
    (checkout.root / ".venv" / "kept").touch()
    checkout.lock_to(make_wheel(checkout.root / "wheels", "2.0"))
    assert program_output(checkout.run("x"))["tool"] == "2.0"
    assert (checkout.root / ".venv" / "kept").exists()


def test_moved_checkout_makes_its_environment_anew(checkout: Checkout) -> None:
    checkout.run("x")
    (checkout.root / ".venv" / "old").touch()
    checkout.root = checkout.root.rename(checkout.root.with_name("moved"))
    assert program_output(checkout.run("x"))["tool"] == "1.0"
    assert not (checkout.root / ".venv" / "old").exists()


def kill_while_building(checkout: Checkout, builds: int) -> None:
    """Start `./station` and kill it, with all it started, inside the `builds`-th build of the project."""
    (checkout.root / "hold").touch()
    process = checkout.start("x")
    deadline = time.monotonic() + PATIENCE_S
    while checkout.builds < builds:
        assert process.poll() is None and time.monotonic() < deadline, "the set-up never reached the build"
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE_S)
    (checkout.root / "hold").unlink()


def test_killed_half_way_it_repairs_itself(checkout: Checkout) -> None:
    kill_while_building(checkout, 1)
    (checkout.root / ".venv" / "half").touch()
    assert program_output(checkout.run("x"))["tool"] == "1.0"
    assert not (checkout.root / ".venv" / "half").exists()


def test_killed_in_an_update_it_does_not_take_the_half_for_the_old_whole(checkout: Checkout) -> None:
    old = make_wheel(checkout.root / "wheels", "1.0")
    checkout.lock_to(old)
    checkout.run("x")
    checkout.lock_to(make_wheel(checkout.root / "wheels", "2.0"))
    kill_while_building(checkout, 2)
    checkout.lock_to(old)
    assert program_output(checkout.run("x"))["tool"] == "1.0"


@pytest.fixture
def held_lock(checkout: Checkout) -> Iterator[int]:
    """The set-up lock, held by this test as another `./station` would."""
    fd = os.open(checkout.root / ".venv.lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(fd, fcntl.LOCK_EX)
    yield fd
    os.close(fd)


def test_two_at_once_set_up_one_environment(checkout: Checkout, held_lock: int) -> None:
    both = [checkout.start(word) for word in ("one", "two")]
    for process in both:
        assert process.stderr is not None
        assert "waiting for another" in process.stderr.readline()
    fcntl.flock(held_lock, fcntl.LOCK_UN)
    outs = [process.communicate(timeout=PATIENCE_S)[0] for process in both]
    assert [process.returncode for process in both] == [5, 5]
    assert [json.loads(out)["args"] for out in outs] == [["one"], ["two"]]
    assert checkout.builds == 1
