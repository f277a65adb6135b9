"""Odoo's two protocols behind one method: call(bulk method, records) gives the receipt."""

from __future__ import annotations

import json
import xmlrpc.client
from typing import Any
from xml.parsers.expat import ExpatError

import requests

from .contract import BulkMethod
from .errors import PushError
from .transport import HINTS, Http


class KeyAuth(requests.auth.AuthBase):
    """The bearer key as requests' own authentication, so that a .netrc entry cannot replace it."""

    def __init__(self, key: str):
        self.key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"bearer {self.key}"
        return request


class Json2Client:
    """Odoo's JSON-2: one POST a call, keyword arguments as JSON, the key as bearer."""

    def __init__(self, http: Http, db: str, key: str):
        self.http, self.db = http, db
        http.session.auth = KeyAuth(key)

    def call(self, method: BulkMethod, records: list[dict]) -> Any:
        body = json.dumps({method.argument: records}, ensure_ascii=False).encode()
        answer = self.http.post(
            f"/json/2/{method.model}/{method.name}", body, "application/json", {"X-Odoo-Database": self.db}
        )
        try:
            return json.loads(answer)
        except ValueError as error:
            raise PushError(f"{self.http.url} did not answer in JSON; is it an Odoo 19?") from error


class XmlRpcClient:
    """Odoo's XML-RPC: marshalled by xmlrpc.client, sent by the same patient POST."""

    def __init__(self, http: Http, db: str, key: str, user: str):
        self.http, self.db, self.key, self.user = http, db, key, user
        self.uid: int | None = None

    def call(self, method: BulkMethod, records: list[dict]) -> Any:
        if self.uid is None:
            self.uid = self._authenticate()
        return self._post("object", "execute_kw", self.db, self.uid, self.key, method.model, method.name, [records])

    def _authenticate(self) -> int:
        uid = self._post("common", "authenticate", self.db, self.user, self.key, {})
        if not uid:
            raise PushError(
                f"user {self.user!r} or the API key is not accepted by database {self.db!r};"
                " check --user (the login) and --db, or make a new key in that user's preferences"
            )
        return uid

    def _post(self, service: str, method: str, *params: Any) -> Any:
        body = xmlrpc.client.dumps(params, method, encoding="utf-8", allow_none=True).encode()
        answer = self.http.post(f"/xmlrpc/2/{service}", body, "text/xml; charset=utf-8")
        try:
            return xmlrpc.client.loads(answer, use_builtin_types=True)[0][0]
        except xmlrpc.client.Fault as fault:
            raise PushError(f"the server refused the call: {explain_fault(fault)}") from fault
        except (ExpatError, xmlrpc.client.Error, LookupError, TypeError, ValueError) as error:
            raise PushError(f"{self.http.url} did not answer in XML-RPC; is it an Odoo?") from error


def explain_fault(fault: xmlrpc.client.Fault) -> str:
    """What a fault says, and what to do about it."""
    text = str(fault.faultString)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # For an unforeseen error the text is a traceback, whose last line says what it was.
    message = lines[-1] if text.startswith("Traceback") else " ".join(lines)
    hint = {3: HINTS[401], 4: HINTS[403]}.get(fault.faultCode)
    if "OperationalError" in message:  # PostgreSQL's word for a database that is not there
        hint = "check --db: the server cannot open this database"
    return message + (f" ({hint})" if hint else "")
