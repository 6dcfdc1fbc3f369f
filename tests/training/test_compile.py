"""The cache of machine code: what finds an entry, what is done with a damaged one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numba
import numpy as np
import pytest
from numba.core.codegen import CPUCodeLibrary, JITCodeLibrary, JITCPUCodegen

from sweep.errors import RequestError
from sweep.training import build
from sweep.training import compile as compiling
from sweep.training.build import optimized
from sweep.training.compile import cache_directory, call, is_ready, kernel
from sweep.training.specification import Draw, DrawArguments, Shape

ROOT = Path(__file__).parents[2]
DRAW = Draw("uniform", "float64", 4)  # the quickest to compile
OTHER = Draw("uniform", "float64", 2)


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache, in this process too, and a compiler that has its answers by heart."""
    directory = tmp_path / "cache"
    monkeypatch.setenv("SWEEP_CACHE_DIR", str(directory))
    monkeypatch.setattr(compiling, "_loaded", {})
    monkeypatch.setattr(build, "machine_code", lambda one, target: machine_code(one))
    return directory


_machine_code = build.machine_code


@cache
def machine_code(specification: Shape | Draw) -> tuple[str, bytes]:
    return _machine_code(specification, compiling.target_machine())


def drawn_bits(draw: Draw = DRAW) -> tuple[bool, bytes]:
    """Whether a kernel was compiled, and what it draws; as in a new process."""
    compiling._loaded.clear()
    seeds, ones = np.arange(8), np.ones(8)
    parameters = np.empty((3, 8))
    found = kernel(draw)
    call(draw, DrawArguments(8, 3, seeds, ones, ones[:3].copy(), np.zeros(3), parameters))
    return found.compiled, parameters.tobytes()


def only_entry(directory: Path) -> Path:
    (entry,) = directory.iterdir()
    return entry


def test_a_kernel_is_compiled_once(fresh: Path) -> None:
    first, second = drawn_bits(), drawn_bits()
    assert (first[0], second[0]) == (True, False)
    assert first[1] == second[1]
    assert kernel(DRAW) is kernel(DRAW)
    assert drawn_bits(OTHER)[0]


def test_entries_are_for_their_owner_alone(fresh: Path) -> None:
    drawn_bits()
    assert fresh.stat().st_mode & 0o777 == 0o700
    assert only_entry(fresh).stat().st_mode & 0o077 == 0


def damages() -> Iterator[tuple[str, Callable[[bytes], bytes]]]:
    """120 of them: flipped bits, entries cut short, garbage, pieces that changed places."""
    generator = np.random.default_rng(9)
    for place in [*range(8), *generator.uniform(size=52)]:
        yield f"bit flipped at {place}", lambda c, p=place: _flipped(c, p)
    for part in [*generator.uniform(size=28), 0.0, 0.999999]:
        yield f"cut at {part}", lambda c, p=part: c[: int(len(c) * p)]
    for seed in range(20):
        yield f"garbage {seed}", lambda c, s=seed: np.random.default_rng(s).bytes(50 * s)
    for part in generator.uniform(size=8):
        yield f"turned at {part}", lambda c, p=part: _turned(c, 1 + int(len(c) * p))
    yield "twice", lambda c: c + c
    yield "a byte more", lambda c: c + b"\0"


def _flipped(content: bytes, place: float) -> bytes:
    """One bit flipped: in byte `place`, or that part of the way through."""
    at = place if isinstance(place, int) else int(len(content) * place)
    return content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :]


def _turned(content: bytes, at: int) -> bytes:
    return content[at:] + content[:at]


DAMAGES = dict(damages())


def test_damaged_entries_are_built_again(fresh: Path) -> None:
    """Every one is found, thrown away and replaced by a sound one; nothing crashes."""
    assert len(DAMAGES) == 120
    _, bits = drawn_bits()
    entry = only_entry(fresh)
    sound = entry.read_bytes()
    for name, damage in DAMAGES.items():
        entry.write_bytes(damage(sound))
        assert drawn_bits() == (True, bits), name
        assert only_entry(fresh).read_bytes() == sound, name
    assert drawn_bits() == (False, bits)


