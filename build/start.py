#!/usr/bin/env python3
"""Writes start.names and job.names, lists of the functions that run at a start and until the first
job is answered, as they are to be linked: start.py PROGRAM FOLDER
Tells how many instructions that start took, by who executed them.

PROGRAM is `gloss` with its symbols, linked without such an order. It is run under valgrind's
callgrind from `initialize` to `exit`, without a job and with one that the stand-in answers, by TLS
over HTTP/2 as the API's own answers come, and over HTTP/1.1. What it executed is named: by the
function's name alone where all that goes by that name is small, so that the order outlives changes,
and else by the very instance, which another compiler and the next change of its crate rename. A name
that is gone costs little: behind all lies what else goes by the names of those instances.
"""

import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from base64 import encodebytes
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

# How many bytes may be moved along with what runs, for a name that lasts: more where there is
# little else.
SLACK_OF_START, SLACK_OF_JOB = 8000, 1000

# How often a job is played over each version of HTTP: not all that it takes runs each time.
RUNS = 4

ROOT = Path(__file__).parent.parent

# What a job takes at full speed, on a whole processor or with other answers, or a moment later: a
# search of the workspace that is not at its end before it has begun, the loser of two connections
# that were begun at once, instructions that valgrind's processor lacks, another cipher, a price, a
# row longer than a page.
ALSO_OF_JOB = [
    "_ZN5gloss3llm6models*",
    "_ZN5gloss6config4open*",
    "_ZN5gloss6engine10repository*",
    "_ZN5gloss6engine4file*",
    "_ZN5gloss6engine5notes*",
    "_ZN5gloss6engine9workspace*",
    "_ZN5gloss6server6memory*",
    "_ZN5gloss6syntax8language*",
    "_ZN6ignore*",
    "_ZN7walkdir*",
    "_ZN2h25proto*go_away*",
    "*poll_shutdown*",
    "_ZN5tokio3net3tcp*",
    "_ZN5tokio7runtime2io*",
    "_ZN6rustls12common_state*",
    "_ZN4ring*",
    "_ZN4sha2*",
    "_ZN4zmij*",
    "_ZN5ropey*",
    "_ZN6memchr4arch6x86_644avx2*",
    "*aho_corasick..packed..teddy*",
    "accessPayload*",
    "btreeParse*",
    "sqlite3VdbeMem*",
    "vdbeColumnFromOverflow*",
    "*3std6thread7current*",
    "_ZN4core3ptr*drop_in_place$LT$tokio..time..timeout..*",
    "_ZN4core3ptr*drop_in_place$LT$tokio..runtime..task..core..Cell$LT$tokio..runtime..blocking*",
    "_ZN5alloc11collections9vec_deque21VecDeque$LT$T$C$A$GT$8truncate17h*",
    "_ZN5alloc4sync12Arc$LT$T$GT$19allocate_for_layout17h*",
    # Of the grammars' scanners, which have them all.
    "advance",
    "skip",
    "_array__*",
    # What the linker may find to be the same as others of SQLite's.
    "sqlite3Fts*MallocZero",
]

# A document like others: with doc comments, types and tests.
CODE = ROOT / "src/text/shift.rs"

# What certifies this machine to whoever trusts the authority beside it.
CERTIFIED = ROOT / "tests/api"


class Editor:
    """One that starts the program under callgrind, and speaks to it."""

    def __init__(self, command, environment):
        self.last_id = 0
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, env=environment, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

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


def begin(editor, folder):
    capabilities = {"experimental": {"gloss": {"stream": True}}}
    uri = folder.as_uri()
    folders = [{"uri": uri, "name": folder.name}]
    at = {"processId": None, "rootUri": uri, "workspaceFolders": folders}
    editor.request("initialize", {"capabilities": capabilities, **at})


def work(editor, folder):
    """A line that is typed, a menu, and an explanation that is read by a hover."""
    editor.notify("initialized", {})
    path = folder / "a.rs"
    shutil.copy(CODE, path)
    uri = path.as_uri()
    document = {"uri": uri, "languageId": "rust", "version": 1, "text": CODE.read_text()}
    editor.notify("textDocument/didOpen", {"textDocument": document})
    place = {"line": 40, "character": 4}
    typed = {"range": {"start": place, "end": place}, "text": "// " + 100 * "word " + "\n"}
    version = {"uri": uri, "version": 2}
    editor.notify("textDocument/didChange", {"textDocument": version, "contentChanges": [typed]})
    at = {"uri": uri, "range": {"start": place, "end": place}}
    on = {"textDocument": {"uri": uri}}
    menu = {**on, "range": at["range"], "context": {"diagnostics": []}}
    editor.request("textDocument/codeAction", menu)
    editor.request("workspace/executeCommand", {"command": "gloss.explain", "arguments": [at]})
    finished = editor.wait(lambda message: message.get("method") == "gloss/finished")
    if error := finished["params"].get("error"):
        sys.exit(error["message"])
    editor.request("textDocument/hover", {**on, "position": place})


def end(editor, _):
    editor.request("shutdown")
    editor.notify("exit")
    if editor.process.wait() != 0:
        sys.exit("the program failed")


