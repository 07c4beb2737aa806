"""An FTP server (pyftpdlib) as a process: prints its port, then serves a directory. Arguments: directory, mode, cuts.

``mode`` is plain, explicit or implicit; ``cuts`` says how many data connections break after half a megabyte.
"""

from __future__ import annotations

import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import DTPHandler, FTPHandler, TLS_DTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer

root, mode, cuts, pem = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
CUT_AFTER = 512 * 1024


def cutting(base):
    class Cutting(base):
        left = cuts
        moved = 0

        def _count(self, size):
            self.moved += size
            if self.moved > CUT_AFTER and Cutting.left > 0:
                Cutting.left -= 1
                self.close()

        def send(self, data):
            sent = super().send(data)
            self._count(sent)
            return sent

        def recv(self, size):
            data = super().recv(size)
            self._count(len(data))
            return data

    return Cutting


class Implicit(TLS_FTPHandler):
    def handle(self):
        self.secure_connection(self.ssl_context)

    def handle_ssl_established(self):
        super().handle()


authorizer = DummyAuthorizer()
authorizer.add_user("station", "s3cret/?", root, perm="elradfmwMT")
authorizer.add_anonymous(root)
handler = {"plain": FTPHandler, "explicit": TLS_FTPHandler, "implicit": Implicit}[mode]
handler.authorizer = authorizer
handler.use_sendfile = False
handler.auth_failed_timeout = 0
if mode == "plain":
    handler.dtp_handler = cutting(DTPHandler)
else:
    handler.dtp_handler = cutting(TLS_DTPHandler)
    handler.certfile = pem
    handler.tls_control_required = handler.tls_data_required = True
    if mode == "implicit":
        handler.ssl_context = handler.get_ssl_context()
        handler.tls_control_required = False
server = FTPServer(("127.0.0.1", 0), handler)
print(server.address[1], flush=True)
server.serve_forever(handle_exit=True)
