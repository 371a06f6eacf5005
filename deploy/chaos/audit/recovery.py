"""How long after each fault packets were still late at the readers of the whole stream, on the node it struck."""

# A packet that takes longer from the hub to a subscriber is late: the node does not keep up.
LATE_MS = 2000
NEVER_SECONDS = 9999


def late_times(trips):
    """Merged [from, to] during which some packet was late. trips = [(sent, received)], milliseconds since 1970."""
    merged = []
    for start, end in sorted((sent + LATE_MS, received) for sent, received in trips if received - sent > LATE_MS):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(end, merged[-1][1])
        else:
            merged.append([start, end])
    return merged


def seconds_late(fault, following, late):
    """From the end of the fault (of a kill: from the kill) until no packet was late, of what began to be late before the next fault."""
    until = max(following["atMs"] if following else float("inf"), fault["liftedMs"])
    ends = [end for start, end in late if start < until and end > fault["atMs"]]
    return max([0, *(end - fault["liftedMs"] for end in ends)]) / 1000


def strikes(fault, node):
    """Whether it is on the way of the node's alerts: its own faults and those of the hub's broker."""
    return fault["target"].startswith(f"{node}-") or fault["target"] == "hub-broker"


def unexplained(late, faults):
    """Of lateness, what did not begin while one of these faults was there or right after it."""
    return [times for times in late if not any(f["atMs"] <= times[0] <= f["liftedMs"] + 2 * LATE_MS for f in faults)]


def recoveries(struck, trips):
    """The seconds for each fault, on the node that took longest. trips = {node: [(sent, received)]}."""
    faults = sorted(struck, key=lambda fault: fault["atMs"])
    seconds = [0] * len(faults)
    for node, of_node in trips.items():
        late = late_times(of_node)
        # What is not on the alerts' way may hold them up all the same, but is not to blame for what something on it does.
        others = unexplained(late, [fault for fault in faults if strikes(fault, node)])
        for at, fault in enumerate(faults):
            is_on_way = strikes(fault, node)
            if fault["target"].startswith("node") and not is_on_way:
                continue
            following = next((later for later in faults[at + 1:] if strikes(later, node) or not is_on_way), None)
            seconds[at] = max(seconds[at], seconds_late(fault, following, late if is_on_way else others))
    return [{"action": f["action"], "target": f["target"], "seconds": s} for f, s in zip(faults, seconds)]


def takeovers(struck, trips_by_filter):
    """From each fault until every filter of the whole stream had delivered something that was sent after it: whoever had its shard, somebody has it."""
    def seconds(fault, trips):
        received = [received for sent, received in trips if sent >= fault["atMs"] and received > 0]
        return (min(received) - fault["atMs"]) / 1000 if received else NEVER_SECONDS
    return [{"action": fault["action"], "target": fault["target"],
             "seconds": max(seconds(fault, trips) for trips in trips_by_filter.values())}
            for fault in sorted(struck, key=lambda fault: fault["atMs"])]


def quantiles(trips):
    times = sorted(received - sent for of_node in trips.values() for sent, received in of_node) or [0]
    return {"p50": times[len(times) // 2], "p99": times[int(len(times) * 0.99)], "max": times[-1]}
