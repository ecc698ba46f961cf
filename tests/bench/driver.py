"""Loads for one scene: each is a function that runs it once and gives its figures."""

import os
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from time import sleep

from loads import CONNECTIONS, Processes, answered, at_fixed_rate, by_clients, by_pgbench, wrk

HERE = Path(__file__).parent
# Longer than any burst takes: wrk knows the end of its time only.
BURST_SECONDS = 10
# Enough to keep every thread that generates keys at work; those that are left at the end are generated all the same.
STORM_CONNECTIONS = 2 * os.cpu_count()
# How long imports, which take no key from the pool, come before a burst, in seconds.
WARMING_SECONDS = 1
# How long a storm has to occupy every thread that generates keys, in seconds.
STORM_BEFORE = 1


class Driver:
    def __init__(self, scene, asked):
        self.scene, self.asked, self.runs = scene, asked, 0

    def wrk(self, kind, tokens, second=None, seconds=None, **given):
        """A load of load.lua's. New key pairs have names that no other run has given; a second service gets half of it."""
        services = [self.scene.service, second] if second else [self.scene.service]
        connections = CONNECTIONS // len(services)

        def run():
            processes = Processes(tuple(service.process.pid for service in services), self.scene.database)
            commands = [
                wrk(service.port, self.given(kind, tokens, given), seconds or self.asked.seconds, connections)
                for service in services
            ]
            return by_clients(commands, processes)

        return run

    def given(self, kind, tokens, given):
        self.runs += 1
        return {"kind": kind, "tokens": tokens, "name": f"run{self.runs}-"} | given

    def burst(self, kind, tokens):
        """As many at once as there are keys ready, by users whom the service has just seen.

        With the last answer that counts, a request more is under way on each connection: its key is ready, too.
        """
        size = self.asked.burst
        load = self.wrk(kind, tokens, seconds=BURST_SECONDS, answers=size)

        def run():
            self.scene.keep_ready(size + CONNECTIONS)
            # Of unknown tokens and the first statements on each connection, other figures tell.
            self.wrk("import", tokens, seconds=WARMING_SECONDS)()
            return load()

        return run

    def at_fixed_rate(self, rate, path):
        seconds = self.asked.seconds
        return lambda: by_clients(
            [at_fixed_rate(self.scene.service.port, path, self.scene.one_token, rate, seconds)], self.scene.processes
        )

    def in_storm(self, load, tokens, algorithm):
        """The load while others create key pairs that take long to generate, more of them than there are processors."""

        def run():
            with self.storm(tokens, algorithm):
                return load()

        return run

    @contextmanager
    def storm(self, tokens, algorithm):
        given = self.given("create", tokens, {"algorithm": algorithm})
        seconds = STORM_BEFORE + self.asked.seconds + 1
        with Popen(wrk(self.scene.service.port, given, seconds, STORM_CONNECTIONS), stdout=PIPE, text=True) as storm:
            sleep(STORM_BEFORE)
            yield
            answered(storm.communicate()[0])
        self.scene.wait_until_calm()

    def beyond_pool(self, tokens):
        """Creates that each need a key of their own."""
        load = self.wrk("create", tokens)

        def run():
            figures = load()
            self.scene.wait_until_calm()
            return figures

        return run

    def insert(self):
        """A: pgbench with the bare insert of a row."""
        return {"pgbench_insert": self.pgbench("insert")} if self.scene.database else {}

    def transactions(self, kind):
        """B: pgbench with the service's whole transaction, for one owner and for as many as there are users."""
        if not self.scene.database:
            return {}
        return {
            f"pgbench_{kind}": self.pgbench(kind, owners=1),
            f"pgbench_{kind}_many_users": self.pgbench(kind, owners=self.asked.users),
        }

    def pgbench(self, script, **variables):
        folder, database = self.scene.service.folder, Processes((), self.scene.database)
        url, seconds = self.scene.service.database_url, self.asked.seconds
        return lambda: by_pgbench(HERE / f"{script}.sql", variables, url, seconds, database, folder / "pgbench")
