from datetime import datetime

from odoo import models
from odoo.tools import SQL

MAX_ENTRIES = 200


class LogisticsShipment(models.Model):
    """Reading for the tracking page: one statement by key, whatever the log and the tables hold, and one more each
    for what few parcels have: a proof of delivery with stars, and problems that were reported.

    Everybody's parcels are looked at far more often than they move, so this goes around the ORM, which would read each
    carrier, hub, country and ticket in a statement of its own.
    """

    _inherit = "logistics.shipment"

    def _read_tracking_page(self):
        """What the page is made of: a dict of the shipment and what hangs on it, with `log`, newest first."""
        self.ensure_one()
        self.env.flush_all()
        [row] = self.env.execute_query_dict(self._tracking_page_query())
        row.update(has_signature=False, photos=[], rating=None, tags=None, reports=None)
        if row["reported"]:
            [(row["reports"],)] = self.env.execute_query(self._tracking_reports_query())
        if row["status"] == "delivered":
            row.update(self.env.execute_query_dict(self._tracking_delivery_query())[0])
        row["log"] = row["log"] or []
        for entry in row["log"]:
            entry["occurred_at"] = datetime.fromisoformat(entry["occurred_at"])
        return row

    def _tracking_log_query(self):
        return SQL(
            """
            SELECT json_agg(json_build_object(
                       'status', e.status, 'classifier', e.classifier, 'occurred_at', e.occurred_at,
                       'utc_offset', COALESCE(e.utc_offset, 0), 'location', COALESCE(e.location, ''),
                       'description', COALESCE(e.description, ''), 'hub', COALESCE(h.name, ''), 'hub_phone', h.phone,
                       'reason', COALESCE(%(reason)s, '')) ORDER BY e.occurred_at DESC, e.id DESC)
              FROM (SELECT * FROM logistics_tracking_event WHERE shipment_id = s.id
                     ORDER BY occurred_at DESC, id DESC LIMIT %(limit)s) e
              LEFT JOIN logistics_hub h ON h.id = e.hub_id
              LEFT JOIN logistics_reason r ON r.id = e.reason_id
            """,
            reason=self._translated("r"),
            limit=MAX_ENTRIES,
        )

    def _tracking_page_query(self):
        return SQL(
            """
            SELECT s.id, s.name AS waybill, s.status, s.promised_at, s.last_event_at, s.delivered_at, s.eta, s.eta_low,
                   s.eta_high, s.pieces, s.signatory, s.shipper_name, s.shipper_phone, s.shipper_street, s.shipper_city,
                   s.shipper_state, s.consignee_name, s.consignee_phone, s.consignee_street, s.consignee_city,
                   s.consignee_state,
                   (SELECT %(reason)s FROM logistics_reason r WHERE r.id = s.reason_id) AS reason,
                   (SELECT %(level)s FROM logistics_service_level l WHERE l.id = s.service_level_id) AS level,
                   (SELECT st.name FROM res_country_state st WHERE st.id = s.origin_state_id) AS origin_state,
                   (SELECT st.name FROM res_country_state st WHERE st.id = s.destination_state_id) AS destination_state,
                   (SELECT %(country)s FROM res_country c WHERE c.id = s.origin_country_id) AS origin_country,
                   destination.code AS destination_code, %(destination)s AS destination_country,
                   %(carrier)s AS carrier, carrier.logistics_phone AS carrier_phone,
                   company.id AS company_id, company.name AS company, company.phone AS company_phone,
                   company.email AS company_email,
                   EXISTS (SELECT FROM logistics_tracking_report t WHERE t.shipment_id = s.id) AS reported,
                   (%(log)s) AS log, (%(types)s) AS types
              FROM logistics_shipment s
              JOIN res_company company ON company.id = s.company_id
              LEFT JOIN delivery_carrier carrier ON carrier.id = s.carrier_id
              LEFT JOIN res_country destination ON destination.id = s.destination_country_id
             WHERE s.id = %(id)s
            """,
            id=self.id,
            reason=self._translated("r"),
            level=self._translated("l"),
            country=self._translated("c"),
            destination=self._translated("destination"),
            carrier=self._translated("carrier"),
            log=self._tracking_log_query(),
            types=self._choices_query("helpdesk_ticket_type", SQL("tracking_sequence"), SQL("AND t.on_tracking_page")),
        )

    def _tracking_delivery_query(self):
        """What there is once the parcel is delivered: the proof and the stars."""
        return SQL(
            """
            SELECT EXISTS (SELECT FROM ir_attachment a
                            WHERE a.res_model = 'logistics.shipment' AND a.res_id = %(id)s AND a.res_field = 'signature'
                          ) AS has_signature,
                   ARRAY(SELECT p.attachment_id FROM logistics_shipment_proof_photo_rel p
                          WHERE p.shipment_id = %(id)s ORDER BY p.attachment_id) AS photos,
                   (%(rating)s) AS rating, (%(tags)s) AS tags
            """,
            id=self.id,
            rating=self._tracking_rating_query(),
            tags=self._choices_query("logistics_rating_tag", SQL("sequence")),
        )

    def _tracking_reports_query(self):
        """The tickets that were reported through the page, the latest first, each once."""
        return SQL(
            """
            SELECT json_agg(json_build_object('number', k.number, 'type', %(type)s, 'stage', %(stage)s)
                            ORDER BY told.last DESC)
              FROM (SELECT ticket_id, max(id) AS last FROM logistics_tracking_report
                     WHERE shipment_id = %(id)s GROUP BY ticket_id) told
              JOIN helpdesk_ticket k ON k.id = told.ticket_id
              LEFT JOIN helpdesk_ticket_type t ON t.id = k.type_id
              LEFT JOIN helpdesk_ticket_stage g ON g.id = k.stage_id
            """,
            id=self.id,
            type=self._translated("t"),
            stage=self._translated("g"),
        )

    def _tracking_rating_query(self):
        tags = self.env["rating.rating"]._fields["logistics_tag_ids"]
        return SQL(
            """
            SELECT json_build_object(
                       'stars', r.rating::int, 'comment', r.feedback, 'given', r.consumed, 'created', r.create_date,
                       'tags', ARRAY(SELECT %(tag)s FROM %(relation)s WHERE %(rating)s = r.id))
              FROM rating_rating r WHERE r.res_model = 'logistics.shipment' AND r.res_id = %(id)s
             ORDER BY r.id LIMIT 1
            """,
            id=self.id,
            relation=SQL.identifier(tags.relation),
            tag=SQL.identifier(tags.column2),
            rating=SQL.identifier(tags.column1),
        )

    def _choices_query(self, table, order, condition=None):
        """Id and name of the active rows of a small table, as JSON."""
        return SQL(
            "SELECT json_agg(json_build_object('id', t.id, 'name', %s) ORDER BY t.%s, t.id)"
            " FROM %s t WHERE t.active %s",
            self._translated("t"),
            order,
            SQL.identifier(table),
            condition or SQL(),
        )

    def _translated(self, alias):
        """A translated name in the environment's language, or else as it was first written."""
        name = SQL.identifier(alias, "name")
        return SQL("COALESCE(%s->>%s, %s->>'en_US')", name, self.env.lang or "en_US", name)
