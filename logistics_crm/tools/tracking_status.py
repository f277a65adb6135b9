"""The canonical tracking statuses: where a shipment is.

Why something is off is a second axis, the *reason* (`logistics.reason`).
The order of STATUSES is the order of a parcel's life; it breaks ties between events of the same instant.
"""

# Lists, because Odoo registers only selections that are lists.
STATUSES = [
    ("created", "Created"),
    ("confirmed", "Confirmed"),
    ("picked_up", "Picked Up"),
    ("departed", "Departed"),
    ("in_transit", "In Transit"),
    ("arrived_hub", "Arrived at Hub"),
    ("customs", "Customs"),
    ("out_for_delivery", "Out for Delivery"),
    ("ready_for_pickup", "Ready for Pickup"),
    ("attempt_failed", "Attempt Failed"),
    ("exception", "Exception"),
    ("delivered", "Delivered"),
    ("returning", "Returning"),
    ("returned", "Returned"),
    ("cancelled", "Cancelled"),
    ("expired", "No Trace"),
]
RANK = {status: rank for rank, (status, _label) in enumerate(STATUSES)}

# Only an office did something: it never takes back a parcel that was already handled.
OFFICE = frozenset({"created", "confirmed"})
# Somebody handled the parcel on its way; the first of these is the pickup.
HANDLED = frozenset(
    {
        "picked_up",
        "departed",
        "in_transit",
        "arrived_hub",
        "customs",
        "out_for_delivery",
        "ready_for_pickup",
        "attempt_failed",
    }
)
# The journey is over; only a later return or an undone delivery changes these.
FINAL = frozenset({"delivered", "returned", "cancelled"})
OPEN = tuple(status for status, _label in STATUSES if status not in FINAL)

CLASSIFIERS = [("actual", "Actual"), ("estimated", "Estimated"), ("planned", "Planned")]
