"""Wrong access tokens, counted for each address wherever a token is looked at."""

import hmac
from collections.abc import MutableMapping
from ipaddress import IPv6Address, ip_address
from typing import Any

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from rabisco.settings import Settings

# Of one address; then no token of it is looked at for the rest of the minute.
MOST = parse("10/minute")
_LOOKED_AT = "rabisco.token"

_wrong = FixedWindowRateLimiter(MemoryStorage())


def is_token(settings: Settings, given: str, environ: MutableMapping[str, Any]) -> bool:
    """Tell whether a text is the access token; a wrong one is counted, once in a request.

    Args:
        settings: ``access_token``.
        given: What a client sent.
        environ: The request's environment (PEP 3333).
    """
    known = environ.get(_LOOKED_AT)
    if known is None or known[0] != given:
        right = not are_spent(environ) and hmac.compare_digest(given.encode(), settings.access_token.encode())
        if not right:
            _wrong.hit(MOST, _network(environ))
        known = environ[_LOOKED_AT] = given, right
    return bool(known[1])


def are_spent(environ: MutableMapping[str, Any]) -> bool:
    """Tell whether the address of a request has guessed too often."""
    return not _wrong.test(MOST, _network(environ))


def _network(environ: MutableMapping[str, Any]) -> str:
    """Return the address that counts: of IPv6 the half that a provider gives to one customer."""
    text = str(environ.get("REMOTE_ADDR", "")).partition("%")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return text
    return str(int(address) >> 64) if isinstance(address, IPv6Address) else text
