"""The published way in Python: a confluent-kafka consumer and fastavro for each filter. Settings as JSON on stdin, result as JSON on stdout."""
import io, json, resource, sys, uuid
import fastavro
from confluent_kafka import Consumer

task = json.load(sys.stdin)
schemas = {int(id): fastavro.parse_schema(json.loads(text)) for id, text in task["schemas"].items()}
consumer = Consumer({
    "bootstrap.servers": task["access"]["bootstrap"], "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-512",
    "sasl.username": task["access"]["user"], "sasl.password": task["access"]["password"],
    "group.id": "published-" + uuid.uuid4().hex, "auto.offset.reset": "earliest", "enable.auto.commit": False,
})
consumer.subscribe([task["topic"]])
cpu = lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
seen = passed = 0
before = None
while seen < task["alerts"]:
    message = consumer.poll(10)
    if message is None or message.error():
        continue
    before = cpu() if before is None else before
    packet = message.value()
    s = fastavro.schemaless_reader(io.BytesIO(packet[5:]), schemas[int.from_bytes(packet[1:5], "big")])["diaSource"]
    if (s["snr"] or 0) > 6 and (s["reliability"] or 0) > 0.4 and (s["psfFlux"] or 0) / (s["psfFluxErr"] or 1) > 5:
        passed += 1
    seen += 1
print(json.dumps({"alertsPerCpuSecond": round(seen / (cpu() - before)), "passed": passed}))
