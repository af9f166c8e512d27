# SPDX-License-Identifier: Apache-2.0
"""A wire with an ear: forwards TCP connections and keeps every byte of both directions."""
import socket
import threading


class Tap:
    """`.address` to connect to; `.target` may be set until the first connection comes."""

    def __init__(self, target=None):
        self.target, self.heard, self.lock = target, bytearray(), threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.sockets = [self.listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(self.target)
            except OSError:
                return
            self.sockets += [near, far]
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source, sink):
        try:
            while data := source.recv(65536):
                with self.lock:
                    self.heard += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def bytes(self):
        with self.lock:
            return bytes(self.heard)

    def cut(self):
        """Ends what is connected now."""
        for one in self.sockets[1:]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended by itself

    def close(self):
        self.listener.close()
        self.cut()
        for one in self.sockets:
            one.close()
