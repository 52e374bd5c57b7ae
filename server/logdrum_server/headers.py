"""Headers that every answer carries: what a browser may do with it, and which other pages may read it (C8)."""

from typing import Final

from aiohttp import hdrs, web

from logdrum_server.entry import HUB

PAGE_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",  # a member's colour, a bar's width: numbers that the page sets on elements
        "img-src 'self' data:",
        "font-src 'self'",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""For the page and its files; what is not on it, an injected script would need."""

_ALWAYS: Final = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",  # an address may hold a token (H6)
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_SHARED: Final = {
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers": "authorization, content-type, range, x-logdrum-session, x-logdrum-key",
    "access-control-expose-headers": "content-disposition, content-range, x-logdrum-codec, x-logdrum-mix",
    "access-control-max-age": "600",
}


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Complete an answer before it goes out."""
    response.headers[hdrs.SERVER] = "logdrum"  # whose versions are nobody's business
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and origin.lower() in request.app[HUB].doors.origins.added:
        response.headers.update({"access-control-allow-origin": origin, "vary": "origin", **_SHARED})


async def preflight(request: web.Request) -> web.Response:
    """Answer a browser that asks whether a page from elsewhere may; the headers say it."""
    return web.Response(status=204)
