"""Replays histories and holds every line of the answer against the oracle."""
import functools
import json
import random
import re
import subprocess
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import facts
import histories
import oracle

HERE = Path(__file__).resolve().parent
BRANDS = HERE / "brands.toml"
NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
PART = 500  # Orders in one replay.
FAR = 400  # Lines within which a repeat follows.


class Told:
    """What one replay told, order by order; how many lines it refused, and the numbers of the first of them, which it names."""

    def __init__(self, output, refused, named):
        self.output, self.refused, self.named = output, refused, named

    def by_order(self, brands):
        told = defaultdict(list)
        for line in self.output:
            if line["outcome"] == "sent":
                told[line["order"]].append((line["at"], notice_of(line, brands)))
        return told


def notice_of(line, brands):
    return oracle.Notice(brands.get(line["order"]), line["order"], line["shipment"], line["stage"], line["to"], line["channel"])


def beside(told, silent, brands):
    """What became part of a message that went to the same person, on the same channel, at that very moment."""
    sent = {(at, notice.role, notice.channel) for at, notice in told}
    joined = [line for line in silent if line["why"] == "merged" and (line["at"], line["to"], line["channel"]) in sent]
    return [notice_of(line, brands) for line in joined]


class Problem:
    """One order of one run on which product and oracle do not agree."""

    def __init__(self, run, order, problems, untrue, unnamed, lines=(), told=(), silent=()):
        self.run, self.order, self.problems, self.untrue, self.unnamed = run, order, problems, untrue, unnamed
        self.lines, self.told, self.silent = lines, told, silent

    def kinds(self):
        """What is wrong, without which order it is."""
        kinds = {(name, getattr(one, "stage", "one of several"), getattr(one, "channel", "")) for name in ("lost", "unexpected", "duplicated")
                 for one in getattr(self.problems, name)}
        kinds |= {("unnamed", one.stage, one.channel) for one in self.unnamed}
        return kinds | {("contradicting", one.split(": ", 1)[1].split(" of ")[0], one.split(" by ", 1)[1]) for one in self.untrue if " of " in one}

    def story(self):
        text = [f"--- {self.run}: order {self.order}"]
        for name in ("lost", "unexpected", "duplicated"):
            text += [f"  {name}: {one}" for one in getattr(self.problems, name)]
        text += [f"  contradicting: {one}" for one in self.untrue]
        text += [f"  neither told nor silent: {one}" for one in self.unnamed]
        text += [f"  fact: {line[:400]}" for line in self.lines]
        text += [f"  told: {at} {one.stage} of {one.shipment} to {one.role} by {one.channel}" for at, one in self.told]
        text += [f"  silent: {one['at']} {one['stage']} of {one['shipment']} to {one['to']} by {one['channel']}: {one['why']}" for one in self.silent]
        return "\n".join(text)


