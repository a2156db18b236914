"""Clients that ask the example app without end."""

import http.client
import threading

from common import PATIENCE, until


class Load(threading.Thread):
    """Asks again and again, over one connection that is kept or over new ones, until it is ended."""

    def __init__(self, port, keep):
        super().__init__(daemon=True)
        self.port, self.keep = port, keep
        self.answered, self.failed, self.ended = 0, [], False

    def run(self):
        connection = None
        while not self.ended:
            fresh = connection is None
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
                connection.request("GET", "/x")
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200 or b"You asked for /x" not in body:
                    self.failed.append(f"{answer.status} {body[:200]}")
                self.answered += 1
                if not self.keep or answer.getheader("connection") == "close":
                    connection.close()
                    connection = None
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(f"{error!r} on a {'new' if fresh else 'kept'} connection")
                connection = None


def goes_on(load):
    """Every one of them is answered."""
    seen = [each.answered for each in load]
    until("all are answered", lambda: all(each.answered > old + 10 for each, old in zip(load, seen)))


def none_failed(load):
    """Ends the clients; how many answers they got."""
    for each in load:
        each.ended = True
    for each in load:
        each.join(PATIENCE)
        assert not each.failed, f"{len(each.failed)} of {each.answered} failed, the first: {each.failed[0]}"
    return sum(each.answered for each in load)
