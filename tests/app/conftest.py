"""The desk of the pages."""

from collections.abc import Iterator

import pytest
import streamlit as st

from app import cache


@pytest.fixture(scope="module")
def pages_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One desk for this file, whose runs go elsewhere and whose children end with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESNET_EXPLORER_RUNS", str(tmp_path_factory.mktemp("runs")))
        yield
        cache.desk().close()
        cache.desk.cache_clear()
        st.cache_resource.clear()
