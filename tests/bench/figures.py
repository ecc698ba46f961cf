"""What was measured of a load, and what several rounds of it say."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    requests_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us_service: float
    """Microseconds of a processor for each request; 0 where there is no such process."""
    cpu_us_database: float

    @property
    def cpu_us(self) -> float:
        return self.cpu_us_service + self.cpu_us_database


class LoadFailed(Exception):
    """Its figures would say nothing: the run ends."""


def in_turns(rounds: int, loads: dict[str, Callable[[], Figures]]) -> dict[str, list[Figures]]:
    """Each load once a round, so that whatever else the machine does meets all of them."""
    taken = {name: [] for name in loads}
    for _ in range(rounds):
        for name, load in loads.items():
            try:
                taken[name].append(load())
            except LoadFailed as failed:
                raise LoadFailed(f"{name}: {failed}") from None
    return taken


def middle(taken: list[Figures]) -> Figures:
    """Member by member the median."""
    return Figures(*(statistics.median(members) for members in zip(*(vars(each).values() for each in taken), strict=True)))


def ratio(ours: list[Figures], theirs: list[Figures], member: str = "requests_per_s") -> float:
    """The median of the rounds' own ratios of that member."""
    pairs = zip(ours, theirs, strict=True)
    return statistics.median(getattr(our, member) / getattr(their, member) for our, their in pairs)

