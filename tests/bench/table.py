"""The figures as tables in Markdown, for a terminal and for docs/performance.md."""

# Columns of the ratios that many loads have; the others stand in one column, with what they are to.
RATIOS = ("ratio_to_pgbench", "ratio_to_transaction")
OTHER_RATIOS = {
    "ratio_to_library": "of library rsa 2048",
    "ratio_to_warm": "of show",
    "ratio_to_list_of_100": "of list page from 101",
    "p99_ratio_to_idle": "times its p99 when idle",
}
HEAD = """\
| database | load | requests/s | ÷ A | ÷ B | p50 ms | p99 ms | CPU µs service | database | |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"""
MEMORY_HEAD = """\
| database | resident memory | MB |
| --- | --- | ---: |"""
# What the tables do not say by themselves.
NOTES = """\
A: pgbench with one statement, the bare insert of a row; for a show, the select of one. B: pgbench with the service's whole transaction for
one request alone, for one owner or for as many as there are users. Ratios are the medians of each round's own. pgbench's times are those
of its log, where a statement that was answered at once took 0. CPU: of one request; that of a create from the pool holds the key that
takes the place of the one that was drawn, that of a show in a storm the storm's. The storm: creates of RSA-4096 over twice as many
connections as there are processors. The KMS is moto's, in Python: an export under it measures moto."""


def table(figures: dict) -> str:
    lines = [HEAD]
    lines += [_line(database, name, load) for database, loads in figures.items() for name, load in _loads(loads)]
    lines += ["", MEMORY_HEAD]
    for database, loads in figures.items():
        lines += [f"| {database} | {_words(when.removesuffix('_mb'))} | {mb:.0f} |" for when, mb in loads["memory"].items()]
    return "\n".join([*lines, "", NOTES])


def _loads(loads):
    return [(name, load) for name, load in loads.items() if name != "memory"]


def _line(database, name, load):
    ratios = [f"{load[ratio]:.2f}" if ratio in load else "" for ratio in RATIOS]
    used = [f"{load[member]:.0f}" for member in ("cpu_us_service", "cpu_us_database")]
    others = "; ".join(f"{load[ratio]:.2f} {words}" for ratio, words in OTHER_RATIOS.items() if ratio in load)
    cells = [database, _words(name), f"{load['requests_per_s']:.0f}", *ratios]
    cells += [f"{load['p50_ms']:.2f}", f"{load['p99_ms']:.2f}", *used, others]
    return f"| {' | '.join(cells)} |"


def _words(name):
    return name.replace("_", " ")
