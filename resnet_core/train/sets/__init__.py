"""Where images come from: published archives, drawn shapes, a visitor's zip. No torch here: a page asks it.

``published`` names the files of CIFAR-10, CIFAR-100 and Fashion-MNIST, ``download`` fetches them, ``cifar`` (with
``pickled``) and ``fashion`` read them; ``shapes`` draws; ``own`` (with ``entries`` and ``images``) takes an upload;
``arrays`` keeps decoded pixels. The digits come with scikit-learn and are read in :mod:`resnet_core.train.data`.
"""

from collections.abc import Callable, Iterator

from resnet_core.recipe import DataChoice
from resnet_core.train.facts import as_choice, facts
from resnet_core.train.records import ArchiveFacts, FetchProgress
from resnet_core.train.sets import own, published, shapes
from resnet_core.train.sets.arrays import Arrays
from resnet_core.train.sets.own import accept_archive, uploads_allowed

__all__ = ["ArchiveFacts", "accept_archive", "fetch", "fetching", "read", "ready", "uploads_allowed"]


def ready(choice: DataChoice | str) -> bool:
    """Whether the images can be loaded without a download."""
    chosen = as_choice(choice)
    if chosen.name in published.FILES:
        return published.here(facts(chosen))
    return own.here(chosen) if chosen.name == "own" else facts(chosen) is not None


def fetching(choice: DataChoice | str) -> Iterator[FetchProgress]:
    """Fetch and decode what is missing of a published set, and say how far it is, after each quarter of a megabyte.

    Closing the iterator stops the download; what has arrived is kept for the next one.
    """
    chosen = as_choice(choice)
    if chosen.name in published.FILES:
        for done, total in published.fetching(facts(chosen)):
            yield FetchProgress(done, total)


def fetch(choice: DataChoice | str, progress: Callable[[int, int], None] = lambda _done, _total: None) -> None:
    """Fetch and decode what is missing of a published set; ``progress`` hears how many bytes of how many are here."""
    for known in fetching(choice):
        progress(known.done_bytes, known.total_bytes)


def read(choice: DataChoice | str) -> Arrays:
    """The images of a choice other than the digits; a published set that is not here is fetched first."""
    chosen = as_choice(choice)
    known = facts(chosen)
    if chosen.name == "own":
        return own.read(known, chosen)
    if chosen.name == "shapes":
        return shapes.read(known)
    if not published.here(known):
        fetch(chosen)
    return published.read(known)
