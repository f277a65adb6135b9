"""A local server that answers as Odoo's two doors do."""

import json
import socket
import xmlrpc.client
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .contract import Contract, RefusedError

DB, KEY, LOGIN = "logistics", "s3cret-api-key-0123456789", "integrator"


class Server(ThreadingHTTPServer):
    """Odoo's two doors before a Contract, with answers that can be planned ahead."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.contract = Contract()
        self.planned = []  # (status, headers, body) to give before anything else; None: hang up
        self.lost_answers = 0  # calls that are carried out, but whose answer never arrives
        self.requests = []
        self.denied = False  # the key is right, but its user lacks the group
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), body))
        if self.server.planned:
            plan = self.server.planned.pop(0)
            if plan is None:
                self.close_connection = True
                return
            self.answer(plan[0], plan[2], plan[1])
        elif self.path.startswith("/json/2/"):
            self.json2(body)
        elif self.path.startswith("/xmlrpc/2/"):
            self.xmlrpc(body)
        else:
            self.answer(404, b"<html><title>404</title><h1>Not Found</h1></html>")

    def json2(self, body):
        try:
            if self.headers.get("Authorization") != f"bearer {KEY}":
                raise RefusedError(401, 3, "Invalid apikey")
            if self.headers.get("X-Odoo-Database") != DB:
                raise RefusedError(404, 2, "No such database")
            if self.headers.get("Content-Type") != "application/json":
                raise RefusedError(415, 2, "Unsupported media type")
            self.json_answer(200, self.call(*self.path.split("/")[3:], json.loads(body)))
        except RefusedError as error:
            self.json_answer(error.status, {"name": "odoo.exceptions.X", "message": str(error), "debug": "Trace"})

    def xmlrpc(self, body):
        params, method = xmlrpc.client.loads(body)
        try:
            if method == "authenticate":
                result = 7 if params == (DB, LOGIN, KEY, {}) else False
            else:
                db, uid, key, model, name, arguments = params
                if (db, uid, key) != (DB, 7, KEY):
                    raise RefusedError(401, 3, "Access Denied")
                keyword = {"upsert": "shipments", "ingest": "events"}.get(name)
                result = self.call(model, name, {keyword: arguments[0]})
            text = xmlrpc.client.dumps((result,), methodresponse=True, allow_none=True)
        except RefusedError as error:
            text = xmlrpc.client.dumps(xmlrpc.client.Fault(error.fault, str(error)))
        self.answer(200, text.encode(), {"Content-Type": "text/xml"})

    def call(self, model, method, arguments):
        if self.server.denied:
            raise RefusedError(403, 4, f"You are not allowed to access {model}")
        result = self.server.contract.call(model, method, arguments)
        if self.server.lost_answers:
            self.server.lost_answers -= 1
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        return result

    def json_answer(self, status, answer):
        self.answer(status, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def answer(self, status, body, headers=None):
        try:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # we hung up on purpose
