"""The figures against plotly.js as it is served here: the plotly package knows its version, and what makes a figure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs_version

from app.components.plot import SCRIPT, plain
from app.figures import training
from app.figures.confusion import matrix
from app.figures.gradients import gradient_profile
from app.figures.landscape import dots, landscape
from app.figures.race import racers
from app.figures.roofline import roofline_chart
from app.text import LANGUAGES, words
from resnet_core.train.records import SIGNALS, Answers
from tests.app.kept_runs import SMALL, stored
from tests.app.test_compare import A

STATIC = Path(__file__).parents[2] / "app" / "static"
ANSWERS = Answers(numbers=(0,), labels=(1,), named=(0,), shares=(0.5,), confused=((0, 0, 3), (1, 0, 1)))
CARTESIAN = {"scatter", "heatmap"}  # of what the served part can draw, what the figures use


def test_the_script_is_the_one_of_the_pinned_package_in_its_cartesian_part() -> None:
    (script,) = STATIC.glob("plotly*.js")
    assert script.name == SCRIPT
    assert f"plotly.js (cartesian - minified) v{get_plotlyjs_version()}\n" in script.read_text(encoding="utf-8")[:200]


def _filled(value: Any) -> Any:
    """A figure as the browser completes it: colours of the theme, and numbers of the race."""
    if isinstance(value, str) and value.startswith("theme:"):
        return "#123456"
    if isinstance(value, Mapping):
        return {name: _filled(item) for name, item in value.items() if name != "live"}
    return [_filled(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_has_the_properties_that_plotly_knows(tmp_path: Path, language: str) -> None:
    say = words(language)
    race = racers([stored(tmp_path, "first-0000"), stored(tmp_path, "other-0000", SMALL.with_(skip=False))])
    figures = [
        gradient_profile({"a": [1e-5, 0.0, 2.0], "b": [1.0]}, {"a": "one", "b": "two"}, say),
        roofline_chart({"a": A}, {"a": "one"}, say),
        landscape(dots("macs", "params", {}, say), "macs", "params", {"a": dots("macs", "params", {}, say)[0]}, say),
        landscape([], "macs", "time", {}, say),
        matrix(ANSWERS, ("0", "1"), say),
        training.learning_curves(race, say),
        *(training.heat_maps(race, signal, say) for signal in SIGNALS),
        *(training.profile(race, signal, say) for signal in SIGNALS),
    ]
    for figure in figures:
        drawn = go.Figure(_filled(plain(figure)))  # raises where a property or a value is none of Plotly's
        assert {trace.type for trace in drawn.data} <= CARTESIAN
