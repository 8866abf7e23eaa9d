"""The handwritten digits that scikit-learn brings."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE = Path("datasets", "data", "digits.csv.gz")  # in the package
SPLIT = Path(__file__).with_name("digits_split.txt")


@lru_cache(maxsize=1)
def read_digits() -> tuple[NDArray[np.float64], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Pixels ``(1797, 8, 8)`` from 0 to 16, labels, and the rows of the training and of the test images.

    All that scikit-learn would do, without importing it, which takes two seconds: the images stand in its file, and in
    one of ours the rows as its ``train_test_split`` draws them from seed 0, one in five of each digit for testing:
    ``train_test_split(np.arange(1797), test_size=360, stratify=load_digits().target, random_state=0)``.
    """
    package = find_spec("sklearn")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("scikit-learn, which brings the digits")
    table = np.loadtxt(Path(package.submodule_search_locations[0]) / FILE, delimiter=",")
    labels = table[:, -1].astype(np.int64)
    train, test = (np.array(rows.split(), dtype=np.int64) for rows in SPLIT.read_text(encoding="utf-8").split("\n\n"))
    return table[:, :-1].reshape(-1, 8, 8), labels, train, test
