"""Build the site, serve it on this machine, and build it again at every change: `python -m web.serve`.

An open page reloads by itself after a build. Faults are printed, and shown on the page as long as they last.
"""
import json
import multiprocessing
import os
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Event, Thread

from watchdog.events import EVENT_TYPE_CREATED, EVENT_TYPE_DELETED, EVENT_TYPE_MODIFIED, EVENT_TYPE_MOVED, FileSystemEventHandler
from watchdog.observers import Observer

from tools.book import settings
from web.build import build

HOST = "127.0.0.1"
FOLDERS = ("nbs", "web", "lossbook", "tools")
FILES = ("_quarto.yml", "references.bib", "settings.ini", "pyproject.toml")
CHANGES = (EVENT_TYPE_CREATED, EVENT_TYPE_DELETED, EVENT_TYPE_MODIFIED, EVENT_TYPE_MOVED)
EVENTS = "/_events"
SCRIPT = (Path(__file__).parent / "serve.js").read_text(encoding="utf-8")


class Builds:
    "The builds so far: how many there were, and the faults of the last."

    def __init__(self, root):
        self.root, self.number, self.faults, self.changed = Path(root).resolve(), 0, [], Condition()

    def run(self):
        "Build in a fresh process, so that changed modules are imported anew, and tell every open page."
        started = time.perf_counter()
        faults = in_fresh_process(build, self.root)
        print(*faults, f"built in {time.perf_counter() - started:.1f} s, {len(faults) or 'no'} faults", sep="\n", file=sys.stderr, flush=True)
        with self.changed:
            self.number, self.faults = self.number + 1, faults
            self.changed.notify_all()

    def following(self, number):
        "The first build after a number, waited for if need be."
        with self.changed:
            self.changed.wait_for(lambda: self.number > number)
            return self.number, self.faults


def in_fresh_process(work, *arguments):
    "What a function that lists faults gives; the error it ends in is a fault too."
    kinds = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in kinds else "spawn")
    if "forkserver" in kinds: context.set_forkserver_preload(["web.build", "numpy"])
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try: return pool.submit(work, *arguments).result()
        except Exception as error: return ["".join(traceback.format_exception_only(error)).strip()]


# ---- what the browser gets


class Handler(SimpleHTTPRequestHandler):
    "The files of the site, with a script in each page that listens for the next build."

    def __init__(self, *arguments, builds):
        self.builds = builds
        super().__init__(*arguments, directory=str(builds.root / "_site"))

    def do_GET(self):
        if self.path == EVENTS: return self.tell_builds()
        path = Path(self.translate_path(self.path))
        page = path / "index.html" if path.is_dir() and self.path.split("?")[0].endswith("/") else path
        if page.suffix == ".html" and page.is_file(): return self.send_page(page)
        super().do_GET()

    def send_page(self, path):
        text = path.read_text(encoding="utf-8").replace("</body>", f"<script>{SCRIPT}</script></body>")
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())

    def tell_builds(self):
        "One event for the last build, and one for each that follows while the page is open."
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        number = 0
        try:
            while True:
                number, faults = self.builds.following(number)
                self.wfile.write(f"data: {json.dumps({'build': number, 'faults': faults})}\n\n".encode())
                self.wfile.flush()
        except OSError: return  # the page was closed

    def end_headers(self):
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *arguments):
        "Requests are not worth a line."


def server(builds, port):
    "A server on the first free port from the one asked for."
    for candidate in range(port, port + 100):
        try: return ThreadingHTTPServer((HOST, candidate), partial(Handler, builds=builds))
        except OSError: continue
    raise OSError(f"no free port from {port} to {port + 99}")


# ---- what is watched


class Watch(FileSystemEventHandler):
    "Notes that a file the site is made of has changed."

    def __init__(self, root):
        self.root, self.changes, self.happened = root, set(), Event()
        self.observer = Observer()
        for folder in filter(Path.is_dir, (root / name for name in FOLDERS)): self.observer.schedule(self, str(folder), recursive=True)
        self.observer.schedule(self, str(root))
        self.observer.start()

    def on_any_event(self, event):
        paths = [Path(os.fsdecode(path)).relative_to(self.root) for path in (event.src_path, event.dest_path) if path]
        if event.event_type not in CHANGES or event.is_directory or not any(map(is_source, paths)): return
        self.changes.update(paths)
        self.happened.set()

    def next(self):
        "The files that changed, once all has been quiet for a moment."
        self.happened.wait()
        while self.happened.is_set():
            self.happened.clear()
            time.sleep(0.2)
        changes, self.changes = self.changes, set()
        return changes


def is_source(path):
    "Whether the site is made of a file."
    if len(path.parts) == 1: return path.name in FILES
    return path.parts[0] in FOLDERS and not path.name.endswith("~") and not any(part[0] == "." or part == "__pycache__" for part in path.parts)


def start_again():
    "Go on with the pipeline's own code as it is now."
    os.execv(sys.executable, [sys.executable, "-m", "web.serve"])


def main(root="."):
    builds = Builds(root)
    watch = Watch(builds.root)
    builds.run()
    with server(builds, settings().getint("port")) as http:
        Thread(target=http.serve_forever, daemon=True).start()
        print(f"http://{HOST}:{http.server_port}/", flush=True)
        while True:
            changes = watch.next()
            if any(path.suffix == ".py" and path.parts[0] in ("web", "tools") for path in changes): start_again()
            builds.run()


if __name__ == "__main__":
    try: main()
    except KeyboardInterrupt: print(file=sys.stderr)
