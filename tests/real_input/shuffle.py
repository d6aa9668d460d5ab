#!/usr/bin/env python3
"""Makes a stream of events arrive as events do: out of order and twice.

    shuffle.py --seed N [--repeat-pct 5] < events.jsonl > arrival.jsonl

Within each hour (by the events' own times) the order is random. Of all events, --repeat-pct per cent come a second time,
somewhere among the thousand that follow. The same seed makes the same stream.
"""
import argparse
import json
import random
import sys
from datetime import datetime, timezone

FOLLOWING = 1000  # A publisher that repeats after a lost confirmation does so within seconds.


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seed", type=int, required=True)
    arguments.add_argument("--repeat-pct", type=float, default=5)
    arguments = arguments.parse_args()
    chance = random.Random(arguments.seed)
    lines = sys.stdin.read().splitlines()
    hours = {}
    for line in lines:
        at = datetime.fromisoformat(json.loads(line)["time"]).astimezone(timezone.utc)
        hours.setdefault(at.replace(minute=0, second=0, microsecond=0), []).append(line)
    arriving = []
    for hour in sorted(hours):
        chance.shuffle(hours[hour])
        arriving.extend(hours[hour])
    # Place in the stream, then a tie-break that puts a repeat after what stands there.
    placed = [(place, 0, line) for place, line in enumerate(arriving)]
    for place in chance.sample(range(len(arriving)), round(len(arriving) * arguments.repeat_pct / 100)):
        placed.append((place + chance.randint(0, FOLLOWING), 1, arriving[place]))
    placed.sort(key=lambda one: one[:2])
    sys.stdout.write("".join(line + "\n" for _, _, line in placed))


main()
