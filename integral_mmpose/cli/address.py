"""Where the page is served."""

import socket


def check_address(host: str, port: int) -> None:
    """Raise ValueError if the port is taken or the address is not ours."""
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        reason = str(error.strerror).partition(' (')[0]
        raise ValueError(
            f'{host}, port {port}: {reason}. Choose another --port or --host'
        ) from error
