"""Serve a study's demonstration on this machine alone."""

from __future__ import annotations

import sys
import webbrowser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ppgkd.errors import PpgkdError

HERE = "127.0.0.1"

TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm"}
"""What a browser must be told; the system's table may lack it."""


def demo_folder(results: str | Path) -> Path:
    """Find the demonstration of a finished study.

    Parameters
    ----------
    results
        Folder of the study, ``results/<study>``, or the folder of the demonstration itself.

    Raises
    ------
    PpgkdError
        If there is none.
    """
    folder = Path(results)
    for found in (folder / "demo", folder):
        if (found / "index.html").is_file() and (found / "about.json").is_file():
            return found
    raise PpgkdError(
        f"{folder} has no demonstration: {folder / 'demo' / 'index.html'} is missing. Name the "
        "folder of a finished study, results/<study>; one that an earlier version made gets its "
        "demonstration by make run."
    )


def demo_server(folder: Path, port: int) -> ThreadingHTTPServer:
    """Make a server of a folder on loopback.

    Parameters
    ----------
    folder
        From `demo_folder`.
    port
        0: any free one.

    Raises
    ------
    PpgkdError
        If the port cannot be used.
    """
    try:
        return _Server((HERE, port), partial(_Handler, directory=str(folder)))
    except (OSError, OverflowError) as error:
        reason = str(error).rstrip(".")
        raise PpgkdError(
            f"Port {port} cannot be used: {reason}. Name another one, or leave '--port' out."
        ) from error


def serve_demo(results: str | Path, port: int, *, open_browser: bool) -> None:
    """Serve the demonstration of a study until it is interrupted; say its address."""
    folder = demo_folder(results)
    with demo_server(folder, port) as server:
        address = f"http://{HERE}:{server.server_port}/"
        print(f"{folder} is at {address}; stop it with Ctrl+C", flush=True)
        if open_browser:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a browser that left in the middle of a file, as it does on a reload."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, **TYPES}  # noqa: RUF012

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request."""

    def end_headers(self) -> None:
        """Have the browser ask again: the study may be made again."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()
