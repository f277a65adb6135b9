import hashlib
import logging

from werkzeug.exceptions import HTTPException

from odoo import SUPERUSER_ID, http
from odoo.http import request

from ..tools.dialects import ConfigError, SignatureError, UnreadableError
from ..tools.dialects.base import header

_logger = logging.getLogger(__name__)
MAX_BODY = 1024 * 1024
# What one visitor may get wrong. A sender that proves itself is never limited.
MISSES, SECONDS = 30, 60


class WebhookDispatcher(http.HttpDispatcher):
    """An HTTP route that is handed its body as bytes, whatever the Content-Type says, and answers in JSON."""

    routing_type = "logistics_webhook"

    def pre_dispatch(self, rule, args):
        super().pre_dispatch(rule, args)
        # The answer is for a machine. Any installed language will do; the company's would be looked up every time.
        languages = self.request.env(user=SUPERUSER_ID)["res.lang"].get_installed()
        self.request.update_context(lang=languages[0][0])

    def dispatch(self, endpoint, args):
        self.request.params = args
        return self.request.registry["ir.http"]._dispatch(endpoint)

    def handle_error(self, exc):
        if isinstance(exc, HTTPException) and exc.code:
            return self.request.make_json_response({"error": exc.name}, status=exc.code)
        return self.request.make_json_response({"error": "Internal Server Error"}, status=500)


class LogisticsWebhook(http.Controller):
    @http.route(
        "/logistics/webhook/<string:token>",
        type="logistics_webhook",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
        readonly=False,
        max_content_length=MAX_BODY + 1,  # a body without length is cut there, and then known to be too long
    )
    def receive(self, token):
        """Take one delivery: check who sent it, store it, answer. It is read later, by a scheduled action.

        200 stored, or known already · 400 no JSON · 401 wrong signature · 404 no such address · 413 over 1 MB ·
        429 too many wrong tries from this address · 503 the source is set up wrongly, send it again later
        """
        httprequest = request.httprequest
        if (httprequest.content_length or 0) > MAX_BODY:
            return self._answer(413, "The body is over 1 MB.")
        # sudo: nobody is logged in; the token is looked up and nothing but the answer goes out.
        env = request.env(su=True)
        try:
            target = env["logistics.tracking.source"]._webhook_target(token)
        except ConfigError as error:
            _logger.error("A webhook source is set up wrongly: %s", error.reason)
            return self._answer(503, "This address is set up wrongly. Send the delivery again later.")
        if target is None:
            return self._refuse(env, 404, "There is no such address.")
        body = httprequest.get_data(cache=True)
        if len(body) > MAX_BODY:
            return self._answer(413, "The body is over 1 MB.")
        headers = httprequest.headers
        try:
            target.dialect.verify(headers, body)
        except SignatureError as error:
            return self._refuse(env, 401, error.reason)
        try:
            target.dialect.load(body)
        except UnreadableError as error:
            return self._answer(400, error.reason)
        delivery_id = self._delivery_id(target.dialect, headers, body)
        kept = {name: header(headers, name) for name in target.dialect.parse_headers if header(headers, name)}
        deliveries = env["logistics.webhook.delivery"]
        if not deliveries._store_delivery(target, delivery_id, body.decode("utf-8-sig"), kept):
            return request.make_json_response({"status": "duplicate"})
        env.cr.postcommit.add(deliveries._wake_processing)
        return request.make_json_response({"status": "stored"})

    def _delivery_id(self, dialect, headers, body):
        """The vendor's id, or a digest of the body.

        Where a field map says what the id is, the digest is part of it: a map that points at something else than an id
        must not make different deliveries one.
        """
        digest = hashlib.sha256(body).hexdigest()
        given = dialect.delivery_id(headers, body)
        if not given:
            return f"sha256:{digest}"
        return f"{given}:{digest[:16]}" if dialect.name == "plain_json" else given

    def _refuse(self, env, status, reason):
        """Refuse a visitor who does not know the address or the secret; too many of these get 429 instead."""
        visitor = request.httprequest.remote_addr
        if not env["logistics.rate.limit"]._allow("webhook.visitor", visitor, MISSES, SECONDS):
            response = self._answer(429, "Too many tries. Wait a minute.")
            response.headers["Retry-After"] = str(SECONDS)
            return response
        return self._answer(status, reason)

    def _answer(self, status, reason):
        return request.make_json_response({"error": reason}, status=status)
