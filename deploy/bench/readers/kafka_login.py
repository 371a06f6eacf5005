"""How the benches' Python clients reach a broker."""


def login(access):
    """Settings of confluent-kafka for a BrokerAccess."""
    return {
        "bootstrap.servers": access["bootstrap"],
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": access["user"],
        "sasl.password": access["password"],
    }
