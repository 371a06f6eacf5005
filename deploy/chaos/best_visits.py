"""What a `best` filter should have delivered of a visit, by the documented rule of when a visit is over.

A visit is over when the stream's clock is quietMs past its newest packet or deadlineMs past its first; the clock is the slowest partition's
newest timestamp, or, where a partition was read to its end, the moment that end was asked for. So a packet counts unless it came after the visit was over:
its timestamp lies behind such a gap, or it could be read on the node only when the visit had been closed.
"""
import datetime

# A packet that became readable so shortly before the close may not have been fetched yet.
FETCH_MS = 1500
# A filter in a container may have asked for its partitions' ends before its engine was struck, and closes when that is back.
ENGINE_AWAY_MS = 30_000


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


def asked_ms(plan, entry, closed_ms):
    """Since when packets may have become readable without being in a visit that was closed then."""
    strikes = [s["atMs"] for s in plan["struck"] if s["target"] == "engine" and s["atMs"] <= closed_ms <= s["atMs"] + ENGINE_AWAY_MS]
    return min([closed_ms, *(strikes if entry["name"].startswith("python-") else [])]) - FETCH_MS


def expected_best(plan, entry, rows, packets, want, cap, log, arrivals):
    """(ids that must be delivered, the same best first, what is wrong with the time of the close). Ids that may count either way count if delivered."""
    got = {row["alert"] for row in rows}
    if not packets or not rows:
        order = best_first(want, cap)
        return set(order), order, None
    # Its winners go out some at a time; with the first of them it is closed.
    closed_ms = min(milliseconds(row["evaluated"]) for row in rows)

    def readable_ms(alert):
        if alert not in arrivals:
            return float("inf")
        topic, partition, offset = arrivals[alert].rsplit("-", 2)
        return log.time(topic, int(partition), int(offset))

    closing = plan["closing"]
    fetched_ms = asked_ms(plan, entry, closed_ms)
    newest_ms = last_in_time(sorted(p.sent_ms for p in packets), closing)
    in_time = {p.alert for p in packets if p.sent_ms <= newest_ms and readable_ms(p.alert) < fetched_ms}
    order = best_first({alert: score for alert, score in want.items() if alert in in_time or alert in got}, cap)
    # Of an alert that came twice, it is known of the first copy alone when it could be read.
    first_copies = {p.alert: p.sent_ms for p in sorted(packets, key=lambda p: -p.sent_ms)}
    counted = [sent_ms for alert, sent_ms in first_copies.items() if alert in in_time and sent_ms <= newest_ms]
    first_ms = min(p.sent_ms for p in packets)
    earliest = min(max(counted, default=first_ms) + closing["quietMs"], first_ms + closing["deadlineMs"])
    why = f"closed {(earliest - closed_ms) / 1000:.1f} s too early" if closed_ms < earliest else None
    return set(order), order, why


def best_first(scores, cap):
    """Higher score first; of equal scores the smaller id."""
    return sorted(scores, key=lambda alert: (-scores[alert], alert))[:cap]
