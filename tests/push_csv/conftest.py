import threading

import pytest
from pushcsv.options import KEY_VARIABLE

from .helpers import HEADER, MAPPING
from .server import Server


@pytest.fixture
def server():
    instance = Server()
    thread = threading.Thread(target=instance.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield instance
    instance.shutdown()
    instance.server_close()


@pytest.fixture
def waits(monkeypatch):
    """The waits before retries, which do not happen."""
    seconds = []
    monkeypatch.setattr("pushcsv.transport.time.sleep", seconds.append)
    return seconds


@pytest.fixture(autouse=True)
def own_directory(tmp_path, monkeypatch):
    """Rejected files land here, and nothing of the machine's environment takes part."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    return tmp_path


@pytest.fixture
def files(tmp_path):
    """Write data.csv and mapping.toml; returns their names for the command line."""

    def write(*rows, mapping=MAPPING, header=HEADER, encoding="utf-8"):
        (tmp_path / "data.csv").write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
        (tmp_path / "mapping.toml").write_text(mapping, encoding="utf-8")
        return ["data.csv", "mapping.toml"]

    return write
