"""The golden bits on 64-bit ARM: kernels compiled for it here, and run under qemu.

Needs Debian's `qemu-user` and `gcc-aarch64-linux-gnu`; numba's LLVM has the target.
"""

import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest

from sweep.training import batches, block, build
from sweep.training.specification import Shape, Specification

from .digests import in_every_way, mixed_trials
from .test_golden import GOLDEN

COMPILER, EMULATOR, TRIPLE = "aarch64-linux-gnu-gcc", "qemu-aarch64", "aarch64-linux-gnu"
PROCESSORS = {"generic": "+neon,+fp-armv8", "neoverse-v1": "+neon,+fp-armv8,+fullfp16"}

# Reads for each argument a number, or a size and bytes; calls the kernel; writes all bytes back.
CALLER = """
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
extern int kernel({types}) __asm__("{symbol}");
int main(int count, char **paths) {{
    int64_t sizes[{n}], values[{n}], scratch = 0;
    FILE *file = fopen(paths[1], "rb");
    for (int i = 0; i < {n}; i++) {{
        if (fread(&sizes[i], 8, 1, file) != 1) return 2;
        void *place = sizes[i] < 0 ? (void *)&values[i] : aligned_alloc(64, (sizes[i] + 127) & -64);
        size_t size = sizes[i] < 0 ? 8 : sizes[i];
        if (fread(place, 1, size, file) != size) return 3;
        if (sizes[i] >= 0) values[i] = (int64_t)place;
    }}
    fclose(file);
    if (kernel((int64_t)&scratch, (int64_t)&scratch, {arguments})) return 4;
    file = fopen(paths[1], "wb");
    for (int i = 0; i < {n}; i++)
        if (sizes[i] >= 0) fwrite((void *)values[i], 1, sizes[i], file);
    return fclose(file) != 0;
}}
"""

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        not (shutil.which(COMPILER) and shutil.which(EMULATOR)),
        reason="qemu-user and gcc-aarch64-linux-gnu are not installed",
    ),
]


@pytest.fixture(params=PROCESSORS)
def emulated(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> dict[Specification, Path]:
    """Compile and call all kernels for and on this processor; return those that were called."""
    monkeypatch.setenv("NUMBA_CPU_NAME", request.param)
    monkeypatch.setenv("NUMBA_CPU_FEATURES", PROCESSORS[request.param])
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple(TRIPLE).create_target_machine(
        cpu=request.param, features=PROCESSORS[request.param], opt=3, reloc="pic"
    )
    linked = build._linked

    def for_target(*given: Any) -> Any:
        module = linked(*given)
        module.triple, module.data_layout = TRIPLE, str(target.target_data)
        return module

    monkeypatch.setattr(build, "_linked", for_target)
    programs: dict[Specification, Path] = {}
    for module in (batches, block):
        monkeypatch.setattr(module, "call", partial(called, programs, target, tmp_path))
    return programs


def called(
    programs: dict[Specification, Path],
    target: Any,
    folder: Path,
    specification: Specification,
    arguments: Any,
) -> None:
    """Run a kernel on its arguments in a process of its own; arrays are as it left them."""
    if specification not in programs:
        path = folder / f"kernel{len(programs)}"
        programs[specification] = built(specification, target, path, len(arguments))
    file = folder / "arguments"
    arrays = [value for value in arguments if isinstance(value, np.ndarray)]
    with file.open("wb") as out:
        for value in arguments:
            if isinstance(value, np.ndarray):
                assert value.flags.c_contiguous
                out.write(np.int64(value.nbytes).tobytes() + value.tobytes())
            else:
                out.write(np.array([-1, value], np.int64).tobytes())
    subprocess.run([EMULATOR, programs[specification], file], check=True, timeout=600)
    found, place = file.read_bytes(), 0
    for array in arrays:
        after = np.frombuffer(found, array.dtype, array.size, place).reshape(array.shape)
        place += array.nbytes
        if after.tobytes() != array.tobytes():  # what is only read may be read-only
            array[...] = after
    assert place == len(found)


def built(specification: Specification, target: Any, path: Path, n: int) -> Path:
    symbol, code = build.machine_code(specification, target)
    path.with_suffix(".o").write_bytes(code)
    source = CALLER.format(
        n=n,
        symbol=symbol,
        types=", ".join(["int64_t"] * (n + 2)),
        arguments=", ".join(f"values[{i}]" for i in range(n)),
    )
    path.with_suffix(".c").write_text(source)
    files = [path.with_suffix(".c"), path.with_suffix(".o")]
    subprocess.run([COMPILER, "-static", "-O1", *files, "-o", path], check=True)
    return path


@pytest.mark.parametrize(("dtype", "edits", "golden"), GOLDEN)
def test_bits_on_arm(
    emulated: dict[Specification, Path], dtype: str, edits: list[str], golden: str
) -> None:
    found = in_every_way(mixed_trials(dtype, *edits))
    assert set(found) == {golden}
    assert sum(isinstance(one, Shape) for one in emulated) == len(found), "the kernels ran"
