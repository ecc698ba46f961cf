"""How much memory a process holds, and connections that only take memory."""

import resource
import select
import socket
from contextlib import contextmanager
from pathlib import Path

from figures import LoadFailed

# Open files that the client and the service need besides the connections.
OTHER_FILES = 200
# How often connections are opened in place of those that were idle for too long meanwhile.
TRIES = 5
# How many of them wait to be accepted: of more than the listener has room for, some wait a second longer.
AT_ONCE = 100


def resident_mb(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def allow_open_files():
    """As many as the machine lets this process have, and each that it starts from now on."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def room_for_connections() -> int:
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return allowed - OTHER_FILES


@contextmanager
def idle_connections(port: int, count: int, path: str, token: str):
    """Connections that each had an answer and are kept. Some closed by the end, they fail the run."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-Auth-Token: {token}\r\n\r\n".encode()
    kept = []
    try:
        # The service closes what was idle for five seconds, and opening all may take longer.
        for _ in range(TRIES):
            kept = _without_closed(kept)
            while len(kept) < count:
                kept += _answered(port, min(count - len(kept), AT_ONCE), request)
            if not _closed(kept):
                break
        yield
        if closed := _closed(kept):
            raise LoadFailed(f"{len(closed)} of {count} idle connections were closed before the memory was read")
    finally:
        for connection in kept:
            connection.close()


def _answered(port, count, request):
    opened = []
    for _ in range(count):
        opened.append(socket.create_connection(("127.0.0.1", port)))
        opened[-1].sendall(request)
    for connection in opened:
        status = connection.recv(65536).split(b"\r\n", 1)[0]
        if b" 200 " not in status:
            raise LoadFailed(f"an idle connection was answered {status.decode()!r}")
    return opened


def _closed(connections) -> set[int]:
    """The files of those that have something to say: after their answer only their end."""
    poll = select.poll()
    for connection in connections:
        poll.register(connection, select.POLLIN)
    return {file for file, _ in poll.poll(0)}


def _without_closed(connections):
    closed = _closed(connections)
    for connection in connections:
        if connection.fileno() in closed:
            connection.close()
    return [connection for connection in connections if connection.fileno() != -1]
