from datetime import datetime, timedelta, timezone

from odoo import api, models

from . import journeys

_ZONE = timezone(timedelta(hours=8))  # China Standard Time
# Operation codes of the SF demo source, whose events come with a code instead of a status.
_SF_CODES = {
    "picked_up": "50",
    "departed": "30",
    "arrived_hub": "31",
    "out_for_delivery": "44",
    "attempt_failed": "33",
    "delivered": "80",
    "returning": "99",
}
_KUAIDI100_CODES = {"picked_up": "1", "in_transit": "0", "out_for_delivery": "5", "delivered": "3", "customs": "11"}


class LogisticsShipment(models.Model):
    """Demo data: the journeys of `journeys.py` up to now, through the same two methods that integrators call."""

    _inherit = "logistics.shipment"

    @api.model
    def _load_demo(self):
        now = datetime.now(timezone.utc).replace(second=0, microsecond=0)
        shipments, events = [], []
        for number, row in enumerate(journeys.SHIPMENTS):
            shipment, log = self._demo_shipment(number, row, now)
            shipments.append(shipment)
            events += log
        ids = self.upsert(shipments)["ids"]
        events += self._demo_orders(now)
        self.env["logistics.tracking.event"].ingest(events)
        self._demo_leftovers(now)
        self._demo_xmlids(ids)
        self._demo_tickets(ids)

    @api.model
    def _demo_shipment(self, number, row, now):
        """(shipment as `upsert` takes it, its events as `ingest` takes them)"""
        waybill = journeys.waybill(row, number)
        name, phone, city, street, zip_code = journeys.CONSIGNEES[row.consignee]
        sender = self.env.ref(f"logistics_crm.{row.sender}")
        log = self._demo_events(
            waybill,
            row.carrier,
            journeys.SENDERS[row.sender],
            city,
            row.journey,
            now - timedelta(hours=row.age),
            journeys.PACE[row.level] * row.slow,
            number,
        )
        if row.eta is not None:
            log[-1]["eta"] = (now + timedelta(hours=row.eta)).isoformat()
            log.append(
                {
                    "waybill": waybill,
                    "carrier": row.carrier,
                    "source": "tms",
                    "status": "delivered",
                    "classifier": "estimated",
                    "occurred_at": (now + timedelta(hours=row.eta)).astimezone(_ZONE).isoformat(),
                    "description": "系统根据线路时效预计送达",
                }
            )
        shipment = {
            "waybill": waybill,
            "carrier": row.carrier,
            "customer": {"ref": sender.ref},
            "shipper": self._demo_party(sender),
            "consignee": {
                "name": name,
                "phone": phone,
                "street": street,
                "city": f"{city}市",
                "zip": zip_code,
                "state": journeys.CITIES[city][0],
                "country": "CN",
            },
            "service_level": row.level,
            "pieces": row.pieces,
            "weight_kg": row.weight,
            "volume_m3": round(row.weight / 180, 3),
            "declared_value": row.value,
            "insured": row.value >= 10_000,
            "freight": row.freight,
            "currency": "CNY",
            "cargo": row.cargo,
            "ordered_at": log[0]["occurred_at"],
        }
        if row.due == "today":
            evening = now.astimezone(_ZONE).replace(hour=20, minute=0)
            shipment["promised_at"] = evening.isoformat()
        elif row.due is not None:
            shipment["promised_at"] = (now + timedelta(hours=row.due)).isoformat()
        return shipment, log

    @api.model
    def _demo_party(self, partner):
        return {
            "ref": partner.ref,
            "name": partner.name,
            "phone": partner.phone,
            "email": partner.email,
            "street": partner.street,
            "city": partner.city,
            "zip": partner.zip,
            "state": partner.state_id.name,
            "country": "CN",
        }

    @api.model
    def _demo_events(self, waybill, carrier, from_city, to_city, journey, last, pace, number):
        """The log of a journey whose last event happened at `last`."""
        courier, courier_phone = journeys.COURIERS[number % len(journeys.COURIERS)]
        context = {
            "from_hub": journeys.CITIES[from_city][1],
            "from_station": journeys.CITIES[from_city][2],
            "to_hub": journeys.CITIES[to_city][1],
            "to_station": journeys.CITIES[to_city][2],
            "customs_hub": "厦门国际快件监管中心",
            "courier": courier,
            "courier_phone": courier_phone,
        }
        legs = journeys.JOURNEYS[journey]
        if context["from_hub"] == context["to_hub"]:
            legs = [leg for leg in legs if leg not in journeys.BETWEEN_HUBS]
        # Minutes differ from parcel to parcel, so that no two look alike.
        gaps = [timedelta(minutes=int(leg[1] * pace * 60) + (number * 7 + at * 13) % 29) for at, leg in enumerate(legs)]
        start = last - sum(gaps[1:], timedelta())
        log, instant = [], start
        for at, (status, _hours, reason, place, text) in enumerate(legs):
            instant = instant + gaps[at] if at else start
            event = {
                "waybill": waybill,
                "carrier": carrier,
                "occurred_at": instant.astimezone(_ZONE).isoformat(),
                "external_id": f"demo-{waybill}-{at}",
                "description": text.format(**context),
                **self._demo_meaning(carrier, status),
            }
            if reason and event.get("code") != "33":
                event["reason"] = reason
            if place:
                event["hub"] = context[place]
            elif status == "in_transit":
                event["location"] = f"{from_city}—{to_city} 干线"
            log.append(event)
        return log

    @api.model
    def _demo_meaning(self, carrier, status):
        """Who tells of an event with this status, and in which words."""
        if carrier in ("SF", "SFCC") and status in _SF_CODES:
            return {"source": "sf_open", "code": _SF_CODES[status]}
        if carrier in ("YTO", "ZTO", "EMS") and status in _KUAIDI100_CODES:
            return {"source": "kuaidi100", "code": _KUAIDI100_CODES[status]}
        return {"source": "tms", "status": status}

    @api.model
    def _demo_orders(self, now):
        """Give the sale orders' transfers their waybills, which makes their shipments; return the events."""
        # Odoo's demo warehouse stands in California; these parcels leave Wuhan.
        shipper = self._demo_party(self.env.ref("logistics_crm.customer_optics"))
        corrections, events = [], []
        for number, (xmlid, (waybill, carrier, city, journey, age)) in enumerate(journeys.ORDERS.items()):
            picking = self.env.ref(f"logistics_crm.{xmlid}").picking_ids[:1]
            picking.carrier_tracking_ref = waybill
            log = self._demo_events(waybill, carrier, "武汉", city, journey, now - timedelta(hours=age), 0.8, number)
            events += log
            corrections.append({"waybill": waybill, "shipper": shipper, "ordered_at": log[0]["occurred_at"]})
        self.upsert(corrections)
        return events

    @api.model
    def _demo_leftovers(self, now):
        """Input that cannot be placed: it goes to the inbox with its problem."""

        def at(hours):
            return (now - timedelta(hours=hours)).astimezone(_ZONE).isoformat()

        unknown = {"waybill": "SF1390069990001", "source": "sf_open"}
        yesterday = (now - timedelta(days=1)).strftime("%Y-%m-%d 18:20:00")
        first, second, third = (journeys.waybill(journeys.SHIPMENTS[at], at) for at in (8, 9, 10))
        sf, tms = {"source": "sf_open"}, {"source": "tms"}
        self.env["logistics.tracking.event"].ingest(
            [
                # The warehouse scanned before the order system sent the shipment.
                {**unknown, "code": "50", "occurred_at": at(7), "hub": "杭州西湖营业部", "description": "已揽收"},
                {**unknown, "code": "30", "occurred_at": at(3), "hub": "杭州分拨中心", "description": "已发出"},
                {"waybill": "YT8800099990002", "source": "kuaidi100", "code": "0", "occurred_at": at(5)},
                # Codes that nobody mapped yet.
                {**sf, "waybill": second, "code": "657", "occurred_at": at(1), "description": "快件已转寄"},
                {**sf, "carrier": "SFCC", "waybill": third, "code": "8000", "occurred_at": at(0.5)},
                # Mistakes of the sender, for a person to mend.
                {**tms, "waybill": first, "status": "arrived_hub", "occurred_at": yesterday, "hub": "成都分拨中心"},
                {**tms, "waybill": first, "status": "exception", "reason": "traffic_jam", "occurred_at": at(2)},
                {**tms, "waybill": first, "status": "OutForDelivery", "occurred_at": at(1)},
                {**tms, "waybill": third, "status": "arrived_hub", "occurred_at": at(-24 * 30)},
            ]
        )
        fashion = {"ref": "KH1001"}
        self.upsert(
            [
                {"waybill": "STO7700099990003", "carrier": "申通快递", "customer": fashion, "pieces": 1},
                {"waybill": "SF1390069990004", "carrier": "SF", "customer": {"ref": "KH9999"}, "pieces": 2},
                {"waybill": "DPK36899990005", "carrier": "DBL", "customer": fashion, "weight_kg": "约 120 公斤"},
            ]
        )

    @api.model
    def _demo_xmlids(self, ids):
        """Names under which other demo data finds these shipments: `logistics_crm.shipment_1` and so on."""
        self.env["ir.model.data"]._update_xmlids(
            [
                {
                    "xml_id": f"logistics_crm.shipment_{number + 1}",
                    "record": self.browse(ids[journeys.waybill(row, number)]),
                    "noupdate": True,
                }
                for number, row in enumerate(journeys.SHIPMENTS)
            ]
        )

    @api.model
    def _demo_tickets(self, ids):
        waybill_of = {}
        for number, row in enumerate(journeys.SHIPMENTS):
            waybill_of.setdefault(row.journey, journeys.waybill(row, number))
        agent, team = self.env.ref("logistics_crm.user_agent"), self.env.ref("logistics_crm.helpdesk_team")
        stories = [
            ("damaged", "外箱破损，申请理赔", "收到破损通知，请核实内件情况并启动理赔。", "3", agent),
            ("lost", "快件丢失，超过 3 天未更新", "客户催问多次，请尽快给出处理结果。", "3", agent),
            ("delivered_wrong", "显示已签收但本人未收到", "收件人称前台没有代收，请联系快递员核实。", "2", agent),
            ("bad_address", "补充收件地址", "正确地址：浦东新区世纪大道 1568 号 9 层，电话 18600001216。", "1", agent),
            ("weather", "催件：激光器何时能到", "产线等料，请确认最新预计送达时间。", "2", self.env["res.users"]),
            ("attempt_failed", "预约明天上午派送", "收件人明天 9 点到 12 点在家。", "1", self.env["res.users"]),
            ("documents", "报关资料补充：商业发票", "发票已发邮件，请转交清关同事。", "2", agent),
        ]
        self.env["helpdesk.ticket"].with_context(mail_create_nosubscribe=True, mail_notrack=True).create(
            [
                {
                    "name": name,
                    "description": text,
                    "priority": priority,
                    "team_id": team.id,
                    "user_id": user.id,
                    "partner_id": self.browse(ids[waybill_of[journey]]).customer_id.id,
                    "shipment_ids": [ids[waybill_of[journey]]],
                }
                for journey, name, text, priority, user in stories
            ]
        )
