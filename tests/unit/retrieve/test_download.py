"""Downloads from a real HTTP server on loopback that can misbehave."""

import gzip
import hashlib
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from ppgkd.datasets.registry import RawFile
from ppgkd.errors import PpgkdError
from ppgkd.retrieve.download import _refuse_insecure_redirect, mirror_from, retrieve, source_url

CONTENT = bytes(range(256)) * 40
ALTERED = CONTENT[:-1] + b"!"
FILE = RawFile("bami", "BAMI 1/a#1.mat", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
AT_ONCE = (0.0, 0.0)
"""Two more attempts without waiting."""


@dataclass(frozen=True)
class Response:
    """One response of the server."""

    status: int = 200
    body: bytes = CONTENT
    announced_bytes: int | None = len(CONTENT)
    silent_s: float = 0.0
    pause_between_parts_s: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()


class Server(ThreadingHTTPServer):
    """Gives its responses in turn, the last one again and again, and keeps the requested paths."""

    def __init__(self) -> None:
        self.responses: list[Response] = [Response()]
        self.asked: list[str] = []
        self.was_asked = threading.Event()
        self.closing = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests are about: nothing to print."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        responses = self.server.responses
        response = responses.pop(0) if len(responses) > 1 else responses[0]
        self.server.asked.append(self.path)
        self.server.was_asked.set()
        self.server.closing.wait(response.silent_s)
        self.send_response(response.status)
        if response.announced_bytes is not None:
            self.send_header("Content-Length", str(response.announced_bytes))
        for header in response.headers:
            self.send_header(*header)
        self.end_headers()
        for start in range(0, len(response.body), 512):
            self.wfile.write(response.body[start : start + 512])
            self.wfile.flush()
            self.server.closing.wait(response.pause_between_parts_s)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "raw" / "bami" / "BAMI 1" / "a#1.mat"


def message_of(attempt: Callable[[], None], destination: Path) -> str:
    """Check that an attempt fails, leaves nothing and names the file; return the message."""
    with pytest.raises(PpgkdError) as caught:
        attempt()
    assert left_in(destination.parent) == []
    message = str(caught.value)
    assert "bami/BAMI 1/a#1.mat" in message
    assert FILE.sha256 in message
    return message


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.exists() else []


# Success


def test_a_file_appears_under_its_name(server: Server, destination: Path) -> None:
    retrieve(FILE, destination, server.url)
    assert destination.read_bytes() == CONTENT
    assert left_in(destination.parent) == ["a#1.mat"]
    assert server.asked == ["/bami/BAMI%201/a%231.mat"]


def test_colleagues_can_read_it(server: Server, destination: Path) -> None:
    before = os.umask(0o022)
    try:
        retrieve(FILE, destination, server.url)
    finally:
        os.umask(before)
    assert destination.stat().st_mode & 0o777 == 0o644


def test_a_verified_file_is_kept_without_a_request(server: Server, destination: Path) -> None:
    destination.parent.mkdir(parents=True)
    destination.write_bytes(CONTENT)
    retrieve(FILE, destination, server.url)
    assert server.asked == []


def test_a_wrong_file_is_replaced(server: Server, destination: Path) -> None:
    destination.parent.mkdir(parents=True)
    destination.write_bytes(ALTERED)
    retrieve(FILE, destination, server.url)
    assert destination.read_bytes() == CONTENT


def test_a_wrong_file_is_removed_even_if_it_cannot_be_replaced(
    server: Server, destination: Path
) -> None:
    destination.parent.mkdir(parents=True)
    destination.write_bytes(ALTERED)
    server.responses = [Response(status=404)]
    message_of(lambda: retrieve(FILE, destination, server.url), destination)


def test_a_slow_transfer_may_take_longer_than_the_timeout(
    server: Server, destination: Path
) -> None:
    server.responses = [Response(pause_between_parts_s=0.15)]  # 20 parts
    started_s = time.monotonic()
    retrieve(FILE, destination, server.url, timeout_s=2.5, retry_pauses_s=())
    assert time.monotonic() - started_s > 2.5
    assert destination.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "passing",
    [
        Response(status=503),
        Response(status=429),
        Response(body=CONTENT[:5_000]),
        Response(body=CONTENT[:5_000], announced_bytes=None),
        Response(silent_s=600),
    ],
    ids=["503", "429", "truncated", "truncated, length not announced", "silent"],
)
def test_a_transient_failure_is_tried_again(
    server: Server, destination: Path, passing: Response
) -> None:
    server.responses = [passing, Response()]
    retrieve(FILE, destination, server.url, timeout_s=2.5, retry_pauses_s=AT_ONCE)
    assert destination.read_bytes() == CONTENT
    assert left_in(destination.parent) == ["a#1.mat"]
    assert len(server.asked) == 2


