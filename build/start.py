#!/usr/bin/env python3
"""Writes start.ld, the order of the functions that run at a start: start.py PROGRAM > start.ld
How many instructions that start took is told on standard error, by who executed them.

PROGRAM is `gloss` with its symbols, linked without such an order. It is run under valgrind's callgrind from `initialize` to
`exit`, and what it executed is named: by the function's name alone where all that goes by that name
is small, so that the order outlives changes, and else by the very instance, which the next change
of its crate may rename. A name that is gone costs nothing but its place.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter

# How many bytes may be moved along with what runs, for a name that lasts.
SLACK = 1000


def conversation():
    capabilities = {"capabilities": {}, "processId": None, "rootUri": None}
    messages = [
        {"id": 1, "method": "initialize", "params": capabilities},
        {"method": "initialized", "params": {}},
        {"id": 2, "method": "shutdown"},
        {"method": "exit"},
    ]
    for message in messages:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        yield b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def profile(program):
    """What callgrind noted of a start: its lines, and what the numbers in them stand for."""
    with tempfile.TemporaryDirectory() as folder:
        told = f"{folder}/callgrind.out"
        tool = ["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={told}"]
        environment = {"HOME": folder, "GLOSS_DATA_DIR": folder, "PATH": "/usr/bin:/bin"}
        subprocess.run(
            [*tool, program, "lsp"],
            input=b"".join(conversation()),
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        with open(told) as file:
            lines = file.read().splitlines()
    # A name stands beside its number where it comes first, be it as caller or as called.
    name = re.compile(r"c?(ob|fn)=(\(\d+\)) (.+)")
    return lines, {match.group(1, 2): match.group(3) for match in map(name.match, lines) if match}


def executed(program, lines, names):
    """The symbols of the program's functions that ran."""
    own, found = False, set()
    for line in lines:
        kind, _, number = line.partition("=")
        number = number.partition(" ")[0]
        if kind == "ob":
            own = names[kind, number] == program
        elif kind == "fn" and own:
            # Functions that call themselves are numbered by depth.
            found.add(re.sub(r"'\d+$", "", names[kind, number]))
    return found


def instructions(lines, names):
    """How many instructions each object executed: the program, the linker, the libraries."""
    counted, current, is_call = Counter(), None, False
    for line in lines:
        if line.startswith("ob="):
            current = names["ob", line[3:].partition(" ")[0]]
        elif line.startswith("calls="):
            is_call = True
        elif re.match(r"[-+*\d]\S* \d+$", line):
            # The line behind a call tells what that came to, which is counted where it ran.
            if not is_call:
                counted[current] += int(line.split()[1])
            is_call = False
    return counted


def sizes(program):
    """The size in bytes of each function, by its symbol."""
    listed = subprocess.run(
        ["nm", "--print-size", "--defined-only", program], capture_output=True, text=True, check=True
    )
    fields = [line.split() for line in listed.stdout.splitlines()]
    functions = [field for field in fields if len(field) == 4 and field[2] in "tTwW"]
    return {symbol: int(size, 16) for _, size, _, symbol in functions}


def lasting(symbol):
    """The symbol without what a change of its crate renames."""
    if symbol.startswith("_R"):
        return re.sub(r"Cs[0-9A-Za-z]+_", "Cs*_", symbol)
    return re.sub(r"17h[0-9a-f]{16}E.*$", "17h*", symbol)


def main():
    program = sys.argv[1]
    size = sizes(program)
    lines, names = profile(program)
    ran = executed(program, lines, names) & size.keys()
    together = {}
    for symbol in size:
        together.setdefault(lasting(symbol), []).append(symbol)
    ordered = set()
    for symbol in ran:
        others = (other for other in together[lasting(symbol)] if other not in ran)
        is_small = sum(size[other] for other in others) <= SLACK
        ordered.add(lasting(symbol) if is_small else symbol)
    counted = instructions(lines, names)
    print(f"instructions of a start: {counted.total():,}", file=sys.stderr)
    for ran_by, count in counted.most_common():
        print(f"  {count:>10,}  {ran_by}", file=sys.stderr)
    print("/* The functions that run at a start, so that they lie together. By `tests/long start`. */")
    print("SECTIONS {\n  .text.start : {")
    for name in sorted(ordered):
        print(f"    *(.text.{name})")
    print("  }\n}\nINSERT BEFORE .text;")


if __name__ == "__main__":
    main()
