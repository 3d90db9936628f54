"""The process that holds the ClickHouse engine: ``python -m runbook.sandbox.clickhouse_server FOLDER PORT``."""

from __future__ import annotations

import hmac
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from runbook.sandbox.processes import LOOPBACK


def main() -> None:
    """Serve until TERM. One request at a time: the engine has one session."""
    from chdb import session

    engine = session.Session(f"{sys.argv[1]}/data")
    token = os.environ["RUNBOOK_CLICKHOUSE_TOKEN"]

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, {"ready": True})

        def do_POST(self) -> None:
            if not hmac.compare_digest(self.headers.get("X-Token", ""), token):
                self._answer(403, {"error": "token"})
                return
            statement = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode("utf-8")
            try:
                raw = engine.query(statement, "JSON").bytes()
                self._answer(200, json.loads(raw) if raw else {"meta": [], "data": [], "rows": 0})
            except Exception as error:  # the engine raises plain RuntimeError with ClickHouse's text
                self._answer(200, {"error": str(error)})

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_words: Any) -> None:
            """Nothing: statements may hold data."""

    server = HTTPServer((LOOPBACK, int(sys.argv[2])), Door)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.serve_forever()
    finally:
        engine.close()


if __name__ == "__main__":
    main()
