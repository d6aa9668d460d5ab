"""What must stay flat in a long life, and fair under a backlog; each in sentences about what does not. See long.py."""
import collections
import statistics

SOAK_RATE = 100  # Events a second.
# What may grow between the second quarter of a soak and its last, and by how much: memory has noise, files and sessions have pools,
# and a rare kind of message gets its frame late.
GROWTH = {"own_mib": 1.15, "files": 1.3, "sessions": 1.3, "frames": 1.5}
ROW_GROWTH, LARGE = 1.5, 5000  # Of what a table needs for each of its rows, where it has so many that are alive.
DEAD_SHARE_MAX = 0.3  # Of a table's rows, once there are some thousand.
SWOLLEN_MIB = 300
# All brands wait for their turn alike if whoever came first is served first. They must not: a brand's wait is its own backlog's.
FAIR_SHARE, FAIR_SECS = 0.8, 5


def grown(samples):
    """What grew although it should not have. Too few samples say nothing, and that is a finding as well."""
    if len(samples) < 8:
        yield f"only {len(samples)} samples: too short to see anything grow"
        return
    quarter = len(samples) // 4
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    for name in sorted(early[0]):
        limit = GROWTH.get(name.split(" ")[-1])
        if limit:
            was, now = (statistics.median(one[name] for one in part) for part in (early, late))
            if now > was * limit + 2:
                yield f"{name} grew from {was:.1f} to {now:.1f}"
    yield from grown_tables(early, samples[-1].get("tables", {}))
    queued = [one["queued"] for one in late if one["queued"] is not None]
    if queued and statistics.median(queued) > SOAK_RATE * 5:
        yield f"the queue does not empty: {statistics.median(queued)} messages wait"


def grown_tables(early, last):
    for table, (live, dead, size) in last.items():
        if dead > 20_000 and dead > (live + dead) * DEAD_SHARE_MAX:
            yield f"{table}: {dead} dead rows beside {live} live ones"
        before = [one["tables"][table] for one in early if one["tables"].get(table, [0])[0] > LARGE]
        if before and live > LARGE:
            was, now = statistics.median(size / (live + dead) for live, dead, size in before), size / (live + dead)
            if now > was * ROW_GROWTH:
                yield f"{table} grew from {was:.0f} to {now:.0f} bytes for each row"


def swollen(samples):
    """Memory must not follow the backlog."""
    for name in (name for name in samples[0] if name.endswith("own_mib")):
        most = max(one[name] for one in samples)
        if most > SWOLLEN_MIB:
            yield f"{name} rose to {most} MiB"


def waits_of(found):
    """The brand with most of the orders; and p95 of the seconds from planned to accepted, by brand."""
    waits, count = collections.defaultdict(list), collections.Counter(order.brand for order in found.orders.values())
    for one in found.ledger:
        row = found.outbox.get(one.get("key"))
        if one.get("accepted") and row:
            waits[one["brand"]].append(one["at"] - row["planned_at"])
    return count.most_common(1)[0][0], {brand: round(statistics.quantiles(some, n=20)[18], 2) for brand, some in waits.items() if len(some) > 20}


def unfair(big, waits):
    others = {brand: wait for brand, wait in waits.items() if brand != big}
    if big not in waits or not others:
        yield f"too few messages to see whether any brand waits for the big one: {waits}"
        return
    for brand, wait in sorted(others.items()):
        if wait > waits[big] * FAIR_SHARE + FAIR_SECS:
            yield f"{brand} waited {wait} s for its messages, the big brand {waits[big]} s"


def fairness(big, waits):
    """What of the waits stands in the report."""
    others = sorted(wait for brand, wait in waits.items() if brand != big)
    return {"big": waits.get(big), "others": len(others), **({"median": statistics.median(others), "most": others[-1]} if others else {})}
