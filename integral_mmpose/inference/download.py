"""Download a URL, with limits of size and time."""

import ipaddress
import socket
import threading
import urllib.request
from contextlib import suppress
from http.client import HTTPException
from urllib.parse import urlsplit

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

    A redirect to another scheme, or from a public to a private address, is
    refused: a server must not make this machine call its own services.
    """

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        """See ``HTTPRedirectHandler``.

        Raises:
            ValueError: If the redirect leads out of the web.
        """
        target = urlsplit(newurl)
        if target.scheme not in ('http', 'https'):
            raise ValueError(f'redirects to {newurl}, which is not http(s)')
        if is_private(target.hostname) and not is_private(
            urlsplit(req.full_url).hostname
        ):
            raise ValueError(f'redirects to the private address {newurl}')
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def is_private(host: str) -> bool:
    """Whether a host name resolves to an address that is not public.

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


class Deadline(urllib.request.HTTPSHandler, urllib.request.HTTPHandler):
    """Handler of urllib that closes its connections after a time limit.

    urllib limits the time of each read only, so a slow server could send for
    ever.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.over = False
        self._sockets: list = []
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def do_open(self, http_class, req, **options):
        """See ``AbstractHTTPHandler``; notes the socket."""
        deadline = self

        class Watched(http_class):
            def connect(self) -> None:
                super().connect()
                deadline._sockets.append(self.sock)
                if deadline.over:
                    deadline._end()

        return super().do_open(Watched, req, **options)

    def cancel(self) -> None:
        """Stop the timer."""
        self._timer.cancel()

    def _end(self) -> None:
        self.over = True
        for connection in self._sockets:
            with suppress(OSError):  # it has been closed
                connection.shutdown(socket.SHUT_RDWR)


def download(url: str) -> bytes:
    """Return the content of a URL.

    Raises:
        OSError: If it cannot be read, ends early, is larger than 64 MB, takes
            longer than a minute, or redirects to a private address.
    """
    deadline, parts, size = Deadline(TOTAL_S), [], 0
    opener = urllib.request.build_opener(CheckedRedirects, deadline)
    try:
        with opener.open(url, timeout=TIMEOUT_S) as answer:
            while part := answer.read1(_PART):
                parts.append(part)
                size += len(part)
                if size > MAX_BYTES:
                    raise OSError(f'is larger than {MAX_BYTES >> 20} MB')
            if answer.length:  # read1 does not mind
                raise OSError(f'ends {answer.length} bytes early')
        if deadline.over:  # an end that the length does not tell
            raise OSError('ends early')
    except (OSError, ValueError, HTTPException) as error:
        reason = f'takes longer than {TOTAL_S} s' if deadline.over else error
        raise OSError(f'{url}: cannot be read ({reason})') from error
    finally:
        deadline.cancel()
    return b''.join(parts)
