"""What an editor says to Gloss while a real model answers. The first step that fails ends it.

The model is small, fluent and often wrong: what it says is judged by nothing but the protocol.
Its server is reached by way of a relay, which keeps what went by: so tokens are compared with the
server's own count, and a socket that closes is seen.
"""

import ast
import json
import os
import pathlib
import queue
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request

SERVER = os.environ["SERVER"]
REPOSITORY = pathlib.Path(os.environ["REPOSITORY"])
WORKSPACE = pathlib.Path(sys.argv[1]).resolve()

# How long anything may take before a step fails, in seconds; nothing waits for it to pass.
PATIENCE = 300
# The most tokens of an answer that is read to its end, and of one that nobody limits.
SHORT, USUAL = 60, 2000
CANCELLED = -32800


def hold(sentence, holds, shown=None):
    if not holds:
        sys.exit(f"FAIL {sentence}" + ("" if shown is None else f": {shown!r}"))
    print(f"ok   {sentence}")


def wait_until(what, condition):
    late = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > late:
            sys.exit(f"FAIL waited in vain for {what}")
        time.sleep(0.005)
    return value


class Relay:
    """Stands between Gloss and the server, and keeps what the server says."""

    def __init__(self):
        self.connections = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/v1"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            self.connections.append(Connection(self.listener.accept()[0]))


class Connection:
    def __init__(self, near):
        self.answered = b""
        self.hung_up = threading.Event()  # by Gloss
        host, port = SERVER.removeprefix("http://").split(":")
        far = socket.create_connection((host, int(port)))
        threading.Thread(target=self.ask, args=(near, far), daemon=True).start()
        threading.Thread(target=self.answer, args=(far, near), daemon=True).start()

    def ask(self, near, far):
        try:
            while piece := near.recv(1 << 16):
                far.sendall(piece)
        except OSError:
            pass
        self.hung_up.set()
        shut(far)

    def answer(self, far, near):
        try:
            while piece := far.recv(1 << 16):
                self.answered += piece
                near.sendall(piece)
        except OSError:
            pass
        shut(near)

    def usages(self):
        """What the server counted, an answer each: tokens read, and written."""
        found = []
        for line in self.answered.decode(errors="replace").splitlines():
            if line.startswith("data: {"):
                piece = json.loads(line.removeprefix("data: "))
                usage = piece.get("usage") or piece.get("response", {}).get("usage")
                if usage:
                    read = usage.get("prompt_tokens", usage.get("input_tokens"))
                    written = usage.get("completion_tokens", usage.get("output_tokens"))
                    found.append((read, written))
        return found


