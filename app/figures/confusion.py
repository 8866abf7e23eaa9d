"""Which class was given which name: the confusion matrix of a network's last test."""

from collections.abc import Sequence
from typing import Any

from app.figures.gradients import Figure
from app.figures.training import CIVIDIS
from app.text import Words
from resnet_core.train.records import Answers


def matrix(answers: Answers, classes: Sequence[str], words: Words) -> Figure:
    """Counts of test images: a row for each class, a column for each name that was given.

    Coloured by the share of the class, so that a rare one is as visible as a frequent one.
    """
    counts = [[0] * len(classes) for _ in classes]
    for label, named, images in answers.confused:
        counts[label][named] = images
    shares = [[images / max(1, sum(row)) for images in row] for row in counts]
    axis: dict[str, Any] = {"type": "category", "showgrid": False, "tickfont": {"size": 11}}
    hover = f"{words('class')} %{{y}}, {words('named')} %{{x}}: %{{text}} (%{{z:.0%}})<extra></extra>"
    return {
        "data": [{
            "type": "heatmap", "x": list(classes), "y": list(classes), "z": shares, "zmin": 0, "zmax": 1,
            "text": [[str(images) if images else "" for images in row] for row in counts], "texttemplate": "%{text}",
            "colorscale": [[place / (len(CIVIDIS) - 1), colour] for place, colour in enumerate(CIVIDIS)],
            "showscale": False, "hovertemplate": hover, "xgap": 1, "ygap": 1,
        }],
        "layout": {
            "xaxis": {**axis, "title": {"text": words("named by the network")}},
            "yaxis": {**axis, "title": {"text": words("class of the image")}, "autorange": "reversed"},
        },
    }  # fmt: skip


def pairs(answers: Answers, classes: Sequence[str], words: Words) -> str:
    """The pairs of classes that were confused most often, as a Markdown table."""
    head = (
        f"| {words('class of the image')} | {words('named by the network')} | {words('test images')} |\n|---|---|--:|\n"
    )
    return head + "".join(
        f"| {classes[label]} | {classes[named]} | {images} |\n" for label, named, images in answers.confused
    )
