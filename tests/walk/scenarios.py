"""What is played: an act (what is going on in production), a harm, and each boundary of the act where it is done."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.walk.boundaries import Call, answers, effects
from tests.walk.watching import Inside

Meanwhile = Literal["", "rollback", "promotion", "another", "gateway", "slot"]
Moment = Literal["before", "after"]


@dataclass(frozen=True)
class Act:
    """A flow on its way, from a champion and a challenger that was approved over it."""

    name: str
    flow: str
    cold: bool = False  # the challenger's slot is not there yet
    rolled_out: int = 0  # it begins in a rollout, whose promotion was killed once it had begun so many steps
    promoted: bool = False  # the challenger was promoted before
    unreleased: bool = False  # it has no verdict yet


ACTS = (
    Act("release from staging on", "release", unreleased=True),
    Act("promotion", "promote", cold=True),
    Act("rollback", "rollback", promoted=True),
    Act("rollback of a rollout", "rollback", rolled_out=1),
    Act("rollback of a whole rollout", "rollback", rolled_out=3),  # which has all the requests already
)


@dataclass(frozen=True)
class Harm:
    """What is done, how the process does it, or what is done from outside while it stands still there."""

    name: str
    inside: Inside
    meanwhile: Meanwhile = ""
    hours: int = 0
    moments: tuple[Moment, ...] = ("after",)
    where: Callable[[Sequence[Call]], list[Call]] = effects
    acts: tuple[str, ...] = tuple(act.name for act in ACTS)


HARMS = (
    Harm("SIGKILL of the flow", "kill"),
    Harm("refused", "refuse", moments=("before",), where=answers),
    Harm("timed out", "time out", moments=("before",), where=answers),
    Harm("timed out for a while", "time out for a while", moments=("before",), where=answers),
    Harm(
        "done, its answer lost",
        "lose the answer",
        where=lambda calls: [one for one in effects(calls) if one.of_platform],
    ),
    Harm("a rollback meanwhile", "outside", "rollback", acts=("promotion",)),
    Harm("another promotion meanwhile", "outside", "promotion"),
    Harm("another candidate meanwhile", "outside", "another", acts=("promotion", "release from staging on")),
    Harm("SIGKILL of the gateway", "outside", "gateway", acts=("promotion", "rollback")),
    Harm("SIGKILL of the champion's slot", "outside", "slot", acts=("promotion",)),
    Harm("the clock an hour on", "clock", hours=1, acts=("promotion",)),
    Harm("the clock an hour back", "clock", hours=-1, acts=("promotion",)),
)


def harms_on(platform: str) -> list[Harm]:
    """All of them; on the emulator what does not need our own processes."""
    ours = ("gateway", "slot")
    return [harm for harm in HARMS if platform == "local" or harm.meanwhile not in ours]


@dataclass(frozen=True)
class Scenario:
    """One harm at one boundary of one act."""

    act: Act
    harm: Harm
    call: Call
    moment: Moment

    def __str__(self) -> str:
        return f"{self.harm.name}, {self.moment} {self.call}, {self.act.name}"


def scenarios(recorded: dict[str, list[Call]], harms: Sequence[Harm] = HARMS) -> list[Scenario]:
    """All of them, from what the undisturbed acts called."""
    return [
        Scenario(act, harm, call, moment)
        for harm in harms
        for act in ACTS
        if act.name in harm.acts and act.name in recorded
        for call, moment in _boundaries(harm, recorded[act.name])
    ]


def sampled(found: Sequence[Scenario], count: int, seed: int) -> list[Scenario]:
    """So many of them, evenly over the harms, by the seed."""
    rng = random.Random(seed)  # noqa: S311 - nothing depends on its being unforeseeable
    by_harm: dict[str, list[Scenario]] = {}
    for one in found:
        by_harm.setdefault(one.harm.name, []).append(one)
    for ones in by_harm.values():
        rng.shuffle(ones)
    taken: list[Scenario] = []
    while len(taken) < min(count, len(found)):
        for ones in by_harm.values():
            if ones and len(taken) < count:
                taken.append(ones.pop())
    return taken


def _boundaries(harm: Harm, calls: Sequence[Call]) -> list[tuple[Call, Moment]]:
    found = harm.where(calls)
    first: list[tuple[Call, Moment]] = []
    if "before" not in harm.moments and found:
        first = [(found[0], "before")]  # what stands before the others stands after the one before them
    return first + [(call, moment) for call in found for moment in harm.moments]
