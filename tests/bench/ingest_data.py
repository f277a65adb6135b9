"""Made-up shipments and events for the benchmarks, the same at every run."""

import random
from datetime import datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
START = datetime(2026, 1, 5, 8, tzinfo=CHINA)
JOURNEY = ("picked_up", "departed", "arrived_hub", "out_for_delivery", "delivered")
STATES = ("广东省", "上海市", "浙江省", "江苏省", "北京市", "四川省", "湖北省", "福建省")
HUBS = tuple(f"分拨中心{number:02}" for number in range(40))
SURNAMES = "王李张刘陈杨黄赵周吴"


CUSTOMERS = 2000


def first_shipments(prefix):
    """One shipment of each customer."""
    return [
        {"waybill": f"{prefix}{number}", "customer": {"ref": f"BENCH{number:05}", "name": f"测试客户{number:05}"}}
        for number in range(CUSTOMERS)
    ]


def shipments(prefix, first, count):
    """`count` shipment dicts as an integrator sends them, from number `first` on."""
    rng = random.Random(first)
    rows = []
    for number in range(first, first + count):
        customer = rng.randrange(CUSTOMERS)
        ordered = START + timedelta(seconds=number)
        rows.append(
            {
                "waybill": f"{prefix}{number:09}",
                "customer": {"ref": f"BENCH{customer:05}", "name": f"测试客户{customer:05}"},
                "shipper": {
                    "name": f"发货人{customer:05}",
                    "phone": f"138{customer:08}",
                    "city": "广州",
                    "state": STATES[customer % len(STATES)],
                    "country": "CN",
                },
                "consignee": {
                    "name": rng.choice(SURNAMES) + "先生",
                    "phone": f"139{rng.randrange(10**8):08}",
                    "street": f"人民路{rng.randrange(999)}号",
                    "city": "杭州",
                    "state": rng.choice(STATES),
                    "country": "CN",
                },
                "pieces": rng.randrange(1, 4),
                "weight_kg": rng.randrange(1, 3000) / 100,
                "freight": rng.randrange(600, 9000) / 100,
                "currency": "CNY",
                "ordered_at": ordered.isoformat(),
                "promised_at": (ordered + timedelta(days=3)).isoformat(),
            }
        )
    return rows


def events(prefix, first, count, step):
    """The `step`-th event of `count` shipments, as a carrier's feed brings it: new scans of many parcels."""
    rng = random.Random(first * 31 + step)
    rows = []
    for number in range(first, first + count):
        occurred = START + timedelta(seconds=number, hours=6 * (step + 1))
        waybill = f"{prefix}{number:09}"
        rows.append(
            {
                "waybill": waybill,
                "status": JOURNEY[step],
                "occurred_at": occurred.isoformat(),
                "external_id": f"{waybill}-{step}",
                "hub": HUBS[rng.randrange(len(HUBS))],
                "location": "杭州市",
                "description": "快件已到达分拨中心,正发往下一站",
            }
        )
    return rows
