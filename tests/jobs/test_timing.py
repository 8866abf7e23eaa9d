"""What takes times, as a job: one at a time, beside the other measurements, and ended in the middle of a long pass."""

import time

from resnet_core import preset
from resnet_core.jobs.runner import Desk
from resnet_core.studies import STUDIES
from resnet_core.study import Subject
from tests.jobs.conftest import network

LATENCY, PATIENCE_S = STUDIES["latency"], 60


def test_a_long_pass_moves_ends_at_a_stop_and_holds_up_no_other_measurement(desk: Desk) -> None:
    long = [Subject("resnet50", preset("resnet50"))]
    first, second = (desk.submit("latency", *LATENCY.order(long, LATENCY.options(batch_size=32))) for _ in range(2))
    limit = time.monotonic() + PATIENCE_S
    while first.stage is None or first.stage.share == 0:
        assert time.monotonic() < limit
        assert not first.finished, first.error
        time.sleep(0.02)
    assert 0 < first.stage.share < 0.25, "within the pass that warms up"
    assert (second.place, second.pid) == (1, None), "two at once would disturb each other"
    other = desk.submit("gradients", network(), {})
    assert other.wait(PATIENCE_S)
    assert other.status == "done"
    assert not first.finished
    for job in (second, first):
        job.stop()
        assert job.wait(10)
        assert (job.status, job.error) == ("stopped", None)
