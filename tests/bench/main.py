"""Measures what tests/bench/run has built and started, and prints a table."""

import json
import os
import platform
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "clients"))

from arguments import wanted  # noqa: E402
from loads import Processes, by_pgbench, by_wrk, in_turns, middle, ratio  # noqa: E402
from scene import on_postgresql, on_sqlite  # noqa: E402

HERE = Path(__file__).parent
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFEK40Je9hdjyVEHfXdVH3Zr+/3oFYZqKWVqWjNcuVjx bench"
# Longer than any burst takes: wrk knows the end of its time only.
BURST_SECONDS = 10


def main():
    asked = wanted()
    with tempfile.TemporaryDirectory() as folder:
        figures = {}
        for database, opened in [("postgresql", on_postgresql), ("sqlite", on_sqlite)]:
            with opened(Path(folder, database), asked.users) as scene:
                figures[database] = Bench(scene, asked).run()
    print(table(figures, asked))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


class Bench:
    """The loads on one database, each in turns with what it is compared with."""

    def __init__(self, scene, asked):
        self.scene, self.asked, self.runs = scene, asked, 0
        self.name = "PostgreSQL" if scene.database else "SQLite"

    def run(self):
        self.prepare()
        one, many = self.scene.one_token, self.scene.tokens
        rounds = self.asked.rounds
        writes = {"import": self.wrk("import", one), "import_many_users": self.wrk("import", many)}
        lists = {"list_of_100": self.wrk("list", many.with_name("owner-of-100"))}
        figures = self.compare(self.asked.burst_rounds, self.bursts(), "insert")
        self.scene.keep_ready(0)
        figures |= self.compare(rounds, {"create_beyond_pool": self.wrk("create", many)})
        figures |= self.compare(rounds, writes, "insert")
        figures |= self.compare(rounds, {"show": self.wrk("show", one)}, "select")
        return figures | self.compare(rounds, lists)

    def prepare(self):
        """A pair for the one user to show, who is the owner that pgbench reads, and 100 pairs for another."""
        self.owner = f"u:{self.make(self.scene.one(), 'shown')}"
        listing = self.scene.tokens.read_text().split()[0]
        self.scene.tokens.with_name("owner-of-100").write_text(listing)
        for number in range(100):
            self.make(listing, f"listed{number}")
        # Its list must stay one of 100.
        others = self.scene.tokens.read_text().split()[1:]
        self.scene.tokens.write_text("\n".join(others))

    def make(self, token, name):
        """Imports a key pair; gives its user's id."""
        pair = {"keypair": {"name": name, "public_key": PUBLIC_KEY}}
        answer = self.scene.service.request("POST", "/v2.1/os-keypairs", pair, token)
        assert answer.status == 200, answer.body
        return answer.json()["keypair"]["user_id"]

    def wrk(self, kind, tokens, seconds=None, answers=0):
        """A load whose key pairs have names that no other run has given."""

        def run():
            self.runs += 1
            name = "shown" if kind == "show" else f"run{self.runs}-"
            arguments = [kind, str(tokens), name, str(answers)]
            return by_wrk(self.scene.service.port, arguments, seconds or self.asked.seconds, self.scene.processes)

        return run

    def pgbench(self, script):
        database = Processes(None, self.scene.database)
        log = self.scene.service.folder / "pgbench"
        url = self.scene.service.database_url
        return lambda: by_pgbench(HERE / f"{script}.sql", self.owner, url, self.asked.seconds, database, log)

    def compare(self, rounds, loads, script=None):
        """The figures of the loads; on PostgreSQL those of pgbench with this script too, and the ratios to it."""
        print(f"{self.name}: {', '.join(loads)}, {rounds} times", file=sys.stderr)
        theirs = f"pgbench_{script}" if script and self.scene.database else None
        taken = in_turns(rounds, loads | ({theirs: self.pgbench(script)} if theirs else {}))
        figures = {name: vars(middle(runs)) for name, runs in taken.items()}
        if theirs:
            for name in loads:
                figures[name] |= {"ratio_to_pgbench": ratio(taken[name], taken[theirs])}
        return figures

    def bursts(self):
        """As many creates as there are keys ready, and as many imports beside a pool that is full."""
        loads = {"create_from_pool": "create", "import_burst": "import"}
        return {name: self.burst(kind) for name, kind in loads.items()}

    def burst(self, kind):
        size = self.asked.burst
        load = self.wrk(kind, self.scene.tokens, BURST_SECONDS, size)

        def run():
            self.scene.keep_ready(size)
            return load()

        return run


# What the table does not say by itself.
NOTES = """
÷ pgbench: of an import or create to the bare insert of one row, of a show to the select of one; the medians of each round's ratio.
CPU: of one request. That of a create from the pool holds the key that takes the place of the one that was drawn."""


def table(figures, asked):
    lines = [
        f"{platform.machine()}, {os.cpu_count()} processors, 32 connections, {asked.users} users, medians of {asked.rounds} rounds",
        "",
        "| database | load | requests/s | ÷ pgbench | p50 ms | p99 ms | CPU µs service | database |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for database, loads in figures.items():
        for name, load in loads.items():
            compared = f"{load['ratio_to_pgbench']:.2f}" if "ratio_to_pgbench" in load else ""
            times = f"{load['p50_ms']:.2f} | {load['p99_ms']:.2f}"
            used = f"{load['cpu_us_service']:.0f} | {load['cpu_us_database']:.0f}"
            label = name.replace("_", " ")
            lines.append(f"| {database} | {label} | {load['requests_per_s']:.0f} | {compared} | {times} | {used} |")
    return "\n".join(lines) + "\n" + NOTES


main()
