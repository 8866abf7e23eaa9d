"""Downloads: resumed, checked, and told what to do where there is no network."""

import fcntl
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from resnet_core import Refusal
from resnet_core.jobs import work
from resnet_core.jobs.tasks import TASKS
from resnet_core.train import sets
from resnet_core.train.data import load
from resnet_core.train.sets import download, published
from tests.train.conftest import TRAIN, Site, cifar10_files, fashion_files, tar_gz

Offer = Callable[[dict[str, bytes], str], None]
NAME = "cifar-10-binary.tar.gz"


@pytest.fixture
def archive(offer: Offer) -> bytes:
    """A small CIFAR-10 at the site."""
    data = tar_gz(cifar10_files("bin")[0])
    offer({NAME: data}, "cifar10")
    return data


def test_a_set_is_fetched_on_first_use_with_its_progress(archive: bytes, folder: Path, site: Site) -> None:
    heard: list[tuple[int, int]] = []
    assert not sets.ready("cifar10")
    sets.fetch("cifar10", lambda done, total: heard.append((done, total)))
    assert sets.ready("cifar10")
    assert (folder / NAME).read_bytes() == archive
    assert heard == sorted(heard)
    assert (heard[0], heard[-1]) == ((0, len(archive)), (len(archive), len(archive)))
    assert len(load("cifar10").train_labels) == TRAIN
    assert len(site.asked) == 1
    assert not list(folder.glob("*.part"))


def test_four_files_have_one_progress_and_only_missing_ones_are_fetched(offer: Offer, folder: Path, site: Site) -> None:
    files, train, _ = fashion_files()
    offer(files, "fashion_mnist")
    first = next(iter(files))
    (folder / first).parent.mkdir(parents=True)
    (folder / first).write_bytes(files[first])
    heard = [progress.done_bytes for progress in sets.fetching("fashion_mnist")]
    assert heard == sorted(heard)
    assert heard[0] == len(files[first])
    assert heard[-1] == sum(map(len, files.values()))
    assert len(site.asked) == 3
    assert load("fashion_mnist").train_labels.tolist() == train[1].tolist()


def test_a_cut_is_resumed_at_once_and_again_at_the_next_call(archive: bytes, folder: Path, site: Site) -> None:
    third = len(archive) // 3
    site.cut = third
    with pytest.raises(Refusal, match=r"What has arrived is kept") as refused:
        load("cifar10")
    assert site.asked == ["", f"bytes={third}-"]
    assert f"{third:,} of {len(archive):,} bytes" in str(refused.value)
    part = folder / f"{NAME}.part"
    assert part.read_bytes() == archive[: 2 * third]
    site.cut = None
    load("cifar10")
    assert site.asked[2:] == [f"bytes={2 * third}-"]
    assert (folder / NAME).read_bytes() == archive
    assert not part.exists()


def test_a_download_that_is_stopped_is_resumed(archive: bytes, folder: Path, site: Site) -> None:
    download_block = download.BLOCK
    download.BLOCK = 10_000
    try:
        progress = sets.fetching("cifar10")
        while next(progress).done_bytes < 50_000:
            pass
        progress.close()  # type: ignore[attr-defined]
    finally:
        download.BLOCK = download_block
    assert (folder / f"{NAME}.part").read_bytes() == archive[:50_000]
    sets.fetch("cifar10")
    assert site.asked == ["", "bytes=50000-"]


def test_a_server_that_cannot_resume_sends_all_of_it(archive: bytes, folder: Path, site: Site) -> None:
    (folder / f"{NAME}.part").write_bytes(archive[:1000])
    site.ranges = False
    sets.fetch("cifar10")
    assert site.asked == ["bytes=1000-"]
    assert (folder / NAME).read_bytes() == archive


@pytest.mark.parametrize("left", [b"?" * 1000, b"?" * 10_000_000])
def test_a_part_of_something_else_is_noticed_and_fetched_anew(left: bytes, archive: bytes, folder: Path) -> None:
    (folder / f"{NAME}.part").write_bytes(left)
    sets.fetch("cifar10")
    assert (folder / NAME).read_bytes() == archive


