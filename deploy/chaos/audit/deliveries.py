"""What is wrong with what a subscriber found of one filter and visit, by the packets that its node can have got."""
import collections
import hashlib

from best_visits import expected_best
from chaos_rules import FAILS

# Packets that were sent so long before another are evaluated before it, whatever stood still in between.
BACKLOG_MS = 37_000


def row_of(message):
    """(visit, delivery)"""
    headers = {key: value.decode() for key, value in message.headers()}
    return int(headers["skysieve-visit"]), delivery(headers, message.offset(), hashlib.sha256(message.value()).hexdigest())


def delivery(headers, offset, sha):
    """`sha`: None where the reader does not hand the bytes out."""
    return {"alert": int(headers["skysieve-alert"]), "position": int(headers["skysieve-position"]), "source": headers["skysieve-source"],
            "evaluated": headers["skysieve-evaluated"], "offset": offset, "sha": sha}


class Tally:
    def __init__(self):
        self.counts = collections.Counter()
        self.problems = []

    def add(self, kind, text, number=1):
        if number > 0:
            self.counts[kind] += number
            self.problems.append(f"{kind}: {text}")


def audit_visit(tally, plan, delivered, visit, packets, hub, log, arrivals, ends_ms):
    """Compares the deliveries of one filter and visit with what the packets that its node can have got ask for."""
    name, cap, ends_at = delivered.entry["name"], delivered.entry["cap"], int(delivered.entry.get("endsAt", 0))
    where = f"{delivered.label} visit {visit}"
    want = {p.alert: p.verdicts[name] for p in packets if p.verdicts.get(name, FAILS) != FAILS and p.visit != ends_at}
    rows = delivered.by_visit.get(visit, [])
    got = {row["alert"] for row in rows}
    tally.add("duplicated", f"{where}: {len(rows) - len(got)} alerts more than once", len(rows) - len(got))
    tally.add("overCap", f"{where}: {len(got)} delivered, the cap is {cap}", len(got) - cap)
    tally.add("wrongDeliveries", f"{where}: not passing: {sorted(got - set(want))[:5]}", len(got - set(want)))
    for row in rows:
        if row["alert"] in hub and row["sha"] not in (None, hub[row["alert"]].sha):
            tally.add("wrongDeliveries", f"{where}: the bytes of {row['alert']} differ")
    positions = sorted(row["position"] for row in rows)
    if positions != list(range(1, len(positions) + 1)):
        tally.add("wrongDeliveries", f"{where}: positions are {positions[:25]}")
    if ends_at > 0 and (not packets or max(p.sent_ms for p in packets) > ends_ms - BACKLOG_MS):
        return  # It was suspended meanwhile: what it delivered was to be right, but need not be there.
    if delivered.entry["policy"] == "first":
        tally.add("lost", f"{where}: {len(got & set(want))} of {min(cap, len(want))}", min(cap, len(want)) - len(got & set(want)))
        return
    expected, order, why = expected_best(plan, rows, packets, want, cap, log, arrivals)
    missing, extra = expected - got, (got & set(want)) - expected
    tally.add("lost", f"{where}: missing of the best: {sorted(missing)[:5]}", len(missing))
    tally.add("wrongDeliveries", f"{where}: not among the best: {sorted(extra)[:5]}", len(extra) if not missing else 0)
    tally.add("wrongDeliveries", f"{where}: {why}", 1 if why else 0)
    if not missing and not extra and [r["alert"] for r in sorted(rows, key=lambda r: r["position"])] != order:
        tally.add("wrongDeliveries", f"{where}: not in the order of their scores")


class Reached:
    """What a node can have got: the packets that are in none of its gaps. Of an alert that came twice the first time counts."""

    def __init__(self, packets):
        self.sent_ms, self.by_visit = {}, collections.defaultdict(list)
        for packet in packets:
            self.sent_ms.setdefault(packet.alert, packet.sent_ms)
            self.by_visit[packet.visit].append(packet._replace(sent_ms=self.sent_ms[packet.alert]))
