"""NumPy's object arrays, read without running what a file may hold."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from seqsuite.errors import UserError

# All that pickled arrays of numbers name; NumPy 2 moved its own.
_ALLOWED = {
    *((f"numpy.{core}.multiarray", "_reconstruct") for core in ("core", "_core")),
    *((f"numpy.{core}.multiarray", "scalar") for core in ("core", "_core")),
    *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}


class _NumPyUnpickler(pickle.Unpickler):
    """An unpickler that builds arrays of numbers, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which no array needs")
        return super().find_class(module, name)


def read_object_arrays(path: Path, name: str) -> list[np.ndarray]:
    """Return the arrays in an object array of an ``.npz`` file.

    Args:
        path: The file.
        name: The object array.

    Raises:
        UserError: The file is damaged, lacks the array, or holds anything but arrays of numbers.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if f"{name}.npy" not in names:
                raise UserError(f"{path} has no array {name!r}. It has {', '.join(names)}.")
            data = io.BytesIO(archive.read(f"{name}.npy"))
        version = npy.read_magic(data)
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        *_, dtype = read_header(data)
        if dtype.hasobject:
            content = _NumPyUnpickler(data, encoding="latin1").load()
        else:
            data.seek(0)
            content = npy.read_array(data, allow_pickle=False)
        arrays = [np.asarray(one) for one in content]
    except UserError:
        raise
    except Exception as error:  # damaged pickles raise errors of any kind
        raise UserError(f"{path} cannot be read: {error}.") from error
    if any(one.dtype.kind not in "iuf" for one in arrays):
        raise UserError(f"{path}: {name} holds something else than arrays of numbers.")
    return arrays
