"""Starts the README's command and finds a browser: for the browser tests and for the benchmark of the page."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
# No sandbox: a build server runs as root. The rest keeps the browser from speaking to its maker.
BROWSER_ARGS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
HEALTHY_S = 60
END_S = 15


class Site(NamedTuple):
    """A running server: its address, its process, and where it keeps runs and its log."""

    url: str
    pid: int
    runs: Path
    log: Path


def find_browser() -> str | None:
    """Debian's Chromium, or what the PATH holds of its kind."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


@contextmanager
def serve(folder: Path, script: str = "app/main.py") -> Iterator[Site]:
    """``streamlit run app/main.py`` on a free port of 127.0.0.1, with its runs and its log in ``folder``."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    streamlit = Path(sys.executable).with_name("streamlit")
    command = [str(streamlit), "run", script]
    options = ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
    site = Site(f"http://127.0.0.1:{port}", 0, folder / "runs", folder / "server.log")
    environment = {**os.environ, "RESNET_EXPLORER_RUNS": str(site.runs), "RESNET_EXPLORER_DATA": str(folder / "data")}
    with site.log.open("wb") as log:
        server = subprocess.Popen(
            [*command, *options], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        _wait_until_healthy(site, server)
        yield site._replace(pid=server.pid)
    finally:
        server.terminate()
        try:
            server.wait(END_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_healthy(site: Site, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + HEALTHY_S
    while True:
        try:
            with urllib.request.urlopen(f"{site.url}/_stcore/health", timeout=1) as answer:
                answer.read()
            return
        except (urllib.error.URLError, OSError) as error:
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the server did not start:\n{site.log.read_text()}") from error
            time.sleep(0.02)
