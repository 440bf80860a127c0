"""Headers that keep a browser from doing anything on these pages but what Rabisco wrote."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask, Response

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; script-src 'self'; style-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PERMISSIONS = "camera=({camera}), geolocation=(), microphone=(), payment=(), usb=()"
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS.format(camera=""),
}


def init_app(app: "Flask") -> None:
    """Send the headers with every answer, errors and static files included; no cache keeps what is one reader's."""
    from flask import g, request

    @app.after_request
    def protect(response: "Response") -> "Response":
        if "personal" in g or (request.method == "POST" and response.mimetype == "text/html"):
            response.headers.setdefault("Cache-Control", "private, no-store")
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def allow_camera(response: "Response") -> "Response":
    """Let the page use the camera, if its reader allows it too."""
    response.headers["Permissions-Policy"] = PERMISSIONS.format(camera="self")
    return response
