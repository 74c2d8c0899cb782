"""The content of a URL, within limits of size and time."""

import ipaddress
import socket
import threading
import time
import urllib.request
from http.client import HTTPException
from urllib.parse import urlsplit

SCHEMES = ('http', 'https')
#: Seconds without a byte, and seconds in all, after which to give up.
TIMEOUT_S, TOTAL_S = 10, 60
#: Largest download in bytes.
MAX_BYTES = 64 * 2**20
_PART = 2**16


def is_url(path) -> bool:
    """Whether a path is an http(s) URL."""
    return str(path).startswith(('http://', 'https://'))


class CheckedRedirects(urllib.request.HTTPRedirectHandler):
    """Follow redirects within the web only.

    A server must not make this machine ask its own services: a redirect to
    another scheme, or to a private address from a public one, is refused.
    """

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        """See ``HTTPRedirectHandler``.

        Raises:
            ValueError: If the redirect leads out of the web.
        """
        target = urlsplit(newurl)
        if target.scheme not in SCHEMES:
            raise ValueError(f'redirects to {newurl}, which is not http(s)')
        if is_private(target.hostname) and not is_private(
            urlsplit(req.full_url).hostname
        ):
            raise ValueError(f'redirects to the private address {newurl}')
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def is_private(host: str) -> bool:
    """Whether a host name has an address that is not of the public network.

    Example:
        >>> is_private('127.0.0.1'), is_private('8.8.8.8')
        (True, False)
    """
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return False  # the request itself will say that it is unknown
    return any(
        not ipaddress.ip_address(str(entry[4][0]).split('%')[0]).is_global
        for entry in found
    )


def download(url: str) -> bytes:
    """The bytes behind a URL.

    A thread of its own reads: a server can also dribble its header, of which
    urllib limits each byte, but not the whole.

    Raises:
        OSError: If it cannot be read, ends early, is larger than 64 MB, takes
            longer than a minute, or redirects to a private address.
    """
    outcome: list = []

    def read() -> None:
        try:
            outcome.append(_read(url))
        except Exception as error:  # raised below
            outcome.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(TOTAL_S + 1)  # _read gives up itself in its body
    found = (
        outcome[0]
        if outcome
        else OSError(f'{url}: cannot be read (takes longer than {TOTAL_S} s)')
    )
    if isinstance(found, Exception):
        raise found
    return found


def _read(url: str) -> bytes:
    opener = urllib.request.build_opener(CheckedRedirects)
    deadline, parts, size = time.monotonic() + TOTAL_S, [], 0
    try:
        with opener.open(url, timeout=TIMEOUT_S) as answer:
            while part := answer.read1(_PART):
                parts.append(part)
                size += len(part)
                if size > MAX_BYTES:
                    raise OSError(f'is larger than {MAX_BYTES >> 20} MB')
                if time.monotonic() > deadline:
                    raise OSError(f'takes longer than {TOTAL_S} s')
            if answer.length:  # read1 does not mind
                raise OSError(f'ends {answer.length} bytes early')
    except (OSError, ValueError, HTTPException) as error:
        raise OSError(f'{url}: cannot be read ({error})') from error
    return b''.join(parts)
