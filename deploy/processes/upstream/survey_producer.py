"""Plays a survey: writes records into a topic, as a producer that is none of ours does. A plan, then one record a line, on stdin."""

import base64
import io
import json
import sys

import fastavro
from confluent_kafka import Producer


def container(record: dict) -> bytes:
    """An Avro object container file with these alerts, each written as a record of the schema."""
    file = io.BytesIO()
    # A block each: readers must put them together.
    fastavro.writer(file, record["schema"], record["alerts"], codec=record["codec"], sync_interval=1)
    return file.getvalue()


plan = json.loads(sys.stdin.readline())
producer = Producer(
    {
        "bootstrap.servers": plan["bootstrap"],
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": plan["user"],
        "sasl.password": plan["password"],
        "enable.idempotence": True,
        "linger.ms": 5,
        "message.max.bytes": 10_000_000,
        "compression.type": plan["compression"],
    }
)
failed = []
values = []
for line in sys.stdin:
    record = json.loads(line)
    value = container(record) if "alerts" in record else base64.b64decode(record["value"])
    values.append(base64.b64encode(value).decode())
    while True:
        try:
            producer.produce(
                plan["topic"],
                value,
                partition=record["partition"],
                key=record.get("key"),
                headers=record.get("headers"),
                timestamp=record["timestamp"],
                on_delivery=lambda error, _: error and failed.append(str(error)),
            )
            break
        except BufferError:
            producer.poll(0.1)
    producer.poll(0)
producer.flush()
json.dump({"failed": failed, "values": values}, sys.stdout)