@contextmanager
def running(command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def stand_in_by_tls(program, version):
    """The stand-in, behind a proxy that speaks TLS and this version of HTTP: where it is reached."""
    with tempfile.TemporaryDirectory() as folder, running([program, "sim"]) as stand_in:
        certificate, key = Path(folder, "certificate.pem"), Path(folder, "key.pem")
        certificate.write_text(ssl.DER_cert_to_PEM_cert((CERTIFIED / "loopback.der").read_bytes()))
        encoded = encodebytes((CERTIFIED / "loopback.key.der").read_bytes()).decode()
        key.write_text(f"-----BEGIN PRIVATE KEY-----\n{encoded}-----END PRIVATE KEY-----\n")
        behind = re.search(r"http://([\d.]+):(\d+)", stand_in.stdout.readline())
        if not behind:
            sys.exit(f"{program} sim does not start")
        port = free_port()
        where = [f"--frontend=127.0.0.1,{port}", f"--backend={behind[1]},{behind[2]}"]
        manner = ["--conf=/dev/null", "--single-process", f"--npn-list={version}"]
        with running(["nghttpx", *manner, *where, key, certificate]) as proxy:
            wait_for(port, proxy)
            yield f"https://localhost:{port}/v1"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def wait_for(port, proxy):
    end = time.monotonic() + 10
    while time.monotonic() < end and proxy.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
    sys.exit("nghttpx does not start")


def profile(program, version, *steps):
    """What callgrind noted of these steps: its lines, and what the numbers in them stand for."""
    with stand_in_by_tls(program, version) as url, tempfile.TemporaryDirectory() as own:
        told = f"{own}/callgrind.out"
        environment = {
            "HOME": own,
            "PATH": "/usr/bin:/bin",
            "GLOSS_DATA_DIR": own,
            "GLOSS_CA_FILE": str(CERTIFIED / "ca.pem"),
            "XAI_BASE_URL": url,
            "XAI_API_KEY": "none",
        }
        tool = ["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={told}"]
        workspace = Path(own, "workspace")
        workspace.mkdir()
        with Editor([*tool, program, "lsp"], environment) as editor:
            for step in steps:
                step(editor, workspace)
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


def jobs(program, version):
    """The symbols of what ran in any of some jobs."""
    runs = (profile(program, version, begin, work, end) for _ in range(RUNS))
    return set().union(*(executed(program, *run) for run in runs))


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
    """The size in bytes of each function, by its symbol; of none whose symbol others have, too, as
    the grammars' lexers have."""
    listed = subprocess.run(
        ["nm", "--print-size", "--defined-only", program], capture_output=True, text=True, check=True
    )
    fields = [line.split() for line in listed.stdout.splitlines()]
    functions = [field for field in fields if len(field) == 4 and field[2] in "tTwW"]
    count = Counter(symbol for _, _, _, symbol in functions)
    return {symbol: int(size, 16) for _, size, _, symbol in functions if count[symbol] == 1}


def lasting(symbol):
    """The symbol without what a change of its crate renames."""
    if symbol.startswith("_R"):
        return re.sub(r"Cs[0-9A-Za-z]+_", "Cs*_", symbol)
    return re.sub(r"17h[0-9a-f]{16}E.*$", "17h*", symbol)


def names_of(groups, size, slack):
    """Names for the functions of these groups, a group behind the other; and of those that are the
    very instance's, what it lasts by."""
    together = {}
    for symbol in size:
        together.setdefault(lasting(symbol), []).append(symbol)
    ran = set().union(*groups)
    names, ambiguous = {}, set()
    for group in groups:
        of_group = set()
        for symbol in group:
            name = lasting(symbol)
            others = (other for other in together[name] if other not in ran)
            if sum(size[other] for other in others) <= slack:
                of_group.add(name)
            else:
                of_group.add(symbol)
                ambiguous.add(name)
        # A name counts where it comes first.
        names |= dict.fromkeys(sorted(of_group - names.keys()))
    return list(names), ambiguous


def write(path, names):
    path.write_text("\n".join(names) + "\n")


def main():
    program, folder = str(Path(sys.argv[1]).resolve()), Path(sys.argv[2])
    size = sizes(program)
    of_start = profile(program, "h2", begin, end)
    start = executed(program, *of_start) & size.keys()
    by_1, by_2 = (jobs(program, version) & size.keys() for version in ["http/1.1", "h2"])
    names, of_start_too = names_of([start], size, SLACK_OF_START)
    write(folder / "start.names", names)
    # Those of the start lie there.
    groups = [by_1 & by_2, by_2 - by_1, by_1 - by_2]
    names, ambiguous = names_of(groups, size, SLACK_OF_JOB)
    names += ALSO_OF_JOB + sorted(of_start_too) + sorted(ambiguous - of_start_too)
    write(folder / "job.names", names)
    counted = instructions(*of_start)
    print(f"instructions of a start: {counted.total():,}")
    for ran_by, count in counted.most_common():
        print(f"  {count:>10,}  {ran_by}")


if __name__ == "__main__":
    main()
