"""The few steps of a journey, as a recipient thinks of it."""

ORDERED, PICKED_UP, ON_THE_WAY, OUT, ARRIVED = range(5)

_STEP = {
    "created": ORDERED,
    "confirmed": ORDERED,
    "picked_up": PICKED_UP,
    "departed": ON_THE_WAY,
    "in_transit": ON_THE_WAY,
    "arrived_hub": ON_THE_WAY,
    "customs": ON_THE_WAY,
    "out_for_delivery": OUT,
    "ready_for_pickup": OUT,
    "attempt_failed": OUT,
    "delivered": ARRIVED,
}
_BACK = ("returning", "returned")


def progress(status, log):
    """The steps of a shipment: list of (name, state), state being done, current, problem or todo.

    :param log: statuses of its actual events, in any order; where `status` names no place (an exception …), the
        furthest step that was reached counts
    """
    if status == "cancelled":
        return [("ordered", "done"), ("cancelled", "problem")]
    reached = _STEP.get(status)
    if reached is None:
        # A delivery that an exception undid does not count as reached.
        reached = max((_STEP[entry] for entry in log if entry in _STEP and entry != "delivered"), default=ORDERED)
    names = ["ordered", "picked_up", "on_the_way", "out_for_delivery", "delivered"]
    if status in _BACK:
        names = [*names[: min(reached, OUT) + 1], "returning", "returned"]
        reached = len(names) - 1 if status == "returned" else len(names) - 2
    states = []
    for number, name in enumerate(names):
        if number < reached or (number == reached and number == len(names) - 1):
            state = "done"
        elif number == reached:
            state = "problem" if status in ("exception", "attempt_failed", "expired") else "current"
        else:
            state = "todo"
        states.append((name, state))
    return states
