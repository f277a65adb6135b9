"""Fetching from an address that an administrator typed: bounded in time and size, and not from our own network.

Messages of `FetchError` never hold the address or a header: both may contain a key.
"""

import contextlib
import ipaddress
import socket
import ssl
import threading

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

SILENCE_SECONDS = 10
TOTAL_SECONDS = 20
MAX_BYTES = 5 * 1024 * 1024
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class FetchError(Exception):
    """Nothing usable came back; `reason` is one sentence without the address, `status` the HTTP status or None."""

    def __init__(self, reason, status=None):
        super().__init__(reason)
        self.reason = reason
        self.status = status


class _Refused(OSError):
    """The name leads to an address that is not public."""


def fetch(url, headers=None, allow_private=False, total=TOTAL_SECONDS, max_bytes=MAX_BYTES):
    """GET `url` and return the body; raise FetchError for everything but a 200.

    Redirects are not followed, proxies and .netrc of the environment not used. Every name is resolved once and the
    address that is connected to is the one that was checked, so a name that changes in between gains nothing.

    :param allow_private: whether loopback, private and other special addresses are allowed
    :param total: seconds for everything, however slowly the other side drips
    """
    if not url.lower().startswith(("http://", "https://")):
        raise FetchError("The address does not begin with http:// or https://.")
    watched, expired = [], threading.Event()
    deadline = threading.Timer(total, _shut_down, (watched, expired))
    deadline.daemon = True
    with requests.Session() as session:
        session.trust_env = False
        adapter = _GuardedAdapter(allow_private, watched, expired)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        deadline.start()
        try:
            with session.get(
                url,
                headers=headers,
                timeout=min(SILENCE_SECONDS, total),
                allow_redirects=False,
                stream=True,
            ) as response:
                return _read(response, max_bytes, expired)
        except FetchError:
            raise
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise FetchError(_reason(error, expired.is_set(), total)) from None
        finally:
            deadline.cancel()
            for connection in watched:
                connection.close()


def is_public(address):
    """Whether an IP address (text) is one of the open internet, whatever it is wrapped in."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip.version == 6:
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip in _NAT64:
            inner = ipaddress.ip_address(int(ip) & 0xFFFFFFFF)
        if inner:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _read(response, max_bytes, expired):
    if response.status_code != 200:
        if 300 <= response.status_code < 400:
            raise FetchError(f"It redirects ({response.status_code}); give the final address.", response.status_code)
        raise FetchError(f"It answered {response.status_code}.", response.status_code)
    parts, size = [], 0
    for part in response.iter_content(65536):
        size += len(part)
        if size > max_bytes:
            raise FetchError(f"Its answer is over {max_bytes // 1024} kB.")
        parts.append(part)
    if expired.is_set():
        raise OSError("cut off")
    return b"".join(parts)


def _reason(error, expired, total):
    chain, seen = [], error
    while seen is not None and len(chain) < 10:
        chain.append(seen)
        arguments = [one for one in getattr(seen, "args", ()) if isinstance(one, BaseException)]
        seen = getattr(seen, "reason", None) if isinstance(getattr(seen, "reason", None), BaseException) else None
        seen = seen or (arguments[0] if arguments else chain[-1].__cause__ or chain[-1].__context__)
    if any(isinstance(one, _Refused) for one in chain):
        return "Its address is private or not allowed."
    if expired:
        return f"It did not finish within {total:g} seconds."
    if any(isinstance(one, requests.Timeout | TimeoutError) for one in chain):
        return "It did not answer in time."
    if any(isinstance(one, socket.gaierror) for one in chain):
        return "Its name is not known."
    if any(isinstance(one, ssl.SSLError) for one in chain):
        return "Its certificate or encryption is not valid."
    if isinstance(error, ValueError):
        return "The address or a header is not valid."
    return "It cannot be reached, or broke off."


def _shut_down(watched, expired):
    """Time is up: break whatever is being waited for."""
    expired.set()
    for connection in list(watched):
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


class _GuardedAdapter(HTTPAdapter):
    """Connects only where it is allowed, and tells which sockets it opened."""

    def __init__(self, *guard):
        self._guard = guard
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": _guarded(HTTPConnection, *self._guard)}),
            "https": type("Pool", (HTTPSConnectionPool,), {"ConnectionCls": _guarded(HTTPSConnection, *self._guard)}),
        }


def _guarded(base, allow_private, watched, expired):
    class Connection(base):
        def _new_conn(self):
            last = _Refused("not public")
            for _family, _kind, _protocol, _name, where in socket.getaddrinfo(
                self._dns_host, self.port, type=socket.SOCK_STREAM
            ):
                if expired.is_set():
                    raise TimeoutError
                if not allow_private and not is_public(where[0]):
                    continue
                try:
                    connection = socket.create_connection(where[:2], self.timeout)
                except OSError as error:
                    last = error
                    continue
                # A duplicate reaches the connection whatever is wrapped around it later: TLS, a reader, a response.
                watched.append(connection.dup())
                return connection
            raise last

    return Connection