def shut(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()


class Editor:
    """An editor that takes outcomes as data, and edits."""

    def __init__(self, **settings):
        self.relay = Relay()
        self.said = queue.Queue()
        self.deltas = {}
        self.texts = {}
        self.last_id = 0
        environment = {**os.environ, **settings, "XAI_BASE_URL": self.relay.url}
        self.process = subprocess.Popen(
            ["gloss", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        threading.Thread(target=self.read, daemon=True).start()
        self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": None,
                "workspaceFolders": [{"uri": WORKSPACE.as_uri(), "name": "workspace"}],
                "capabilities": {
                    "window": {"workDoneProgress": True},
                    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
                    "experimental": {"gloss": {"stream": True}},
                },
            },
        )
        self.notify("initialized", {})

    def read(self):
        output = self.process.stdout
        while head := output.readline():
            length = int(head.split(b":")[1])
            output.readline()
            self.said.put(json.loads(output.read(length)))

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def notify(self, method, params):
        self.send({"method": method, "params": params})

    def request(self, method, params):
        self.last_id += 1
        self.send({"id": self.last_id, "method": method, "params": params})
        answer = self.wait(lambda said: said.get("id") == self.last_id and "method" not in said)
        if "error" in answer:
            sys.exit(f"FAIL {method}: {answer['error']}")
        return answer["result"]

    def wait(self, is_it):
        """The next message that is it; those before it are dealt with."""
        late = time.monotonic() + PATIENCE
        while True:
            try:
                said = self.said.get(timeout=late - time.monotonic())
            except (queue.Empty, ValueError):
                sys.exit("FAIL Gloss fell silent")
            self.hear(said)
            if is_it(said):
                return said

    def hear(self, said):
        method, params = said.get("method"), said.get("params")
        if method == "gloss/stream":
            self.deltas.setdefault(params["id"], []).append(params["delta"])
        elif method == "workspace/applyEdit":
            for change in params["edit"]["documentChanges"]:
                self.apply(change["textDocument"]["uri"], change["edits"])
            self.send({"id": said["id"], "result": {"applied": True}})
        elif method and "id" in said:
            self.send({"id": said["id"], "result": None})

    def apply(self, uri, edits):
        version, text = self.texts[uri]
        starts = [0] + [end.end() for end in re.finditer("\n", text)]
        at = lambda place: starts[place["line"]] + place["character"]  # the text is ASCII
        for edit in sorted(edits, key=lambda edit: at(edit["range"]["start"]), reverse=True):
            span = edit["range"]
            text = text[: at(span["start"])] + edit["newText"] + text[at(span["end"]) :]
        self.texts[uri] = (version + 1, text)
        document = {"uri": uri, "version": version + 1}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def open(self, name, language, text):
        (WORKSPACE / name).write_text(text)
        uri = (WORKSPACE / name).as_uri()
        self.texts[uri] = (1, text)
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return uri

    def text(self, uri):
        return self.texts[uri][1]

    def begin(self, command, uri, first, last=None, **more):
        """Begins a job about a line with a cursor, or lines; gives its id."""
        span = {"start": {"line": first, "character": 8}, "end": {"line": first, "character": 8}}
        if last is not None:
            span = {"start": {"line": first, "character": 0}, "end": {"line": last, "character": 0}}
        argument = {"uri": uri, "range": span, **more}
        return self.execute(command, argument)["id"]

    def execute(self, command, argument):
        return self.request("workspace/executeCommand", {"command": command, "arguments": [argument]})

    def finished(self, job):
        is_it = lambda said: said.get("method") == "gloss/finished" and said["params"]["id"] == job
        return self.wait(is_it)["params"]

    def row(self):
        """The latest row of the ledger."""
        return json.loads(gloss("usage", "--by", "request", "--format", "json").stdout)["rows"][0]

    def stop(self):
        self.request("shutdown", None)
        self.notify("exit", None)
        self.process.wait(PATIENCE)


def gloss(*arguments, **settings):
    return subprocess.run(
        ["gloss", *arguments],
        cwd=WORKSPACE,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def slot():
    """What the server is at."""
    with urllib.request.urlopen(f"{SERVER}/slots", timeout=PATIENCE) as answer:
        return json.load(answer)[0]


def line_of(text, part):
    return text[: text.index(part)].count("\n")


def explained(basket):
    """Gives how many tokens the server counts in the prompt."""
    editor = Editor(GLOSS_MAX_OUTPUT_TOKENS=str(SHORT))
    uri = editor.open("basket.py", "python", basket)
    job = editor.begin("gloss.explain", uri, line_of(basket, "def total"))
    finished = editor.finished(job)
    result, deltas = finished.get("result"), editor.deltas[job]
    hold("an explanation comes", result is not None, finished)
    hold(f"streamed, in {len(deltas)} pieces", len(deltas) > SHORT // 6)
    hold("which are its Markdown", "".join(deltas) == result["markdown"])
    [(read, written)] = [usage for each in editor.relay.connections for usage in each.usages()]
    hold(f"the server counts {read} tokens read and {written} written", read > 400 and 0 < written <= SHORT)
    row = editor.row()
    for name, counts in [("answer", result["usage"]), ("ledger", row)]:
        told = (counts["prompt_tokens"], counts["completion_tokens"], counts["total_tokens"])
        hold(f"the {name} says the same", told == (read, written, read + written), told)
    hold("in a row of its own", (row["status"], row["action"], row["file"]) == ("ok", "explain", "basket.py"), row)
    hold("of this model, at no known price", (row["model"], row["cost_usd"]) == (os.environ["GLOSS_MODEL"], None), row)
    if written == SHORT:
        hold("an answer that its limit cut counts as cut", row["finish_reason"] == "length", row)
    editor.stop()
    return read


def cancelled(basket, read):
    editor = Editor()
    uri = editor.open("basket.py", "python", basket)
    job = editor.begin("gloss.explain", uri, line_of(basket, "def total"), again=True)
    for _ in range(3):
        editor.wait(lambda said: said.get("method") == "gloss/stream")
    [asked] = [each for each in editor.relay.connections if b"data: " in each.answered]
    hold("midway the server is at work", slot()["is_processing"] and not asked.usages())
    began = time.monotonic()
    editor.notify("window/workDoneProgress/cancel", {"token": job})
    wait_until("the socket to close", asked.hung_up.is_set)
    closed = time.monotonic() - began
    error = editor.finished(job).get("error") or {}
    hold(f"a cancel closes the socket, after {closed * 1000:.0f} ms", error.get("code") == CANCELLED, error)
    wait_until("the server to stop", lambda: not slot()["is_processing"])
    stopped = time.monotonic() - began
    row = editor.row()
    written = slot()["n_prompt_tokens"] - read
    is_midway = 0 < written < USUAL // 2 and not asked.usages()
    hold(f"and the server stops, after {stopped * 1000:.0f} ms, {written} tokens into its answer", is_midway)
    hold("the ledger has it, with an estimate", row["status"] == "cancelled" and row["completion_tokens"] > 0, row)
    editor.stop()


def refactored(basket):
    """Whatever the model answers, the file stays whole: refused, or changed in the function alone."""
    editor = Editor()
    for name in ["__init__", "add", "total"]:
        uri = editor.open("basket.py", "python", basket)
        start = basket.index(f"    def {name}")
        rest = basket[start + 1 :]
        end = start + 1 + (rest.index("\n    def ") + 1 if "\n    def " in rest else len(rest))
        finished = editor.finished(editor.begin("gloss.refactor", uri, line_of(basket, f"def {name}")))
        became = judged(basket, editor.text(uri), start, end)
        applied = (finished.get("result") or {}).get("applied", False)
        hold(f"a refactoring of `{name}`: {became}", applied == (became != "refused"), finished)
        editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    hold("the file itself is as it was", (WORKSPACE / "basket.py").read_text() == basket)
    editor.stop()
    line = line_of(basket, "def add") + 1
    ran = gloss("refactor", f"basket.py:{line}", "--write", XAI_BASE_URL=f"{SERVER}/v1")
    start, end = basket.index("    def add"), basket.index("    def total")
    became = judged(basket, (WORKSPACE / "basket.py").read_text(), start, end)
    hold(f"a refactoring written by the command line: {became}", ran.returncode == (became == "refused"), ran)


def judged(before, after, start, end):
    """What became of the text; ends the test where it was damaged."""
    if after == before:
        return "refused"
    tail = len(before) - end
    is_around = after[:start] == before[:start] and after[len(after) - tail :] == before[end:]
    hold("nothing around it is touched", is_around, after)
    ast.parse(after)
    return "applied, and the file parses"


def turned_away():
    """What this server refuses is told for what it is."""
    editor = Editor()
    lines = "".join(f"def f{n}(a):\n    return a + {n}\n" for n in range(1100))
    uri = editor.open("long.py", "python", lines)
    error = editor.finished(editor.begin("gloss.explain", uri, 0, 2200)).get("error") or {}
    hold("a prompt beyond its context", "too long for the model" in error.get("message", ""), error)
    image = (REPOSITORY / "editors/gloss.png").read_bytes()
    (WORKSPACE / "gloss.png").write_bytes(image)
    uri = editor.open("a.md", "markdown", "![](gloss.png)\n")
    error = editor.finished(editor.begin("gloss.describeImage", uri, 0)).get("error") or {}
    hold("an image, which it cannot see", "the image was refused" in error.get("message", ""), error)
    hold("the ledger has both, as errors", editor.row()["status"] == "error", editor.row())
    editor.stop()


def main():
    basket = (REPOSITORY / "tests/fixtures/basket.py").read_text()
    read = explained(basket)
    cancelled(basket, read)
    refactored(basket)
    turned_away()


main()
