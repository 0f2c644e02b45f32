"""Runs a program on a terminal of its own: terminal.py PROGRAM ARGUMENT...

Each line of standard input is a JSON object: {"type": TEXT} is typed, {"rows": N, "columns": N} resizes the terminal. What the program writes comes to standard
output. Ends with the program's status; then standard error says whether the terminal is in the mode that it was in before.
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios


def resize(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))


def become(arguments, terminal):
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for number in range(3):
        os.dup2(terminal, number)
    os.execv(arguments[0], arguments)


def obey(master, order):
    if 'type' in order:
        os.write(master, order['type'].encode())
    else:
        resize(master, order['rows'], order['columns'])


def main(arguments):
    # This process keeps the terminal's other end open, so that it can be looked at after the program has ended.
    master, terminal = pty.openpty()
    resize(terminal, 24, 80)
    before = termios.tcgetattr(terminal)
    child = os.fork()
    if child == 0:
        become(arguments, terminal)
    status = None
    orders = b''
    sources = [master, 0]
    silent = 0
    while silent < 2:
        ready, _, _ = select.select(sources, [], [], 0.05 if status is None else 0.25)
        if master in ready:
            os.write(1, os.read(master, 65536))
        # What the program has left may still have something to write.
        silent = silent + 1 if status is not None and not ready else 0
        if 0 in ready:
            data = os.read(0, 65536)
            if not data:
                sources.remove(0)
            *lines, orders = (orders + data).split(b'\n')
            for line in lines:
                obey(master, json.loads(line))
        if status is None:
            ended, code = os.waitpid(child, os.WNOHANG)
            if ended:
                status = os.waitstatus_to_exitcode(code)
    os.write(2, b'restored' if termios.tcgetattr(terminal) == before else b'changed')
    sys.exit(status if status >= 0 else 128 - status)


main(sys.argv[1:])
