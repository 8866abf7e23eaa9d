"""The published data sets: which files, from where, and what of them lies in the data folder.

MD5 sums: https://www.cs.toronto.edu/~kriz/cifar.html for CIFAR, https://github.com/zalandoresearch/fashion-mnist, "Get
the Data", for Fashion-MNIST. The binary form of CIFAR is the one fetched: it is read without any pickle.
"""

from collections.abc import Iterator
from pathlib import Path

from resnet_core.train.facts import DataFacts
from resnet_core.train.sets import cifar, fashion
from resnet_core.train.sets.arrays import Arrays, decoded_folder, kept, open_kept
from resnet_core.train.sets.download import Published, download

CIFAR_AT = ("https://www.cs.toronto.edu/~kriz", "https://cave.cs.toronto.edu/kriz")
FASHION_AT = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
)


def _row(folder: str, name: str, size: int, md5: str, places: tuple[str, ...]) -> Published:
    return Published(f"{folder}{name}", size, md5, tuple(f"{place}/{name}" for place in places))


FILES: dict[str, tuple[Published, ...]] = {
    "cifar10": (_row("", "cifar-10-binary.tar.gz", 170_052_171, "c32a1d4ab5d03f1284b67883e8d87530", CIFAR_AT),),
    "cifar100": (_row("", "cifar-100-binary.tar.gz", 168_513_733, "03b5dce01913d631647c71ecec9e9cb8", CIFAR_AT),),
    "fashion_mnist": tuple(
        _row(f"{fashion.FOLDER}/", f"{name}.gz", size, md5, FASHION_AT)
        for name, size, md5 in zip(
            fashion.FILES,
            (26_421_880, 29_515, 4_422_102, 5_148),
            (
                "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "25c81989df183df01b3e8a0aad5dffbe",
                "bef4ecab320f06d8554ea6380940ec79",
                "bb300cfdad3c16e7a12a480ee83cd310",
            ),
            strict=True,
        )
    ),
}


def here(known: DataFacts) -> bool:
    """Whether the set can be read without a download: its files or its decoded arrays are in the data folder."""
    return bool(sources(known.name)) or open_kept(decoded_folder(known), known) is not None


def sources(name: str) -> list[Path]:
    """The files in the data folder that the set would be read from; none if one is missing."""
    if name in cifar.LAYOUTS:
        found = cifar.find(name)
        return found[1] if found else []
    return fashion.find() or []


def fetching(known: DataFacts) -> Iterator[tuple[int, int]]:
    """Download what is missing, then decode; yields the bytes that have arrived and those of the whole."""
    files = FILES[known.name]
    total, before = sum(file.size for file in files), 0
    if not here(known):
        for file in files:
            if not file.path.is_file():
                for done in download(file):
                    yield before + done, total
            before += file.size
    yield total, total
    read(known)
    yield total, total


def read(known: DataFacts) -> Arrays:
    """The set from its decoded arrays, or decoded from its files, which must be here."""
    files = sources(known.name)

    def make() -> Arrays:
        if known.name in cifar.LAYOUTS:
            found = cifar.find(known.name)
            assert found is not None, "read() needs the files"
            return cifar.read(known, *found)
        return fashion.read(known, files)

    return kept(known, _description(files), make)


def _description(files: list[Path]) -> str | None:
    """What tells these files from others that are put in their place."""
    states = [(file, file.stat()) for file in files]
    return "".join(f"{file.name} {state.st_size} {state.st_mtime_ns}\n" for file, state in states) or None
