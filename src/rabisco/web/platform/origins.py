"""Who stands between this server and its readers: proxies that speak for clients, and sites whose pages ask it."""

from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any

from rabisco.settings import Settings

if TYPE_CHECKING:
    from flask import Flask, Response

# Set in the environment of what a trusted proxy passed on: its client may be anywhere.
FORWARDED = "rabisco.forwarded"


def apply_proxy_headers(environ: dict[str, Any], settings: Settings) -> None:
    """Put what a trusted proxy says of its client into the environment; once, however often it is asked."""
    if not settings.trusted_proxies or FORWARDED in environ:
        return
    try:
        address = ip_address(environ.get("REMOTE_ADDR", "").partition("%")[0])
    except ValueError:
        return
    if any(address in network for network in _networks(settings.trusted_proxies)):
        from werkzeug.middleware.proxy_fix import ProxyFix

        environ[FORWARDED] = True
        fix: Any = ProxyFix(lambda *_: (), x_for=1, x_proto=1, x_host=1, x_port=0, x_prefix=1)
        fix(environ, lambda *_: None)


@cache
def _networks(listed: str) -> list[IPv4Network | IPv6Network]:
    return [ip_network(one, strict=False) for one in listed.replace(",", " ").split()]


def is_allowed(origin: str | None, settings: Settings) -> bool:
    """Return whether the pages of a site may ask this server."""
    return bool(origin) and origin in settings.allowed_origins.replace(",", " ").split()


def init_app(app: "Flask") -> None:
    """Tell browsers which sites may read the answers."""
    from flask import request

    settings: Settings = app.config["RABISCO"]
    if not settings.allowed_origins:
        return

    @app.after_request
    def allow(response: "Response") -> "Response":
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if is_allowed(origin, settings):
            response.headers["Access-Control-Allow-Origin"] = str(origin)
            response.headers["Access-Control-Expose-Headers"] = "X-Request-ID, Retry-After"
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            if request.method == "OPTIONS":
                response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, DELETE"
                response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, X-Request-ID"
                response.headers["Access-Control-Max-Age"] = "600"  # seconds
        return response
