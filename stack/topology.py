"""The whole system on one page: who runs, what each owns, who listens to whom.

Everything that needs to know this reads it here: the supervisor, the databases and roles, NATS permissions
(`deploy/nats.conf` is generated from this file), the environment of every process, backup and restore, the tests.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Application:
    """One process and one database. A service has a stream of events as well; the gateway has none."""

    name: str
    factory: str
    """ASGI factory for `uvicorn --factory`."""
    reads: tuple[str, ...] = ()
    """The services whose events it consumes."""
    has_stream: bool = True
    follows_itself: bool = False
    """Each of its processes reads its own stream, for clients who follow what changes."""

    @property
    def package(self) -> str:
        """The Python package that holds its code and migrations."""
        return self.factory.partition(".main:")[0]

    @property
    def prefix(self) -> str:
        """What its environment variables begin with."""
        return f"{self.name.upper()}_"

    @property
    def stream(self) -> str:
        return self.name.upper()

    @property
    def subjects(self) -> str:
        """Everything that it, and nobody else, may publish."""
        return f"kaiyuan.{self.name}.>"

    @property
    def inbox(self) -> str:
        """Prefix of the subjects on which it receives answers and pulled messages."""
        return f"_INBOX_{self.name}"

    @property
    def owner_role(self) -> str:
        """Owns the database and migrates it; no running process knows its password."""
        return f"{self.name}_owner"

    @property
    def app_role(self) -> str:
        """What the process connects as: not the owner, so that row-level security holds."""
        return f"{self.name}_app"

    def consumer_of(self, source: str) -> str:
        """The durable consumer with which it reads `source`'s stream."""
        return f"{self.name}__{source}"


RESIDENTS = Application("residents", "services.residents.main:create_app", reads=("dispatch", "requests"))
REQUESTS = Application(
    "requests", "services.requests.main:create_app", reads=("residents", "dispatch"), follows_itself=True
)
MERCHANTS = Application("merchants", "services.merchants.main:create_app", reads=("residents",))
DISPATCH = Application("dispatch", "services.dispatch.main:create_app", reads=("requests", "residents"))
GATEWAY = Application("gateway", "gateway.main:create_app", has_stream=False)

SERVICES = (RESIDENTS, REQUESTS, MERCHANTS, DISPATCH)
APPLICATIONS = (*SERVICES, GATEWAY)

OPERATOR = "operator"
"""The NATS user of the command line: inspects and purges every stream."""

DEFAULT_PORT = 8365
"""The gateway's; everything else listens on free ports of 127.0.0.1."""


def application(name: str) -> Application:
    """The application called `name`; KeyError if there is none."""
    return {each.name: each for each in APPLICATIONS}[name]
