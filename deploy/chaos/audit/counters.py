"""Whether what was reported of a filter is true: per visit seen, passed, delivered, over the cap, errors; its state; the ids over its cap."""
import collections

from chaos_rules import FAILS

# Of a visit, the ids of so many alerts over the cap are kept; all are counted.
OVER_CAP_IDS = 1000


def wrong_counters(delivered, by_visit, reports):
    """One text for each visit that was reported wrongly, and one for a filter that is not live, or not suspended if it has to be."""
    entry = delivered.entry
    name, filter_id = entry["name"], entry["id"]
    status = reports.status.get(filter_id)
    state = None if status is None else status["state"]
    # Where none of that visit reached the node, nothing ended it.
    should = "suspended" if by_visit.get(int(entry.get("endsAt", 0))) else "live"
    if state != should:
        yield f"{name} is {state}, not {should}: {None if status is None else status.get('reason')}"
    if should == "suspended":
        return
    for visit, packets in sorted(by_visit.items()):
        verdicts = [p.verdicts.get(name) for p in packets]
        errors = sum(verdict == FAILS for verdict in verdicts)
        copies = collections.Counter(p.alert for p in packets if p.verdicts.get(name, FAILS) != FAILS)
        got = {row["alert"] for row in delivered.by_visit.get(visit, [])}
        beyond = set(copies) - got
        passed = sum(copies.values())
        # Of an alert that came twice, `best` may have counted a copy as one that is there already.
        over = range(len(beyond) if entry["policy"] == "best" else sum(copies[a] for a in beyond), sum(copies[a] for a in beyond) + 1)
        said = reports.visits.get((filter_id, visit))
        true = {"seen": len(packets), "passed": passed, "delivered": len(got), "errors": errors}
        if said is None:
            yield f"{name} visit {visit}: not reported"
            continue
        differs = {key: f"{said[key]}, not {value}" for key, value in true.items() if said[key] != value}
        if said["overCap"] not in over:
            differs["overCap"] = f"{said['overCap']}, not {over.start}..{over.stop - 1}"
        ids, total = reports.over_cap_ids[filter_id, visit], reports.over_cap[filter_id, visit]
        if total != said["overCap"]:
            differs["overCapTopic"] = f"{total}, status says {said['overCap']}"
        if len(beyond) < OVER_CAP_IDS and set(ids) != beyond:
            differs["overCapIds"] = f"{len(set(ids) - beyond)} wrong, {len(beyond - set(ids))} missing"
        if differs:
            yield f"{name} visit {visit}: {differs}"
