"""The subscriber of the chain bench: confluent-kafka as it comes, reading what is committed, and noting when each delivery is there.

Reads its plan as a line of JSON from standard input and prints a line when it has its partitions. After that it answers each further line with one line of JSON,
what it received since the last one, and ends with its input.
"""

import json
import os
import select
import sys
import time

from confluent_kafka import Consumer

from kafka_login import login

plan = json.loads(sys.stdin.readline())
consumer = Consumer(
    {
        **login(plan),
        "group.id": f"bench-{os.getpid()}",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
    }
)
consumer.subscribe(plan["topics"], on_assign=lambda *_: print("assigned", flush=True))
received = []
while True:
    message = consumer.poll(0.05)
    now = time.time() * 1000
    if message is not None:
        if message.error():
            raise SystemExit(str(message.error()))
        headers = dict(message.headers())
        received.append(
            {
                "topic": message.topic(),
                "visit": headers["skysieve-visit"].decode(),
                "source": headers["skysieve-source"].decode(),
                "evaluated": headers["skysieve-evaluated"].decode(),
                "writtenMs": message.timestamp()[1],
                "receivedMs": now,
            }
        )
    if select.select([sys.stdin], [], [], 0)[0]:
        if not sys.stdin.readline():
            break
        print(json.dumps(received), flush=True)
        received = []
consumer.close()