def test_it_pauses_between_attempts(server: Server, destination: Path) -> None:
    server.responses = [Response(status=503), Response(status=503), Response()]
    started_s = time.monotonic()
    retrieve(FILE, destination, server.url, retry_pauses_s=(0.1, 0.2))
    assert time.monotonic() - started_s > 0.3


def test_a_terminal_gets_a_progress_bar_and_a_log_does_not(
    server: Server, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    log, terminal = io.StringIO(), Terminal()
    for stderr in (log, terminal):
        monkeypatch.setattr(sys, "stderr", stderr)
        retrieve(FILE, destination, server.url)
        destination.unlink()
    assert log.getvalue() == ""
    assert "a#1.mat: 100%" in terminal.getvalue()


def test_a_file_whose_size_and_checksum_are_not_known_is_downloaded(
    server: Server, destination: Path
) -> None:
    retrieve(RawFile(FILE.source, FILE.path), destination, server.url)
    assert destination.read_bytes() == CONTENT


def test_an_archive_that_ends_early_without_an_error_is_tried_again(
    server: Server, tmp_path: Path
) -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("S1.pkl", CONTENT)
    whole = body.getvalue()
    server.responses = [
        Response(body=whole[:5_000], announced_bytes=None),
        Response(body=whole, announced_bytes=None),
    ]
    path = tmp_path / "new.zip"
    retrieve(RawFile("bami", "new.zip"), path, server.url, retry_pauses_s=AT_ONCE)
    assert path.read_bytes() == whole
    assert len(server.asked) == 2


# Failure


def test_an_altered_body_is_refused_at_once(server: Server, destination: Path) -> None:
    server.responses = [Response(body=ALTERED)]
    message = message_of(
        lambda: retrieve(FILE, destination, server.url, retry_pauses_s=AT_ONCE), destination
    )
    assert f"URL: {server.url}/bami/BAMI%201/a%231.mat" in message
    assert f"found: {len(CONTENT)} bytes, sha256 {hashlib.sha256(ALTERED).hexdigest()}" in message
    assert "unset 'mirror:' and PPGKD_MIRROR" in message
    assert len(server.asked) == 1


def test_a_web_page_instead_of_the_file_is_refused(server: Server, destination: Path) -> None:
    page = b"<!DOCTYPE html><title>Sign in</title>"
    server.responses = [Response(body=page, announced_bytes=len(page))]
    message = message_of(
        lambda: retrieve(FILE, destination, server.url, retry_pauses_s=AT_ONCE), destination
    )
    assert f"found: {len(page)} bytes, sha256 {hashlib.sha256(page).hexdigest()}" in message


def test_a_body_that_is_always_truncated_is_refused(server: Server, destination: Path) -> None:
    server.responses = [Response(body=CONTENT[:5_000])]
    message = message_of(
        lambda: retrieve(FILE, destination, server.url, retry_pauses_s=AT_ONCE), destination
    )
    assert "5000 bytes read, 5240 more expected" in message
    assert len(server.asked) == 3


def test_a_missing_file_fails_at_once(server: Server, destination: Path) -> None:
    server.responses = [Response(status=404)]
    message = message_of(
        lambda: retrieve(FILE, destination, server.url, retry_pauses_s=AT_ONCE), destination
    )
    assert "found: HTTP status 404 Not Found" in message
    assert f"as published at {FILE.url}" in message
    assert len(server.asked) == 1


def test_a_server_that_keeps_failing_is_an_error(server: Server, destination: Path) -> None:
    server.responses = [Response(status=503)]
    message = message_of(
        lambda: retrieve(FILE, destination, server.url, retry_pauses_s=AT_ONCE), destination
    )
    assert "found: HTTP status 503 Service Unavailable" in message
    assert len(server.asked) == 3


def test_a_silent_server_is_an_error(server: Server, destination: Path) -> None:
    server.responses = [Response(silent_s=600)]
    message = message_of(
        lambda: retrieve(FILE, destination, server.url, timeout_s=0.1, retry_pauses_s=AT_ONCE),
        destination,
    )
    assert "Read timed out" in message
    assert len(server.asked) == 3


def test_a_server_that_becomes_silent_is_an_error(server: Server, destination: Path) -> None:
    server.responses = [Response(pause_between_parts_s=600)]
    message = message_of(
        lambda: retrieve(FILE, destination, server.url, timeout_s=0.1, retry_pauses_s=()),
        destination,
    )
    assert "Read timed out" in message


def test_no_server_is_an_error(destination: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as closed_again:
        port = closed_again.getsockname()[1]
    message = message_of(
        lambda: retrieve(FILE, destination, f"http://127.0.0.1:{port}", retry_pauses_s=AT_ONCE),
        destination,
    )
    assert f"http://127.0.0.1:{port}/bami/" in message
    assert "Connection refused" in message


def test_an_interruption_leaves_no_file(server: Server, destination: Path) -> None:
    server.responses = [Response(pause_between_parts_s=600)]
    code = (
        "import signal, sys; from pathlib import Path\n"
        "from ppgkd.datasets.registry import RawFile\n"
        "from ppgkd.retrieve.download import retrieve\n"
        # a shell's background job would have it ignored
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"retrieve({FILE!r}, Path(sys.argv[1]), sys.argv[2])"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(destination), server.url], stderr=subprocess.PIPE
    )
    with child:
        assert server.was_asked.wait(300)
        while not left_in(destination.parent):  # until it has begun to write
            assert child.poll() is None
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        _, stderr = child.communicate(timeout=300)
    assert b"KeyboardInterrupt" in stderr
    assert left_in(destination.parent) == []


def test_a_folder_that_cannot_be_written_is_an_error(server: Server, tmp_path: Path) -> None:
    in_the_way = tmp_path / "raw"
    in_the_way.write_text("a file where the folder should be")
    with pytest.raises(PpgkdError, match="cannot be written to") as caught:
        retrieve(FILE, in_the_way / "a#1.mat", server.url)
    assert str(in_the_way) in str(caught.value)


def test_a_server_cannot_fill_the_disk(server: Server, destination: Path) -> None:
    server.responses = [Response(body=CONTENT + b"!", announced_bytes=None)]
    message = message_of(
        lambda: retrieve(FILE, destination, server.url, retry_pauses_s=AT_ONCE), destination
    )
    assert f"found: more than {len(CONTENT)} bytes" in message
    assert len(server.asked) == 1


def test_a_compressed_body_cannot_fill_the_disk(server: Server, destination: Path) -> None:
    body = gzip.compress(bytes(10_000_000))
    server.responses = [
        Response(body=body, headers=(("Content-Encoding", "gzip"),), announced_bytes=None)
    ]
    message = message_of(lambda: retrieve(FILE, destination, server.url), destination)
    assert f"found: more than {len(CONTENT)} bytes" in message


def test_a_redirect_is_followed(server: Server, destination: Path) -> None:
    server.responses = [Response(status=302, headers=(("Location", "/elsewhere"),)), Response()]
    retrieve(FILE, destination, server.url)
    assert destination.read_bytes() == CONTENT
    assert server.asked[1] == "/elsewhere"


def test_a_redirect_to_a_file_of_this_machine_is_refused(
    server: Server, destination: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(CONTENT)
    server.responses = [Response(status=302, headers=(("Location", secret.as_uri()),))]
    message = message_of(lambda: retrieve(FILE, destination, server.url), destination)
    assert "No connection adapters" in message


def test_redirects_in_a_circle_are_refused(server: Server, destination: Path) -> None:
    server.responses = [
        Response(status=302, headers=(("Location", "/again"),), announced_bytes=0, body=b"")
    ]
    message = message_of(lambda: retrieve(FILE, destination, server.url), destination)
    assert "Exceeded 30 redirects" in message


@pytest.mark.parametrize(
    ("url", "location", "refused"),
    [
        ("https://example.org/a", "http://example.org/a", True),
        ("https://example.org/a", "ftp://example.org/a", True),
        ("https://example.org/a", "https://example.net/b", False),
        ("https://example.org/a", "/b", False),
        ("http://example.org/a", "http://example.org/b", False),
    ],
)
def test_a_redirect_from_https_to_http_is_refused(url: str, location: str, refused: bool) -> None:
    response = requests.Response()
    response.status_code, response.url = 302, url
    response.headers["location"] = location
    if refused:
        with pytest.raises(Exception, match="a redirect from https to"):
            _refuse_insecure_redirect(response)
    else:
        _refuse_insecure_redirect(response)


# Mirrors


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    folder = tmp_path / "a mirror"
    file = folder / FILE.local
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    return folder


def test_a_folder_is_a_mirror(mirror: Path, destination: Path) -> None:
    retrieve(FILE, destination, str(mirror))
    assert destination.read_bytes() == CONTENT


def test_a_relative_folder_is_a_mirror(
    mirror: Path, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(mirror.parent)
    retrieve(FILE, destination, mirror.name)
    assert destination.read_bytes() == CONTENT


def test_a_file_url_is_a_mirror(mirror: Path, destination: Path) -> None:
    retrieve(FILE, destination, mirror.as_uri() + "/")
    assert destination.read_bytes() == CONTENT


def test_a_file_from_a_folder_is_verified(mirror: Path, destination: Path) -> None:
    (mirror / FILE.local).write_bytes(CONTENT[:5_000])
    started_s = time.monotonic()
    message = message_of(
        lambda: retrieve(FILE, destination, str(mirror), retry_pauses_s=(600.0,)), destination
    )
    assert "found: 5000 bytes, sha256" in message
    assert mirror.as_uri() in message
    assert time.monotonic() - started_s < 300, "a folder will not change by waiting"


def test_a_folder_without_the_file_is_refused(mirror: Path, destination: Path) -> None:
    (mirror / FILE.local).unlink()
    message = message_of(lambda: retrieve(FILE, destination, str(mirror)), destination)
    assert "No such file" in message
    assert str(mirror / FILE.local) in message


def test_a_folder_with_a_file_that_is_too_large_is_refused(mirror: Path, destination: Path) -> None:
    with (mirror / FILE.local).open("wb") as file:
        file.truncate(2**40)  # sparse
    message = message_of(lambda: retrieve(FILE, destination, str(mirror)), destination)
    assert f"found: more than {len(CONTENT)} bytes" in message


def test_a_link_to_a_device_is_refused(mirror: Path, destination: Path) -> None:
    (mirror / FILE.local).unlink()
    (mirror / FILE.local).symlink_to("/dev/zero")
    message = message_of(lambda: retrieve(FILE, destination, str(mirror)), destination)
    assert "is not a regular file" in message


def test_a_pipe_is_refused(mirror: Path, destination: Path) -> None:
    (mirror / FILE.local).unlink()
    os.mkfifo(mirror / FILE.local)
    message = message_of(lambda: retrieve(FILE, destination, str(mirror)), destination)
    assert "is not a regular file" in message


def test_a_link_to_another_file_does_not_pass_the_checksum(
    mirror: Path, destination: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (mirror / FILE.local).unlink()
    (mirror / FILE.local).symlink_to(secret)
    message = message_of(lambda: retrieve(FILE, destination, str(mirror)), destination)
    assert "found: 6 bytes" in message


def test_a_mirror_with_an_unknown_scheme_is_refused(destination: Path) -> None:
    with pytest.raises(PpgkdError, match=r"the scheme 'ftp'; allowed are .* http, https or file"):
        retrieve(FILE, destination, "ftp://example.org/data")


def test_an_invalid_url_is_refused(destination: Path) -> None:
    message_of(lambda: retrieve(FILE, destination, "http://", retry_pauses_s=()), destination)


def test_without_a_mirror_the_url_is_that_of_the_origin() -> None:
    assert source_url(FILE, None) == FILE.url


@pytest.mark.parametrize(
    ("config_value", "variable", "expected"),
    [
        (None, None, None),
        ("", "", None),
        (None, "/data", "/data"),
        ("", "/data", "/data"),
        ("https://example.org", "/data", "https://example.org"),
    ],
)
def test_the_mirror_of_the_configuration_comes_before_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
    config_value: str | None,
    variable: str | None,
    expected: str | None,
) -> None:
    monkeypatch.delenv("PPGKD_MIRROR", raising=False)
    if variable is not None:
        monkeypatch.setenv("PPGKD_MIRROR", variable)
    assert mirror_from(config_value) == expected
