"""An SFTP server (paramiko) as a process: prints its port and host key, then serves a directory. Arguments: directory, cuts.

``cuts`` says how many connections break after half a megabyte.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from pathlib import Path

import paramiko
from paramiko import SFTP_FAILURE, SFTP_NO_SUCH_FILE, SFTP_OK, SFTPAttributes, SFTPHandle, SFTPServer, SFTPServerInterface

ROOT, CUTS = Path(sys.argv[1]), [int(sys.argv[2])]
CUT_AFTER = 512 * 1024


class Login(paramiko.ServerInterface):
    def check_auth_password(self, username, password):
        good = (username, password) == ("station", "s3cret/?")
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED

    def get_allowed_auths(self, username):
        return "password"


class File(SFTPHandle):
    moved = 0
    transport = None

    def _count(self, size):
        File.moved += size
        if File.moved > CUT_AFTER and CUTS[0] > 0:
            CUTS[0] -= 1
            File.moved = 0
            File.transport.sock.shutdown(socket.SHUT_RDWR)
            time.sleep(0.3)

    def read(self, offset, length):
        data = super().read(offset, length)
        if isinstance(data, bytes):
            self._count(len(data))
        return data

    def write(self, offset, data):
        status = super().write(offset, data)
        self.writefile.flush()
        self._count(len(data))
        return status

    def stat(self):
        return SFTPAttributes.from_stat(os.fstat((self.readfile or self.writefile).fileno()))


class Files(SFTPServerInterface):
    def _real(self, path):
        return ROOT / self.canonicalize(path).lstrip("/")

    def stat(self, path):
        try:
            return SFTPAttributes.from_stat(self._real(path).stat())
        except FileNotFoundError:
            return SFTP_NO_SUCH_FILE

    lstat = stat

    def open(self, path, flags, attr):
        try:
            fd = os.open(self._real(path), flags, 0o644)
        except FileNotFoundError:
            return SFTP_NO_SUCH_FILE
        except OSError:
            return SFTP_FAILURE
        handle = File(flags)
        mode = "r+b" if flags & os.O_RDWR else "wb" if flags & os.O_WRONLY else "rb"
        file = os.fdopen(fd, mode, buffering=0 if "b" in mode and mode != "rb" else -1)
        handle.readfile = handle.writefile = file
        return handle

    def remove(self, path):
        self._real(path).unlink()
        return SFTP_OK


key = paramiko.RSAKey.generate(2048)
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], key.fingerprint, flush=True)


def serve(connection):
    transport = paramiko.Transport(connection)
    transport.add_server_key(key)
    transport.set_subsystem_handler("sftp", SFTPServer, Files)
    File.transport = transport
    try:
        transport.start_server(server=Login())
    except (paramiko.SSHException, EOFError, OSError):
        return


while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
