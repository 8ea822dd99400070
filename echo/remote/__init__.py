"""The engine elsewhere: servers of OpenAI's protocol that compute for this Echo. Knows no people and no rows.

The same interface as the engine in this process, with which it stands side by side (`joined`). A green thread
and a socket of its own for each answer (docs/decisions/0010-engine-elsewhere.md).
"""

from echo.remote.config import RemoteConfig, shown
from echo.remote.engine import RemoteEngine
from echo.remote.joined import JoinedEngines

__all__ = ["JoinedEngines", "RemoteConfig", "RemoteEngine", "shown"]
