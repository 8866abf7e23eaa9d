"""What all tests share: how hypothesis searches, and the messages in each language."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from app.text import Words, words

# Without a deadline: the first example of a property pays for imports. On a build server the examples are always the
# same, so that a change is never blamed for a find of chance.
settings.register_profile("search", deadline=None)
settings.register_profile("repeat", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("repeat" if os.environ.get("CI") else "search")


@pytest.fixture(scope="session")
def english() -> Words:
    """Says messages in English."""
    return words("en")


@pytest.fixture
def one_thread() -> Iterator[None]:
    """One thread for torch: sums in one order, and quicker for small networks than a thread a core."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
