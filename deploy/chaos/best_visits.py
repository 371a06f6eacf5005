"""What a `best` filter should have delivered of a visit, by the documented rule of when a visit is over.

A visit is over when the stream's clock is quietMs past its newest packet or deadlineMs past its first; the clock is the slowest partition's
newest timestamp, or, where a partition was read to its end, the moment that end was asked for, or earlier where packets come late. So there is a first
moment at which it may be over. What could be read on the node by then counts, unless its timestamp lies behind such a gap; what came later counts where
the clock was slower. When a close was seen says little: its winners are read again first, and a process that was killed does so when it is back.
"""
import datetime

# The end that was asked for at a moment may not show what was committed right before it.
MARGIN_MS = 100


def milliseconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def last_in_time(times, closing):
    """Newest timestamp before the first gap that ends the visit."""
    newest = times[0]
    for at in times[1:]:
        if at - newest >= closing["quietMs"] or at - times[0] >= closing["deadlineMs"]:
            break
        newest = at
    return newest


def may_close_ms(times, closing):
    """The first moment at which a visit may be over, by (when it could be read, timestamp) of its packets: all others may come later."""
    (_, first), newest = times[0], times[0][1]
    for readable, sent in times[1:]:
        if readable > min(newest + closing["quietMs"], first + closing["deadlineMs"]) - MARGIN_MS:
            break
        first, newest = min(first, sent), max(newest, sent)
    return min(newest + closing["quietMs"], first + closing["deadlineMs"])


def expected_best(plan, rows, packets, want, cap, log, arrivals):
    """(ids that must be delivered, the same best first, what is wrong with the time of the close). Ids that may count either way count if delivered."""
    got = {row["alert"] for row in rows}
    if not packets or not rows:
        order = best_first(want, cap)
        return set(order), order, None

    def readable_ms(alert):
        if alert not in arrivals:
            return float("inf")
        topic, partition, offset = arrivals[alert].rsplit("-", 2)
        return log.time(topic, int(partition), int(offset))

    closing = plan["closing"]
    # Of an alert that came twice, it is known of the first copy alone when it could be read.
    first_copies = {p.alert: p.sent_ms for p in sorted(packets, key=lambda p: -p.sent_ms)}
    newest_ms = last_in_time(sorted(p.sent_ms for p in packets), closing)
    times = sorted((readable_ms(alert), sent) for alert, sent in first_copies.items() if sent <= newest_ms)
    may_ms = may_close_ms(times, closing)
    in_time = {alert for alert, sent in first_copies.items() if sent <= newest_ms and readable_ms(alert) <= may_ms - MARGIN_MS}
    order = best_first({alert: score for alert, score in want.items() if alert in in_time or alert in got}, cap)
    # Its winners go out some at a time; with the first of them it is closed.
    closed_ms = min(milliseconds(row["evaluated"]) for row in rows)
    why = f"closed {(may_ms - closed_ms) / 1000:.1f} s too early" if closed_ms < may_ms else None
    return set(order), order, why


def best_first(scores, cap):
    """Higher score first; of equal scores the smaller id."""
    return sorted(scores, key=lambda alert: (-scores[alert], alert))[:cap]
