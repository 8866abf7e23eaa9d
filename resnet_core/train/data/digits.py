"""The handwritten digits that scikit-learn brings."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resnet_core.train.facts import facts

SPLIT_SEED = 0


@lru_cache(maxsize=1)
def read_digits() -> tuple[NDArray[np.float64], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Pixels ``(1797, 8, 8)`` from 0 to 16, labels, and the rows of the training and of the test images."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    rows = np.arange(len(digits.target))
    train, test = train_test_split(
        rows, test_size=facts("digits").test, stratify=digits.target, random_state=SPLIT_SEED
    )
    return digits.images, digits.target, train, test
