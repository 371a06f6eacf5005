"""Reads topics as any read_committed subscriber does, and goes on where it stopped."""
from confluent_kafka import Consumer, KafkaError, TopicPartition

ANSWER_SECONDS = 30


class NotReadable(Exception):
    """The broker does not name the topic to this user, or has none of that name."""


def settings_of(access):
    """A broker with an authority of its own speaks TLS."""
    tls = {"security.protocol": "SASL_SSL", "ssl.ca.pem": access["ca"]} if "ca" in access else {"security.protocol": "SASL_PLAINTEXT"}
    return {"bootstrap.servers": access["bootstrap"], **tls, "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": access["user"], "sasl.password": access["password"]}


class BrokerTail:
    """Any number of topics of one broker, by one client."""

    def __init__(self, access, lost="error", group="skysieve-chaos-audit"):
        """`lost`: what is done where the reader stands before a partition's first offset, as auto.offset.reset has it."""
        self.consumer = Consumer({
            **settings_of(access), "group.id": group, "isolation.level": "read_committed", "enable.auto.commit": False,
            "enable.partition.eof": True, "auto.offset.reset": lost, "fetch.wait.max.ms": 50, "log_level": 2})
        self.read_to = {}

    def follow(self, topic, partitions=None):
        """Begins with a topic at its first offset; nothing where it is followed already. Raises NotReadable."""
        if any(topic == known for known, _ in self.read_to):
            return
        if partitions is None:
            found = self.consumer.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic]
            if found.error:
                raise NotReadable(f"{topic}: {found.error}")
            partitions = found.partitions
        self.read_to.update({(topic, partition): 0 for partition in partitions})
        self.consumer.assign([TopicPartition(*place, offset) for place, offset in self.read_to.items()])

    def new(self):
        """Yields what was committed since the last call, up to the present end of every partition."""
        ends = {place: self.consumer.get_watermark_offsets(TopicPartition(*place), timeout=ANSWER_SECONDS)[1] for place in self.read_to}
        while any(self.read_to[place] < end for place, end in ends.items()):
            message = self.consumer.poll(ANSWER_SECONDS)
            if message is None:
                raise SystemExit(f"no answer in {ANSWER_SECONDS} s: read to {self.read_to} of {ends}")
            error = message.error()
            if error and error.code() != KafkaError._PARTITION_EOF:
                raise SystemExit(f"{message.topic()}: {error}")
            # The end of a partition has an offset too: behind markers, which are not handed out.
            self.read_to[message.topic(), message.partition()] = message.offset() + (0 if error else 1)
            if not error:
                yield message

    def others(self, prefix):
        """The broker's topics whose names begin so."""
        return sorted(name for name in self.consumer.list_topics(timeout=ANSWER_SECONDS).topics if name.startswith(prefix))

    def close(self):
        self.consumer.close()


class TopicTail(BrokerTail):
    """One topic."""

    def __init__(self, access, topic, partitions=None, lost="error"):
        super().__init__(access, lost)
        self.topic = topic
        self.follow(topic, partitions)
        self.partitions = {partition for _, partition in self.read_to}

    def first(self, partition):
        """The first offset that the broker still has."""
        return self.consumer.get_watermark_offsets(TopicPartition(self.topic, partition), timeout=ANSWER_SECONDS)[0]
