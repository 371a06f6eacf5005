"""How long after each fault packets were still late at the subscribers of the whole stream."""

# A packet that takes longer from the hub to a subscriber is late: the system does not keep up.
LATE_MS = 2000


def late_times(trips):
    """Merged [from, to] during which some packet was late. trips = [(sent, received)], milliseconds since 1970."""
    merged = []
    for start, end in sorted((sent + LATE_MS, received) for sent, received in trips if received - sent > LATE_MS):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(end, merged[-1][1])
        else:
            merged.append([start, end])
    return merged


def recoveries(struck, trips):
    """For each fault the seconds from its end (of a kill: from the kill) until no packet was late, of what began to be late before the next fault."""
    late = late_times(trips)
    faults = sorted(struck, key=lambda fault: fault["atMs"])
    found = []
    for fault, following in zip(faults, [*faults[1:], None]):
        until = max(following["atMs"] if following else float("inf"), fault["liftedMs"])
        ends = [end for start, end in late if start < until and end > fault["atMs"]]
        seconds = max([0, *(end - fault["liftedMs"] for end in ends)]) / 1000
        found.append({"action": fault["action"], "target": fault["target"], "seconds": seconds})
    return found


def quantiles(trips):
    times = sorted(received - sent for sent, received in trips) or [0]
    return {"p50": times[len(times) // 2], "p99": times[int(len(times) * 0.99)], "max": times[-1]}
