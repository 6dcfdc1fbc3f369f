import subprocess
import sys
from pathlib import Path

import pytest

from sweep.errors import RequestError
from sweep.store.folder import in_use, locked

HOLD = """
import sys
from pathlib import Path
from sweep.store.folder import in_use, locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=pipe, stdout=pipe, text=True
    )
    with process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_who_asks_makes_no_lock_and_sees_whose_it_is(tmp_path: Path) -> None:
    assert not in_use(tmp_path)
    assert not list(tmp_path.iterdir())
    with locked(tmp_path):
        assert in_use(tmp_path)
    assert not in_use(tmp_path)


def test_the_lock_of_another_process_is_seen(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    assert in_use(tmp_path)
    assert holder.poll() is None


def test_one_who_waits_says_so_once_and_gets_the_lock(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    said = []

    def on_wait(sentence: str) -> None:
        said.append(sentence)
        holder.stdin.write("\n")
        holder.stdin.flush()

    with locked(tmp_path, on_wait):
        assert said
    assert said == [f"{tmp_path}: another process is working on this study; waiting for it"]


def test_the_lock_of_a_dead_process_blocks_nobody(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    holder.kill()
    holder.wait()
    with locked(tmp_path, pytest.fail):
        assert in_use(tmp_path)


def test_the_lock_is_free_after_its_block(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path, pytest.fail):
            assert in_use(tmp_path)


def test_where_there_is_no_directory(tmp_path: Path) -> None:
    refusal = pytest.raises(RequestError, match="none: results cannot be saved here: No such file")
    with refusal, locked(tmp_path / "none"):
        pass
