"""A full-stream reader as a community broker would write it: confluent-kafka with the settings that packets of this size need.

Reads its plan as JSON from standard input; prints a line when it is assigned and one with what it read.
"""

import json
import sys
import time

from confluent_kafka import Consumer

from kafka_login import login

plan = json.loads(sys.stdin.readline())
consumer = Consumer(
    {
        **login(plan),
        "group.id": plan["user"],
        "auto.offset.reset": plan["from"],
        "fetch.queue.backoff.ms": 10,
    }
)
begun = time.time()
consumer.subscribe([plan["topic"]], on_assign=lambda *_: print(json.dumps({"assigned": time.time()}), flush=True))
count, size, late, ended = 0, 0, [], begun
while count < plan["messages"] and time.time() - begun < plan["limit"]:
    for message in consumer.consume(200, 0.1):
        if message.error():
            raise SystemExit(str(message.error()))
        ended = time.time()
        count += 1
        size += len(message.value())
        late.append(ended - message.timestamp()[1] / 1000)
consumer.close()
late.sort()


def at(share):
    return late[min(len(late) - 1, int(share * len(late)))] if late else None


print(
    json.dumps(
        {
            "messages": count,
            "bytes": size,
            "begun": begun,
            "ended": ended,
            "p50": at(0.5),
            "p99": at(0.99),
            "max": at(1),
            "cpuSeconds": time.process_time(),
        }
    )
)
