"""The published way in Python: a confluent-kafka consumer and fastavro for each filter. Settings as JSON on stdin, result as JSON on stdout."""
import io, json, resource, sys, uuid
import fastavro
from confluent_kafka import Consumer

task = json.load(sys.stdin)
schema = fastavro.parse_schema(json.loads(task["schema"]))
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
    s = fastavro.schemaless_reader(io.BytesIO(message.value()[5:]), schema)["diaSource"]
    if (s["snr"] or 0) > 6 and (s["reliability"] or 0) > 0.4 and s["psfFlux"] / s["psfFluxErr"] > 5:
        passed += 1
    seen += 1
print(json.dumps({"alertsPerCpuSecond": round(seen / (cpu() - before)), "passed": passed}))
