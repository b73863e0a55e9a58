"""The audit chain through the desk: exported piece by piece, and checked with an exit code that a shell can read."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from station_ctl.core.errors import Exit
from station_ctl.service.handlers import audit
from tests.bench.virtual_bench import run_virtually
from tests.service.desk_bench import ADMIN, OPERATOR, TECHNICIAN, DeskBench

ROWS = 7


def told(folder: Path, story: Callable[[DeskBench], Coroutine[Any, Any, None]]) -> None:
    """Run a story on a bench whose chain has some rows."""

    async def main() -> None:
        async with DeskBench(folder) as bench:
            for _ in range(ROWS):
                assert (await bench.put("control.release", OPERATOR)).ok
            await story(bench)

    run_virtually(main())


@pytest.mark.parametrize("piece", [1, 3, 7, 8])
def test_a_chain_that_was_changed_ends_with_an_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(audit, "PIECE", piece)

    async def story(bench: DeskBench) -> None:
        whole = await bench.put("audit.verify", TECHNICIAN)
        assert (whole.ok, whole.exit, whole.data["rows"], whole.data["whole"]) == (True, Exit.DONE, ROWS, True)
        anchor = f"{whole.data['head']['seq']}:{whole.data['head']['hash']}"
        assert (await bench.put("audit.verify", TECHNICIAN, params={"anchors": [anchor]})).exit is Exit.DONE
        bench.journal._db.execute("UPDATE audit SET actor = 'nobody' WHERE seq = 4")
        broken = await bench.put("audit.verify", ADMIN)
        assert (broken.ok, broken.exit, broken.data["whole"]) == (True, Exit.FAILED, False)
        assert "row 4" in broken.text and len(broken.data["faults"]) == broken.data["faults_found"] == 1
        bench.journal._db.execute("UPDATE audit SET actor = 'li' WHERE seq = 4")
        bench.journal._db.execute("DELETE FROM audit WHERE seq > 5")
        assert (await bench.put("audit.verify", TECHNICIAN)).exit is Exit.DONE
        cut = await bench.put("audit.verify", TECHNICIAN, params={"anchors": [anchor]})
        assert cut.exit is Exit.FAILED and "cut off" in cut.text

    told(tmp_path, story)


def test_the_whole_chain_comes_in_pieces(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        found: list[int] = []
        following: int | None = 1
        while following is not None:
            piece = await bench.put("audit.export", TECHNICIAN, params={"begin": following, "most": 3})
            found += [row["seq"] for row in piece.data["rows"]]
            following = piece.data["next"]
        assert found == list(range(1, ROWS + 1))

    told(tmp_path, story)
