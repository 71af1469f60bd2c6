"""Which broker to use: section [mqtt] of the configuration. Without a broker's address there is no MQTT."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.config import Config

_SECTION = "mqtt"
# Characters that have a meaning in a topic.
_NOT_IN_A_TOPIC = frozenset("#+/$\0")


@dataclass(frozen=True)
class BrokerSettings:
    """How to reach a broker.

    Attributes:
        username: empty for none.
        password: never part of what is printed or logged.
        use_tls: encrypt, and check the broker's certificate.
        ca_file: certificates to trust besides the system's; empty for none.
    """

    address: str
    port: int
    username: str
    password: str = field(repr=False)
    use_tls: bool
    ca_file: str

    @property
    def name(self) -> str:
        """The broker for people, such as `lab.example:1883`."""
        return f"{self.address}:{self.port}"


def broker_settings(config: Config) -> BrokerSettings | None:
    """Return the broker's settings, None when MQTT is off: `broker_address` is blank.

    Raises:
        ConfigError: a value of section [mqtt] cannot be used.
    """
    address = config.text(_SECTION, "broker_address")
    port = config.integer(_SECTION, "broker_port")
    use_tls = config.boolean(_SECTION, "use_tls")
    if not 1 <= port <= 65535:
        raise config.refuse(_SECTION, "broker_port", "a port from 1 to 65535")
    if not address:
        return None
    if _NOT_IN_A_TOPIC & set(config.text("unit", "name")):
        raise config.refuse("unit", "name", "a name without # + / $, which MQTT keeps for itself")
    username, password = config.text(_SECTION, "username"), config.text(_SECTION, "password")
    return BrokerSettings(address, port, username, password, use_tls, config.text(_SECTION, "ca_file"))