def test_a_whole_part_needs_no_server(archive: bytes, folder: Path, site: Site) -> None:
    (folder / f"{NAME}.part").write_bytes(archive)
    sets.fetch("cifar10")
    assert site.asked == []


def test_a_file_of_another_md5_is_thrown_away_and_told(archive: bytes, folder: Path, site: Site) -> None:
    site.files[NAME] = archive[:-1] + b"?"
    with pytest.raises(Refusal, match="is not the published file: its MD5 is") as refused:
        load("cifar10")
    assert published.FILES["cifar10"][0].md5 in str(refused.value)
    assert not (folder / NAME).exists()
    assert (folder / f"{NAME}.part").stat().st_size == 0
    assert len(site.asked) == 1
    site.files[NAME] = archive
    load("cifar10")


def test_a_page_in_its_place_is_not_kept(archive: bytes, folder: Path, site: Site) -> None:
    """A hotel's login, say."""
    site.files[NAME] = b"<html>Please log in</html>"
    with pytest.raises(Refusal, match=rf"26 bytes instead of {len(archive):,}"):
        load("cifar10")
    assert (folder / f"{NAME}.part").stat().st_size == 0


def test_a_second_address_stands_in_for_the_first(
    archive: bytes, folder: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = published.FILES["cifar10"]
    addresses = (f"http://127.0.0.1:{_closed_port()}/{NAME}", site.address("nothing"), *row.addresses)
    monkeypatch.setitem(published.FILES, "cifar10", (replace(row, addresses=addresses),))
    sets.fetch("cifar10")
    assert (folder / NAME).read_bytes() == archive


def test_without_a_network_the_message_says_what_to_do(
    archive: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = published.FILES["cifar10"]
    nobody = f"http://127.0.0.1:{_closed_port()}/{NAME}"
    monkeypatch.setitem(published.FILES, "cifar10", (replace(row, addresses=(nobody,)),))
    with pytest.raises(Refusal) as refused:
        load("cifar10")
    told = str(refused.value)
    assert f"{nobody}: [Errno" in told
    assert f"put {NAME} from another machine into {folder}" in told
    assert "RESNET_EXPLORER_DATA" in told
    (folder / NAME).write_bytes(archive)  # as told
    load("cifar10")


def test_a_full_disk_keeps_the_part(archive: bytes, folder: Path, full_disk: Callable[[int], None]) -> None:
    full_disk(50_000)
    with pytest.raises(Refusal, match=r"cannot be written \(File too large\)"):
        sets.fetch("cifar10")
    full_disk(100_000_000)
    assert (folder / f"{NAME}.part").read_bytes() == archive[:50_000]
    sets.fetch("cifar10")
    assert (folder / NAME).read_bytes() == archive


def test_a_folder_that_cannot_be_made_is_told(archive: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert archive
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("RESNET_EXPLORER_DATA", str(tmp_path / "file"))
    with pytest.raises(Refusal, match="cannot be written"):
        load("cifar10")


def test_who_comes_second_waits_for_the_first(archive: bytes, folder: Path, site: Site) -> None:
    part = folder / f"{NAME}.part"
    part.write_bytes(archive[:7000])
    heard: list[int] = []
    with part.open("ab") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        second = threading.Thread(target=sets.fetch, args=("cifar10", lambda done, _total: heard.append(done)))
        second.start()
        limit = time.monotonic() + 5
        while not heard and time.monotonic() < limit:
            time.sleep(0.01)
        first.write(archive[7000:])
        first.flush()
        part.rename(folder / NAME)
    second.join(5)
    assert not second.is_alive()
    assert heard[0] == 7000
    assert heard[-1] == len(archive)
    assert site.asked == []


def test_the_task_tells_how_far_it_is(archive: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert TASKS["fetch"].kind == "probe"
    monkeypatch.setattr(download, "BLOCK", 1000)
    told: list[tuple[float, float]] = []

    def progress(done: float, of: float, _words: str, /, **_values: object) -> None:
        told.append((done, of))

    assert list(work.fetch("cifar10", 32, "", progress)) == []
    assert told[0] == (0, len(archive))
    assert told[-1] == (len(archive), len(archive))
    told.clear()
    assert list(work.fetch("digits", 32, "", progress)) == []
    assert told == []


def _closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
