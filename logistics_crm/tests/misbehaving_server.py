"""A little HTTP server on this machine that misbehaves on command: the path says how."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class MisbehavingServer:
    """Serves between `with` and its end. `answers` maps a path to what is answered there (a function of the query)."""

    def __init__(self):
        self.requests = []
        self.answers = {}
        self.over = threading.Event()

    def __enter__(self):
        outer = self

        class Handler(_Handler):
            owner = outer

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        self.port = self.httpd.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.httpd.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_error):
        self.over.set()
        self.httpd.shutdown()
        self.httpd.server_close()
        self.thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    owner = None

    def log_message(self, *_args):
        pass

    def do_GET(self):
        url = urlsplit(self.path)
        self.owner.requests.append((self.path, dict(self.headers)))
        answer = self.owner.answers.get(url.path)
        if answer is not None:
            self.reply(json.dumps(answer(parse_qs(url.query))).encode())
            return
        name = "do_" + url.path.strip("/").replace("-", "_")
        try:
            getattr(self, name, self.do_404)()
        except OSError:
            self.close_connection = True

    def reply(self, body, status=200, length=None, **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def do_echo(self):
        self.reply(f"X-Key={self.headers.get('X-Key')}".encode())

    def do_404(self):
        self.reply(b"not here", 404)

    def do_500(self):
        self.reply(b"oops", 500)

    def do_redirect(self):
        self.reply(b"", 302, Location="http://127.0.0.1/elsewhere")

    def do_hang(self):
        self.owner.over.wait(30)

    def do_drip(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        while not self.owner.over.wait(0.1):
            self.wfile.write(b"x")

    def do_drip_headers(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not self.owner.over.wait(0.1):
            self.wfile.write(b"X-More: x\r\n")

    def do_close(self):
        self.close_connection = True

    def do_nonsense(self):
        self.wfile.write(b"\x00\x01 this is not HTTP\r\n\r\n")
        self.close_connection = True

    def do_cut(self):
        self.reply(b"half", length=1000)
        self.close_connection = True

    def do_huge(self):
        self.reply(b"x" * 1_000_000)

    def do_garbage(self):
        self.reply(b"<html>this is no JSON</html>")
