"""A model server for tests: answers `/` and `/score`; a model that says "broken" makes it end at once."""

from __future__ import annotations

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    """Says which model it has, and what it was sent."""

    def do_GET(self) -> None:
        self._answer(200, {"healthy": True})

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        colour = os.environ.get("COLOUR")
        self._answer(500 if sent == "fail" else 200, {"model": MODEL, "sent": sent, "colour": colour})

    def log_message(self, format: str, *args: object) -> None:
        print(format % args, flush=True)

    def _answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    port, model_dir = sys.argv[1:]
    MODEL = next(file.read_text() for file in Path(model_dir).rglob("*") if file.is_file())
    print("model:", MODEL, flush=True)
    if MODEL == "broken":
        sys.exit(3)
    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
