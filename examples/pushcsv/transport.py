"""HTTP with patience: retries what may pass by itself, explains what will not."""

from __future__ import annotations

import email.utils
import random
import re
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone

import requests

from .errors import PushError

RETRIED_STATUSES = {429, 502, 503, 504}
LONGEST_WAIT = 300.0
HINTS = {
    400: "check --url: usually it is the server's address without any path",
    401: "the API key is not accepted by this database; make a new one in its user's preferences",
    403: "the key's user may not do this; give the user the group Integrator",
    404: "check --url and --db, and that the addon logistics_crm is installed there",
    413: "the request is too large for a proxy on the way; use a smaller --batch",
    504: "the call took too long for a proxy on the way; use a smaller --batch",
}


class PassingError(PushError):
    """A trouble that may pass by itself: how long the server asks us to wait, and advice if it does not."""

    def __init__(self, message: str, wait: float | None = None, advice: str = ""):
        super().__init__(message)
        self.wait, self.advice = wait, advice


class Http:
    """POST to one server.

    Both bulk methods may be called twice with the same rows, so a call whose answer was lost is made again.
    """

    def __init__(self, url: str, timeout: float, retries: int, tell: Callable[[str], None]):
        self.url, self.timeout, self.retries, self.tell = url, timeout, retries, tell
        self.session = requests.Session()
        self.session.headers["User-Agent"] = "push_csv.py"

    def post(self, path: str, body: bytes, content_type: str, headers: dict | None = None) -> bytes:
        """The body of a 200 answer; PushError for anything else."""
        headers = {"Content-Type": content_type, **(headers or {})}
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._post_once(path, body, headers)
            except PassingError as trouble:
                if attempt > self.retries:
                    times = f"{attempt} attempts" if attempt > 1 else "one attempt"
                    raise PushError(f"{trouble}; gave up after {times}{trouble.advice}") from trouble
                wait = trouble.wait
                if wait is None:
                    wait = min(2.0 ** (attempt - 1), 60.0) * random.uniform(0.75, 1.25)
                self.tell(f"{trouble}; trying again in {wait:.0f} s ({attempt} of {self.retries})")
            time.sleep(wait)

    def _post_once(self, path: str, body: bytes, headers: dict) -> bytes:
        try:
            # A redirected POST would become a GET.
            response = self.session.post(
                self.url + path, data=body, headers=headers, timeout=self.timeout, allow_redirects=False
            )
        except requests.exceptions.SSLError as error:
            raise PushError(f"{self.url}: no trusted connection: {root_cause(error)}") from error
        except requests.exceptions.ReadTimeout as error:
            advice = "; use a smaller --batch or a longer --timeout"
            raise PassingError(f"no answer from {self.url}: {root_cause(error)}", advice=advice) from error
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
        ) as error:
            advice = "; check --url, and that Odoo is running there"
            raise PassingError(f"no answer from {self.url}: {root_cause(error)}", advice=advice) from error
        except requests.RequestException as error:
            raise PushError(f"{self.url}: {error}") from error
        if response.status_code == requests.codes.ok:
            return response.content
        if response.status_code in RETRIED_STATUSES:
            raise PassingError(explain(self.url, response), wait=retry_after(response))
        raise PushError(explain(self.url, response))


def root_cause(error: Exception) -> str:
    """The last words of a chain of wrapped network errors: 'Connection refused' and not three class names."""
    text = str(error)
    for pattern in (
        r"\[Errno -?\d+\] ([^')\"]+)",
        r"(Read timed out)",
        r"certificate verify failed: ([^(]+)",
    ):
        if found := re.search(pattern, text):
            return found[1].strip()
    return text[:200]


def explain(url: str, response: requests.Response) -> str:
    """What an answer other than 200 means, with the server's own message."""
    if response.is_redirect:
        return f"{url} sends us on to {response.headers['Location']}; give the address it sends us to as --url"
    message = server_message(response) or response.reason
    hint = HINTS.get(response.status_code)
    return f"{url} answered {response.status_code}: {message}" + (f" ({hint})" if hint else "")


def server_message(response: requests.Response) -> str:
    """The message of Odoo's JSON error, or the words of an HTML error page."""
    with suppress(ValueError):
        answer = response.json()
        if isinstance(answer, dict) and answer.get("message"):
            return str(answer["message"])
    text = re.sub(r"(?s)<(script|style|title).*?</\1>|<[^>]*>", " ", response.text)
    return " ".join(text.split())[:300]


def retry_after(response: requests.Response) -> float | None:
    """Seconds that the server asks us to wait: a number or a date (RFC 9110, 10.2.3)."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return min(float(value), LONGEST_WAIT)
    with suppress(ValueError, TypeError):
        moment = email.utils.parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return min(max((moment - datetime.now(timezone.utc)).total_seconds(), 0.0), LONGEST_WAIT)
    return None