class Total:
    """All runs together."""

    def __init__(self):
        self.orders = self.events = self.told = self.held = self.must = self.some = self.refusals = self.differing = 0
        self.problems, self.wrong_refusals, self.runs = [], [], {}

    def add(self, other):
        """Takes in what came of other orders in the same runs."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) | value if name == "runs" else getattr(self, name) + value)

    def exit_code(self):
        if not self.told or not self.must:
            return 2
        return 1 if self.problems or self.wrong_refusals or self.differing else 0

    def verdict(self):
        kinds = Counter(kind for problem in self.problems for kind, _, _ in problem.kinds())
        figures = {"orders": self.orders, "runs": "+".join(self.runs), "events": self.events, "told": self.told, "must": self.must,
                   "one_of": self.some, "held_pct": round(100 * self.held / max(self.told, 1)), "refused": self.refusals}
        figures |= {name: kinds[name] for name in ("lost", "unexpected", "duplicated", "contradicting", "unnamed")}
        figures |= {"refusals_wrong": len(self.wrong_refusals), "repeats_differ": self.differing}
        word = {0: "AGREE", 1: "DISAGREE", 2: "NOTHING TO JUDGE"}[self.exit_code()]
        return f"{word}: " + " ".join(f"{name}={value}" for name, value in figures.items())


class Runs:
    """Some histories of one seed, and their replays."""

    def __init__(self, binary, orders, seed, first=1):
        self.binary, self.seed = binary, f"{seed}/{first}"
        self.policies = oracle.Policies.load(BRANDS)
        made = histories.make(orders, seed, NOW, first=first)
        self.histories = sorted(made, key=lambda history: last_time(history.lines))
        self.verdicts_by = {}
        self.end = last_time(self.histories[-1].lines) if self.histories else None
        self.brands = {history.order: history.brand for history in self.histories}
        self.lines = {history.order: history.lines for history in self.histories}

    # ---- How lines arrive.

    def arrive(self, run):
        chance = random.Random(f"{self.seed}/{run}")
        if run in ("shuffled", "tossed"):
            return [line for history in self.histories for line in self.tossed(history.lines, chance, run == "tossed")]
        timed = [(when, place, line) for place, history in enumerate(self.histories) for when, line in times(history.lines)]
        timed.sort(key=lambda one: one[:2])
        lines = [line for _, _, line in timed]
        if run == "repeated":
            placed = [(place, 0, line) for place, line in enumerate(lines)]
            placed += [(place + chance.randint(0, FAR), 1, line) for _ in range(2) for place, line in enumerate(lines) if chance.random() < 0.5]
            lines = [line for _, _, line in sorted(placed, key=lambda one: one[:2])]
        return lines

    def arrived(self, run, order, lines):
        """One order's lines as they arrived in this run."""
        own = set(self.lines.get(order, []))
        return [line for line in lines if line in own] if run in ("shuffled", "tossed") else list(self.lines.get(order, []))

    @staticmethod
    def tossed(lines, chance, repeat):
        lines = [line for line in lines for _ in range(chance.randint(1, 3) if repeat else 1)]
        chance.shuffle(lines)
        return lines

    def replay(self, lines):
        """What the product makes of these lines."""
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".jsonl", delete=False) as file:
            file.write("".join(line + "\n" for line in lines))
        try:
            done = subprocess.run([self.binary, "replay", "--config", str(BRANDS), file.name], capture_output=True, text=True, check=False)
        finally:
            Path(file.name).unlink()
        if done.returncode not in (0, 3):
            raise SystemExit(f"replay failed: {done.stderr[-500:]}")
        mark = f"{file.name}:"
        named = {int(line.split(mark, 1)[1].split(":", 1)[0]) for line in done.stderr.splitlines() if mark in line}
        count = re.search(r"(\d+) lines? refused", done.stderr)
        return Told([json.loads(line) for line in done.stdout.splitlines()], int(count[1]) if count else -1, named)

    # ---- What the oracle makes of them.

    def expect(self, run):
        """Verdicts by order. Repeats change none."""
        late = run in ("shuffled", "tossed")
        if late not in self.verdicts_by:
            found = {}
            for history in self.histories:
                found |= self.verdicts(run, events_of(history.lines))
            self.verdicts_by[late] = found
        return self.verdicts_by[late]

    def verdicts(self, run, events):
        moments = [when for when in (facts.instant(event.get("time")) for event in events) if when]
        if not moments:
            return {}
        now = min(moments) if run in ("shuffled", "tossed") else None
        # The clock of the run goes on to the end of the file.
        given = oracle.verdicts(events, self.policies, now, max(moments) if now else self.end)
        return {order: verdict for (_, order), verdict in given.items()}

    def judge(self, names):
        """All runs, one after the other."""
        total, told = Total(), {}
        for name in names:
            lines = self.arrive(name)
            told[name] = self.replay(lines)
            self.hold(total, name, lines, told[name])
        if {"happened", "repeated"} <= set(names):
            first, second = told_lines(told["happened"]), told_lines(told["repeated"])
            total.differing = sum(((first - second) + (second - first)).values())
        return total

    def hold(self, total, run, lines, told, verdicts=None):
        """Adds to the total what this answer makes of it."""
        verdicts = verdicts or self.expect(run)
        heard = told.by_order(self.brands)
        silent = defaultdict(list)
        for line in told.output:
            if line["outcome"] != "sent":
                silent[line["order"]].append(line)
        total.runs[run] = None
        total.orders, total.events = len(self.histories), total.events + len(lines)
        total.told += sum(map(len, heard.values()))
        for order in verdicts.keys() | heard.keys():
            verdict = verdicts.get(order) or oracle.Verdict(self.brands.get(order), order)
            problems = oracle.compare(verdict, [notice for _, notice in heard[order]], beside(heard[order], silent[order], self.brands))
            untrue = against(run, heard[order], verdict)
            unnamed = traceless(verdict, heard[order], silent[order])
            total.must += sum(verdict.must.values())
            total.some += len(verdict.some)
            total.held += sum((Counter(verdict.known(notice) for _, notice in heard[order]) & verdict.must).values())
            if problems or untrue or unnamed:
                arrived = self.arrived(run, order, lines)
                total.problems.append(Problem(run, order, problems, untrue, unnamed, arrived, heard[order], silent[order]))
        malformed, conflicting = refusals(lines, self.policies)
        total.refusals += len(malformed | conflicting)
        wrong = sorted(told.named - malformed - conflicting)
        total.wrong_refusals += [f"{run}: line {line} was refused: {lines[line - 1][:300]}" for line in wrong]
        if told.refused != len(malformed | conflicting):
            total.wrong_refusals.append(f"{run}: {told.refused} lines refused, {len(malformed | conflicting)} are to be")


