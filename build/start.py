#!/usr/bin/env python3
"""Writes start.ld and job.ld, the order of the functions that run at a start and until the first
job is answered: start.py PROGRAM FOLDER
Tells how many instructions that start took, by who executed them.

PROGRAM is `gloss` with its symbols, linked without such an order. It is run under valgrind's callgrind from `initialize` to
`exit`, without a job and with one that the stand-in answers, and what it executed is named: by the
function's name alone where all that goes by that name is small, so that the order outlives changes,
and else by the very instance, which the next change of its crate may rename. A name that is gone
costs nothing but its place.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

# How many bytes may be moved along with what runs, for a name that lasts.
SLACK = 1000


# A document like others: with doc comments, types and tests.
CODE = Path(__file__).parent.parent / "src/text/shift.rs"


class Editor:
    """One that starts the program under callgrind, and speaks to it."""

    def __init__(self, command, environment):
        self.last_id = 0
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, env=environment, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
        )

    def notify(self, method, params=None, **more):
        message = {"jsonrpc": "2.0", "method": method, **more}
        if params is not None:
            message["params"] = params
        body = json.dumps(message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def request(self, method, params=None):
        self.last_id += 1
        self.notify(method, params, id=self.last_id)
        self.wait(lambda message: message.get("id") == self.last_id and "method" not in message)

    def wait(self, is_it):
        while True:
            length = 0
            while header := self.process.stdout.readline().strip():
                name, _, value = header.partition(b":")
                length = int(value) if name == b"Content-Length" else length
            if not length:
                sys.exit("the program has gone")
            message = json.loads(self.process.stdout.read(length))
            if is_it(message):
                return message


def begin(editor):
    capabilities = {"experimental": {"gloss": {"stream": True}}}
    editor.request("initialize", {"capabilities": capabilities, "processId": None, "rootUri": None})
    editor.notify("initialized", {})


def end(editor):
    editor.request("shutdown")
    editor.notify("exit")
    if editor.process.wait() != 0:
        sys.exit("the program failed")


def work(editor):
    """A menu, and an explanation that is read by a hover."""
    uri = "untitled:a"
    document = {"uri": uri, "languageId": "rust", "version": 1, "text": CODE.read_text()}
    editor.notify("textDocument/didOpen", {"textDocument": document})
    place = {"line": 40, "character": 4}
    at = {"uri": uri, "range": {"start": place, "end": place}}
    on = {"textDocument": {"uri": uri}}
    menu = {**on, "range": at["range"], "context": {"diagnostics": []}}
    editor.request("textDocument/codeAction", menu)
    editor.request("workspace/executeCommand", {"command": "gloss.explain", "arguments": [at]})
    finished = editor.wait(lambda message: message.get("method") == "gloss/finished")
    if error := finished["params"].get("error"):
        sys.exit(error["message"])
    editor.request("textDocument/hover", {**on, "position": place})


def profile(program, *steps):
    """What callgrind noted of these steps: its lines, and what the numbers in them stand for."""
    with tempfile.TemporaryDirectory() as folder:
        told = f"{folder}/callgrind.out"
        environment = {"HOME": folder, "GLOSS_DATA_DIR": folder, "PATH": "/usr/bin:/bin"}
        tool = ["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={told}"]
        stand_in = subprocess.Popen([program, "sim"], stdout=subprocess.PIPE, text=True)
        try:
            environment["XAI_BASE_URL"] = re.search(r"http://[\w.:/]+\w", stand_in.stdout.readline())[0]
            editor = Editor([*tool, program, "lsp"], environment)
            for step in steps:
                step(editor)
        finally:
            stand_in.kill()
            stand_in.wait()
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


def order(section, why, ran, size):
    """A script for the linker that puts what ran together, before all else."""
    together = {}
    for symbol in size:
        together.setdefault(lasting(symbol), []).append(symbol)
    names = set()
    for symbol in ran:
        others = (other for other in together[lasting(symbol)] if other not in ran)
        is_small = sum(size[other] for other in others) <= SLACK
        names.add(lasting(symbol) if is_small else symbol)
    lines = [f"/* {why} By `tests/long start`. */", "SECTIONS {", f"  .text.{section} : {{"]
    # What is cold lies elsewhere, and runs all the same when a table grows.
    lines += (f"    *(.text.{name} .text.unlikely.{name})" for name in sorted(names))
    return "\n".join([*lines, "  }", "}", "INSERT BEFORE .text;"]) + "\n"


def main():
    program, folder = sys.argv[1], Path(sys.argv[2])
    size = sizes(program)
    of_start = profile(program, begin, end)
    start = executed(program, *of_start) & size.keys()
    job = executed(program, *profile(program, begin, work, end)) & size.keys()
    why = "The functions that run at a start, so that they lie together."
    (folder / "start.ld").write_text(order("start", why, start, size))
    # Those of the start are taken by the script before.
    why = "The functions that run until a first job is answered, so that they lie together."
    (folder / "job.ld").write_text(order("job", why, job, size))
    counted = instructions(*of_start)
    print(f"instructions of a start: {counted.total():,}")
    for ran_by, count in counted.most_common():
        print(f"  {count:>10,}  {ran_by}")


if __name__ == "__main__":
    main()