@pytest.mark.parametrize("changed", ["kernel", "processor"])
def test_a_sound_entry_under_another_s_name_is_not_run(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    """Another kernel's, or the same kernel's for a processor that this one may not be."""
    _, bits = drawn_bits()
    own = only_entry(fresh)
    sound = own.read_bytes()
    if changed == "kernel":
        drawn_bits(OTHER)
    else:
        with monkeypatch.context() as patch:
            patch.setattr(compiling, "processor", lambda: ("another", "+features"))
            compiling._environment.cache_clear()
            patch.setattr(compiling, "link", lambda *_: None)  # written, and not run
            compiling._loaded.clear()
            kernel(DRAW)
        compiling._environment.cache_clear()
    (foreign,) = set(fresh.iterdir()) - {own}
    own.write_bytes(foreign.read_bytes())
    assert drawn_bits() == (True, bits)
    assert own.read_bytes() == sound


def test_an_entry_that_is_no_file_is_left_alone(fresh: Path) -> None:
    _, bits = drawn_bits()
    entry = only_entry(fresh)
    entry.unlink()
    entry.mkdir()
    assert drawn_bits() == (True, bits)
    assert list(fresh.iterdir()) == [entry]


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_an_entry_that_others_may_write_is_not_trusted(fresh: Path, mode: int) -> None:
    _, bits = drawn_bits()
    only_entry(fresh).chmod(mode)
    assert drawn_bits() == (True, bits)
    assert drawn_bits() == (False, bits)  # replaced by one of our own


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_directory_that_others_may_write_is_not_trusted(fresh: Path, mode: int) -> None:
    _, bits = drawn_bits()
    fresh.chmod(mode)
    assert drawn_bits() == (True, bits)
    assert drawn_bits() == (False, bits)  # from a folder of our own within it
    assert only_entry(fresh / f"of-{os.getuid()}")


def test_a_pipe_in_the_place_of_an_entry_is_ignored(fresh: Path) -> None:
    _, bits = drawn_bits()
    entry = only_entry(fresh)
    entry.unlink()
    os.mkfifo(entry)
    compiling._loaded.clear()
    assert not is_ready(DRAW)
    assert drawn_bits() == (True, bits)


def test_without_a_compiler_one_line_says_so(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiling._loaded.clear()
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    with pytest.raises(RequestError, match="NUMBA_DISABLE_JIT is set"):
        kernel(DRAW)
    with pytest.raises(RequestError, match="NUMBA_DISABLE_JIT is set"):  # what `sweep bench` asks
        optimized(lambda x: None, numba.void(numba.float64), None)


def test_an_entry_of_another_user_is_not_trusted(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn_bits()
    other = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: other)
    assert drawn_bits()[0]


def test_without_a_place_to_write_kernels_are_compiled_each_time(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file stands where the directory would be: nobody can write there, not even root."""
    _, bits = drawn_bits()
    (tmp_path / "file").touch()
    monkeypatch.setenv("SWEEP_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert drawn_bits() == (True, bits)
    assert drawn_bits() == (True, bits)


def test_a_write_that_fails_leaves_nothing_behind(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert drawn_bits()[0]
    assert not list(fresh.iterdir())


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"SWEEP_CACHE_DIR": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"SWEEP_CACHE_DIR": "", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/sweep"),
        ({"SWEEP_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": "/c"}, "/c/.cache/sweep"),
    ],
)
def test_where_kernels_are_kept(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], expected: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert cache_directory() == Path(expected)


def key() -> str:
    compiling._environment.cache_clear()
    try:
        return compiling._digest(repr(DRAW))
    finally:
        compiling._environment.cache_clear()


def test_the_key_holds_what_the_code_depends_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keys = [key(), compiling._digest(repr(OTHER))]
    assert key() == keys[0]
    for name, value in [("NUMBA_CPU_NAME", "generic"), ("NUMBA_CPU_FEATURES", "+sse2")]:
        monkeypatch.setenv(name, value)
        keys.append(key())
    monkeypatch.setattr(sys, "version", "3.99")
    keys.append(key())
    for package in ("numba", "llvmlite"):
        known = compiling.version
        monkeypatch.setattr(
            compiling, "version", lambda name, p=package, v=known: "9" if name == p else v(name)
        )
        keys.append(key())
    # One character in any module of the package, a comment even.
    copy = tmp_path / "training"
    shutil.copytree(Path(compiling.__file__).parent, copy)
    monkeypatch.setattr(compiling, "__file__", str(copy / "compile.py"))
    assert key() == keys[-1]
    sources = sorted(copy.rglob("*.py"))
    assert {"kernel.py", "exponential.py", "operations.py"} <= {source.name for source in sources}
    for source in sources:
        source.write_bytes(source.read_bytes() + b"#")
        keys.append(key())
    assert len(set(keys)) == len(keys)


WARM = f"""
import sys
from {__package__}.groups import course
from sweep.training.trainer import prepare, train
import numpy as np
study = course("training.steps=5", "initial={{scheme='he'}}")
compiled = prepare(study, 1)
print(compiled, "numba" in sys.modules, train(study, np.arange(6), lanes=1).losses.tobytes().hex())
"""


def python(code: str, cache: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"SWEEP_CACHE_DIR": str(cache)},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.check
def test_two_processes_at_once_and_a_third_without_the_compiler(tmp_path: Path) -> None:
    """All of them train alike; the one that finds the kernels there does not import numba."""
    cache = tmp_path / "cache"
    both = [python(WARM, cache), python(WARM, cache)]
    cold = [process.communicate()[0].split() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    warm = python(WARM, cache).communicate()[0].split()
    assert warm[:2] == ["False", "False"]
    assert cold[0][2] == cold[1][2] == warm[2]
    assert "True" in {cold[0][0], cold[1][0]}
    assert [entry.suffix for entry in cache.iterdir()] == [".kernel"] * 2


def test_numbas_privates_are_as_they_were_read() -> None:
    """`build` replaces four of numba's own methods.

    Before the bound in pyproject.toml moves, see that each is still what compiles, links or emits
    a function, that kernels take no longer to compile (`python -m benchmarks.compiling`), and that
    the golden digests stand.
    """
    assert numba.__version__.split(".")[:2] <= ["0", "68"]
    for owner, name in (
        (CPUCodeLibrary, "_optimize_functions"),
        (CPUCodeLibrary, "finalize"),
        (JITCodeLibrary, "get_pointer_to_function"),
        (JITCPUCodegen, "set_env"),
    ):
        assert callable(getattr(owner, name))
