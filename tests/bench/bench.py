"""What is measured on one database, and what each load runs in turns with."""

import os
import sys
from pathlib import Path

import kms
from driver import Driver
from figures import in_turns, middle, ratio
from loads import by_library
from memory import idle_connections, resident_mb, room_for_connections
from stock import FEW, MANY, make, put_in

# In each group below: what a load is divided by, as (load, name of the ratio, load that it is divided by).
TO_INSERT, TO_TRANSACTION = "ratio_to_pgbench", "ratio_to_transaction"
FIXED_RATE = 200
IDLE_CONNECTIONS = 10_000


class Bench:
    def __init__(self, scene, asked):
        self.scene, self.asked = scene, asked
        self.drive, self.stock = Driver(scene, asked), put_in(scene)
        self.one, self.many = scene.one_token, scene.tokens

    def run(self):
        self.scene.restart()
        idle = {"idle_mb": self.resident()}
        groups = [self.bursts, self.beyond_pool, self.imports, self.shows, self.lists, self.storms]
        figures = {name: taken for group in groups for name, taken in group().items()}
        # The last start was that of the group beyond the pool.
        loaded = {"after_loads_mb": self.resident()} | self.with_idle_connections()
        return figures | self.exports() | {"memory": idle | loaded}

    def bursts(self):
        """As many creates as there are keys ready, and as many imports beside a pool that is full."""
        drive = self.drive
        # Filling the pool takes longest, and takes of the processors: only the creates at the end leave it to be filled.
        loads = {"import_burst": drive.burst("import", self.many)}
        loads |= drive.insert() | drive.transactions("create") | drive.transactions("import")
        loads |= {
            "create_from_pool": drive.burst("create", self.many),
            "create_from_pool_one_user": drive.burst("create", self.one),
        }
        ratios = [
            ("import_burst", TO_INSERT, "pgbench_insert"),
            ("import_burst", TO_TRANSACTION, "pgbench_import_many_users"),
            ("create_from_pool", TO_INSERT, "pgbench_insert"),
            ("create_from_pool", TO_TRANSACTION, "pgbench_create_many_users"),
            ("create_from_pool_one_user", TO_INSERT, "pgbench_insert"),
            ("create_from_pool_one_user", TO_TRANSACTION, "pgbench_create"),
        ]
        return self.compare(loads, ratios, self.asked.burst_rounds)

    def beyond_pool(self):
        self.scene.keep_ready(0)
        loads = {
            "create_beyond_pool": self.drive.beyond_pool(self.many),
            "library_rsa_2048": lambda: by_library(Path(os.environ["BENCH_KEYS"]), self.asked.seconds),
        }
        return self.compare(loads, [("create_beyond_pool", "ratio_to_library", "library_rsa_2048")])

    def imports(self):
        loads = {"import": self.drive.wrk("import", self.one), "import_many_users": self.drive.wrk("import", self.many)}
        if not self.scene.database:
            return self.compare(loads, [])
        with self.scene.second_process() as second:
            loads["import_two_processes"] = self.drive.wrk("import", self.many, second)
            ratios = [(name, TO_INSERT, "pgbench_insert") for name in loads] + [
                ("import", TO_TRANSACTION, "pgbench_import"),
                ("import_many_users", TO_TRANSACTION, "pgbench_import_many_users"),
                ("import_two_processes", TO_TRANSACTION, "pgbench_import_many_users"),
            ]
            return self.compare(loads | self.drive.insert() | self.drive.transactions("import"), ratios)

    def shows(self):
        """The same key pair by one token, and by tokens that the service has not seen or has forgotten."""
        show = {"name": self.stock.shown}
        loads = {
            "show": self.drive.wrk("show", self.one, **show),
            "show_cold_token": self.drive.wrk("show", self.stock.cold, **show),
        }
        if self.scene.database:
            loads["pgbench_select"] = self.drive.pgbench("select", owner=self.stock.owner)
        ratios = [(name, TO_INSERT, "pgbench_select") for name in ("show", "show_cold_token")]
        return self.compare(loads, [*ratios, ("show_cold_token", "ratio_to_warm", "show")])

    def lists(self):
        few, many = (self.drive.wrk("page", tokens, name=self.stock.paged, pairs=pairs) for tokens, pairs in self.pages())
        loads = {
            "list_of_100": self.drive.wrk("list", self.stock.list_of_100),
            "list_page_from_101": few,
            "list_page_from_100000": many,
        }
        return self.compare(loads, [("list_page_from_100000", "ratio_to_list_of_100", "list_page_from_101")])

    def pages(self):
        return (self.stock.few, FEW), (self.stock.many, MANY)

    def storms(self):
        show = self.drive.at_fixed_rate(FIXED_RATE, f"/v2.1/os-keypairs/{self.stock.shown}")
        idle, stormy = f"show_at_{FIXED_RATE}_per_s", f"show_at_{FIXED_RATE}_per_s_in_storm"
        loads = {idle: show, stormy: self.drive.in_storm(show, self.many, "rsa-4096")}
        return self.compare(loads, [(stormy, "p99_ratio_to_idle", idle)])

    def exports(self):
        """Under the service's own master key, and under a key of a KMS."""
        key = kms.new_key(self.stock.project)
        self.scene.restart(**kms.settings())
        encryptions = {"local": {"type": "default"}, "kms": {"type": "kms", "kms_key_name": key.name}}
        loads = {}
        for name, encryption in encryptions.items():
            make(self.scene, self.scene.one(), f"kept-{name}", key_protection={"encryption": encryption})
            given = {"name": f"kept-{name}", "project": self.stock.project}
            loads[f"export_{name}"] = self.drive.wrk("export", self.one, **given)
        return self.compare(loads, [])

    def with_idle_connections(self):
        count = min(IDLE_CONNECTIONS, room_for_connections())
        if count < IDLE_CONNECTIONS:
            print(f"only {count} idle connections: the limit on open files (ulimit -Hn) allows no more", file=sys.stderr)
        path = f"/v2.1/os-keypairs/{self.stock.shown}"
        with idle_connections(self.scene.service.port, count, path, self.scene.one()):
            return {f"with_{count}_connections_mb": self.resident()}

    def resident(self):
        return resident_mb(self.scene.service.process.pid)

    def compare(self, loads, ratios, rounds=None):
        """The figures of the loads, and those of their ratios whose loads this database has."""
        rounds = rounds or self.asked.rounds
        print(f"{self.scene.name}: {', '.join(loads)}, {rounds} times", file=sys.stderr)
        taken = in_turns(rounds, loads)
        figures = {name: vars(middle(runs)) for name, runs in taken.items()}
        for name, member, other in ratios:
            if other in taken:
                read = "p99_ms" if member.startswith("p99") else "requests_per_s"
                figures[name][member] = ratio(taken[name], taken[other], read)
        return figures
