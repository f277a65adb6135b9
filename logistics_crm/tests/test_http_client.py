"""Fetching from a server that misbehaves on command, on this machine."""

import contextlib
import socket
import ssl
import time
from unittest import TestCase
from unittest.mock import patch

from odoo.addons.logistics_crm.tools.http_client import FetchError, fetch, is_public

from .misbehaving_server import MisbehavingServer


class TestHttpClient(TestCase):
    def setUp(self):
        self.server = MisbehavingServer()
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)

    def fails(self, path, *words, url=None, **options):
        options = {"allow_private": True, "total": 1, **options}
        began = time.monotonic()
        with self.assertRaises(FetchError) as caught:
            fetch(url or self.server.url + path, {"Authorization": "Bearer s3cret"}, **options)
        self.assertLess(time.monotonic() - began, 4)
        reason = caught.exception.reason
        for word in words:
            self.assertIn(word, reason)
        self.assertNotIn("s3cret", reason)
        self.assertNotIn("key=", reason)
        self.assertNotIn("127.0.0.1", reason)
        self.assertIsNone(caught.exception.__cause__, "nothing that holds the address goes into a log")
        return caught.exception

    def test_a_good_answer(self):
        self.assertEqual(fetch(self.server.url + "/echo", {"X-Key": "1"}, allow_private=True), b"X-Key=1")

    def test_what_a_server_may_do(self):
        self.assertEqual(self.fails("/500?key=s3cret", "500").status, 500)
        self.assertEqual(self.fails("/404", "404").status, 404)
        self.fails("/redirect", "redirect")
        self.fails("/hang", "1 seconds")
        self.fails("/drip", "1 seconds")
        self.fails("/drip-headers", "1 seconds")
        self.fails("/close", "broke off")
        self.fails("/nonsense", "broke off")
        self.fails("/cut", "broke off")
        self.fails("/huge", "over", max_bytes=10_000)

    def test_what_an_address_may_be(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        self.fails("", "cannot be reached", url=f"http://127.0.0.1:{port}/?key=s3cret")
        self.fails("", "begin with", url="file:///etc/passwd")
        self.fails("", "not valid", url="http://[nonsense/?key=s3cret")
        self.fails("", url="https://" + self.server.url.removeprefix("http://"))
        with patch("socket.getaddrinfo", side_effect=socket.gaierror):
            self.fails("", "not known", url="http://nowhere.invalid/?key=s3cret")
        with patch("socket.create_connection", side_effect=ssl.SSLError):
            self.fails("", "certificate", url=self.server.url)

    def test_private_addresses_are_refused_before_anything_is_sent(self):
        for host in ("127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]", "127.1", "2130706433"):
            with self.subTest(host), contextlib.ExitStack() as stack:
                connect = stack.enter_context(patch("socket.create_connection"))
                self.fails("", "private", url=f"http://{host}:{self.server.port}/echo", allow_private=False)
                connect.assert_not_called()
        self.assertFalse(self.server.requests)

    def test_the_address_that_was_checked_is_the_one_that_is_used(self):
        """A name that answers with a public address first and a private one later gains nothing."""
        answers = [[(2, 1, 6, "", ("93.184.216.34", 80))], [(2, 1, 6, "", ("127.0.0.1", 80))]]
        with (
            patch("socket.getaddrinfo", side_effect=lambda *_args, **_options: answers.pop(0)),
            patch("socket.create_connection", side_effect=ConnectionRefusedError) as connect,
        ):
            self.fails("", "cannot be reached", url="http://rebinding.example/", allow_private=False)
        self.assertEqual([call.args[0] for call in connect.call_args_list], [("93.184.216.34", 80)])

    def test_the_environment_changes_nothing(self):
        with patch.dict("os.environ", {"HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1"}):
            self.assertEqual(fetch(self.server.url + "/echo", {"X-Key": "2"}, allow_private=True), b"X-Key=2")

    def test_public_and_private(self):
        for address in ("93.184.216.34", "2606:2800:220:1::1", "114.114.114.114"):
            self.assertTrue(is_public(address), address)
        for address in (
            "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
            "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1",
            "::ffff:10.0.0.1", "2002:7f00:1::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        ):  # fmt: skip
            self.assertFalse(is_public(address), address)
