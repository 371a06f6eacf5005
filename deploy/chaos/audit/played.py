"""What the hub acknowledged, from the journal that the player kept: the truth of an audit. What the hub still has is compared with it."""
import collections
import hashlib
import io
import json
import multiprocessing

import fastavro

from chaos_rules import rule_of
from topic_tail import TopicTail

FRAME_BYTES = 5
READERS = 2
Packet = collections.namedtuple("Packet", "alert visit sent_ms sha verdicts partition offset")


def acknowledged(plan):
    """Every line of the journal."""
    with open(plan["journal"]["acknowledged"]) as file:
        return [json.loads(line) for line in file]


class Decoder:
    """What each filter says to a packet."""

    def __init__(self, plan):
        self.schema = fastavro.parse_schema(json.loads(plan["schema"]))
        self.schema_id, self.topic = plan["schemaId"], plan["topic"]
        self.rules = {f["name"]: rule_of(f["name"]) for f in plan["filters"]}

    def read(self, body):
        """(alert, visit, verdicts)"""
        if int.from_bytes(body[1:FRAME_BYTES], "big") != self.schema_id:
            raise SystemExit(f"a packet of {self.topic} names another schema")
        alert = fastavro.schemaless_reader(io.BytesIO(body[FRAME_BYTES:]), self.schema)
        verdicts = {name: verdict for name, rule in self.rules.items() if (verdict := rule(alert)) is not None}
        source = alert["diaSource"]
        return source["diaSourceId"], source["visit"], verdicts


def read_played(plan, part, parts):
    """The packets of the journal whose alerts fall to this part; a packet that was sent twice is decoded once."""
    decoder, known, packets = Decoder(plan), {}, []
    with open(plan["journal"]["packets"], "rb") as file:
        for line in acknowledged(plan):
            if int(line["alert"]) % parts != part:
                continue
            if line["sha256"] not in known:
                file.seek(line["at"])
                known[line["sha256"]] = decoder.read(file.read(line["bytes"]))
            alert, visit, verdicts = known[line["sha256"]]
            packets.append(Packet(alert, visit, line["sentMs"], line["sha256"], verdicts, line["partition"], line["offset"]))
    return packets


def read_hub(plan, partition):
    """
    What the hub still has of a partition: (its first offset, offset -> SHA-256, packets that it has and did not acknowledge: of a request whose answer was lost).
    """
    known = {line["offset"] for line in acknowledged(plan) if line["partition"] == partition}
    sent_ms = {}
    for line in acknowledged(plan):
        sent_ms[int(line["alert"])] = min(line["sentMs"], sent_ms.get(int(line["alert"]), line["sentMs"]))
    decoder, shas, more = Decoder(plan), {}, []
    # Retention goes on while this is read.
    tail = TopicTail(plan["hub"], plan["topic"], [partition], lost="earliest")
    for message in tail.new():
        sha = hashlib.sha256(message.value()).hexdigest()
        shas[message.offset()] = sha
        if message.offset() not in known:
            alert, visit, verdicts = decoder.read(message.value())
            more.append(Packet(alert, visit, sent_ms.get(alert, message.timestamp()[1]), sha, verdicts, partition, message.offset()))
    first = tail.first(partition)
    tail.close()
    return first, shas, more


def audit_hub(tally, plan, packets, held):
    """Whether the hub has, or had, each packet where it said. held: partition -> read_hub's answer."""
    own = collections.defaultdict(set)
    for packet in packets:
        first, shas, _ = held[packet.partition]
        own[packet.partition].add(packet.offset)
        if packet.offset in shas and shas[packet.offset] != packet.sha:
            tally.add("wrongDeliveries", f"the hub has other bytes of {packet.alert}")
        if packet.offset not in shas and packet.offset >= first:
            tally.add("lost", f"{packet.alert} was acknowledged and is not in the hub")
    for partition, (first, _, _) in held.items():
        unknown = set(range(first)) - own[partition]
        tally.add("lost", f"partition {partition}: nobody knows what was at {sorted(unknown)[:5]}, which the hub deleted", len(unknown))


def read_packets(plan):
    """All packets that were to be sent, by their time, and what the hub has of each partition. Read in several processes."""
    tail = TopicTail(plan["hub"], plan["topic"])
    partitions = sorted(tail.partitions)
    tail.close()
    with multiprocessing.Pool(READERS) as pool:
        played = pool.starmap_async(read_played, [(plan, part, READERS) for part in range(READERS)], chunksize=1)
        held = dict(zip(partitions, pool.starmap(read_hub, [(plan, partition) for partition in partitions], chunksize=1)))
        packets = [packet for part in played.get() for packet in part]
    packets += [packet for _, _, more in held.values() for packet in more]
    packets.sort(key=lambda packet: packet.sent_ms)
    return packets, held
