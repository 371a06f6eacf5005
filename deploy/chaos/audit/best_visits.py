"""What a `best` filter should have delivered of a visit, by the documented rule of when a visit is over.

A visit is over when the stream's clock is quietMs past its newest packet or deadlineMs past its first. The clock is that of the survey, as far as the node
knows it: a node that is cut off does not go on. So what counts goes by the times at which packets were sent, whenever they arrived, and the first moment at
which a visit may be over as well; what arrived too late for the engine to wait, or was sent about when the visit ended, may count or not. When a close was seen
says little: its winners are read again first, and a process that was killed does so when it is back.
"""
import datetime

# Between being sent and being readable, where nothing stands still: whatever was sent less than this before the end may have come too late.
WAY_MS = 3000
# The engine waits for a hub that is silent for no longer than a visit's deadline; this much later a packet is sure to have been waited for.
WAITED_MS = 60_000


def milliseconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def over_ms(times, closing, way_ms=0):
    """When the visit is over, by the times at which its packets were sent, ascending; what is sent `way_ms` before that comes too late."""
    first = newest = times[0]
    for at in times[1:]:
        if at >= min(newest + closing["quietMs"], first + closing["deadlineMs"]) - way_ms:
            break
        newest = at
    return min(newest + closing["quietMs"], first + closing["deadlineMs"])


def expected_best(plan, rows, packets, want, cap, log, arrivals):
    """(ids that must be delivered, the same best first, what is wrong with the time of the close). Ids that may count either way count if delivered."""
    got = {row["alert"] for row in rows}
    if not packets or not rows:
        order = best_first(want, cap)
        return set(order), order, None

    def way_ms(alert, sent):
        if alert not in arrivals:
            return float("inf")
        topic, partition, offset = arrivals[alert].rsplit("-", 2)
        return log.time(topic, int(partition), int(offset)) - sent

    # Of an alert that came twice, it is known of the first copy alone when it could be read.
    first_copies = {p.alert: p.sent_ms for p in sorted(packets, key=lambda p: -p.sent_ms)}
    waited_for = {alert: sent for alert, sent in first_copies.items() if way_ms(alert, sent) < WAITED_MS}
    may_ms = over_ms(sorted(waited_for.values() or first_copies.values()), plan["closing"], WAY_MS)
    in_time = {alert for alert, sent in waited_for.items() if sent < may_ms - WAY_MS}
    order = best_first({alert: score for alert, score in want.items() if alert in in_time or alert in got}, cap)
    # Its winners go out some at a time; with the first of them it is closed.
    closed_ms = min(milliseconds(row["evaluated"]) for row in rows)
    why = f"closed {(may_ms - closed_ms) / 1000:.1f} s too early" if closed_ms < may_ms else None
    return set(order), order, why


def best_first(scores, cap):
    """Higher score first; of equal scores the smaller id."""
    return sorted(scores, key=lambda alert: (-scores[alert], alert))[:cap]