def judge_part(binary, orders, seed, first, names):
    return Runs(binary, orders, seed, first).judge(names)


def judge_all(binary, orders, seed, names):
    """All orders, a part after the other, on two cores."""
    parts = [(binary, min(PART, orders + 1 - first), seed, first, names) for first in range(1, orders + 1, PART)]
    total = Total()
    with ProcessPoolExecutor(2) as pool:
        for part in pool.map(judge_part, *zip(*parts)):
            total.add(part)
    return total


def against(run, told, verdict):
    """What was told of an order and could not be, after what was told or had happened before."""
    found = oracle.contradictions(told, verdict)
    return found + (oracle.untrue(told, verdict) if run in ("happened", "repeated") else [])


def traceless(verdict, told, silent):
    """What facts call for, and no line says that it was told, or why it was not."""
    named = {verdict.known(notice) for _, notice in told}
    lines = {(verdict.names.get(line["shipment"], line["shipment"]), line["stage"], line["to"], line["channel"]) for line in silent}
    return sorted((one for one in verdict.news - named if one[2:] not in lines), key=str)


def told_lines(told):
    return Counter(json.dumps(line, sort_keys=True) for line in told.output if line["outcome"] == "sent")


def events_of(lines):
    return [event for event in map(parsed, lines) if event is not None]


@functools.lru_cache(maxsize=200_000)
def parsed(line):
    """The event of a line; None if it holds none. Not to be changed by whoever asks."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def times(lines):
    """Each line with its time; a line that has none stands beside the one before it."""
    latest = datetime.min.replace(tzinfo=timezone.utc)
    for line in lines:
        latest = max(latest, facts.instant((parsed(line) or {}).get("time")) or latest)
        yield latest, line


def last_time(lines):
    return max(when for when, _ in times(lines))


def refusals(lines, policies):
    """The numbers of the lines that are to be refused in this order of arrival: malformed ones, and those whose key is another event's."""
    malformed, conflicting, known = set(), set(), {}
    for number, line in enumerate(lines, start=1):
        event = parsed(line)
        if event is None or malformed_line(line) or policies.of(event.get("brand") or policies.default_brand) is None:
            malformed.add(number)
        elif known.setdefault((event["source"], event["id"]), event) != event:
            conflicting.add(number)
    return malformed, conflicting


@functools.lru_cache(maxsize=200_000)
def malformed_line(line):
    event = parsed(line)
    return bool(facts.refused(event)) or facts.lacks_contact(event)


def shrink(runs, problem):
    """The fewest lines of this order on which the two still disagree in the same way."""
    kinds = problem.kinds()

    def same(lines):
        total = Total()
        runs.hold(total, problem.run, lines, runs.replay(lines), runs.verdicts(problem.run, events_of(lines)))
        return any(kinds & again.kinds() for again in total.problems if again.order == problem.order)

    lines = list(problem.lines)
    shorter = same(lines)
    while shorter:
        shorter = False
        for place in range(len(lines)):
            fewer = lines[:place] + lines[place + 1 :]
            if fewer and same(fewer):
                lines, shorter = fewer, True
                break
    return lines
