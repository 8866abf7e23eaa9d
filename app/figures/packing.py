"""Numbers on their way to the browser."""

import base64

import numpy as np
from numpy.typing import ArrayLike


def packed(values: ArrayLike, dtype: str) -> dict[str, str]:
    """Numbers as the typed array that plotly.js reads: a quarter of the size of JSON, and nothing to parse.

    ``dtype`` is one of plotly.js's names: i1 u1 i2 u2 i4 u4 f4 f8. One or two dimensions; NaN is drawn as a gap.
    """
    array = np.ascontiguousarray(values, dtype=np.dtype(dtype).newbyteorder("<"))
    typed = {"dtype": dtype, "bdata": base64.b64encode(array.tobytes()).decode("ascii")}
    return typed if array.ndim == 1 else typed | {"shape": ", ".join(map(str, array.shape))}
