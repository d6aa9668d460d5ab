#!/usr/bin/env python3
"""Says which messages a file of events calls for, and whether a ledger of received ones holds exactly these.

    judge.py expect EVENTS                            how many of each stage
    judge.py received EVENTS LEDGER DOUBTS            the verdict; exit code 1 unless it is clean
    judge.py replayed EVENTS REPLAY                   the same for the output of `doorstep replay`

Written from the contract alone, section 3, for a brand that tells `confirmed`, `shipped`, `delivered` and `order_complete`,
each by e-mail, and `shipped` and `delivered` by SMS to those who have a number; at once (no windows), whatever its age and
although a later stage may be known (`superseded = "send"`):

- `confirmed`: once for each order that was paid;
- `shipped`: once for each parcel with a scan;
- `delivered`: once for each delivered parcel;
- `order_complete`: once for each order of several parcels that are all delivered; it takes the place of the last parcel's
  `delivered`. Which parcel is the last one known depends on how the events came, and when several came together none of them
  may be left for a `delivered` of its own. So for such an order each `delivered` *may* be told once, but not all of them.

  Texts know no `order_complete`: there each parcel's `delivered` is told.

Nobody without an address is told, and nothing else is: any other message contradicts the file. So does one that names an order or
a tracking number that does not belong to its recipient.

DOUBTS is the output of `doorstep outbox list --json`: messages of which the worker says that nobody knows. Each of these may have
been received or not; it is counted, and is neither lost nor (once more) doubled.
"""
import collections
import json
import sys


class File:
    """What the events say, read without any of the product's code."""

    def __init__(self, path):
        self.paid, self.address, self.parcels = set(), {"email": {}, "sms": {}}, collections.defaultdict(dict)
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                self.read(json.loads(line))

    def read(self, event):
        order = event["data"]["order"]
        for channel, member in (("email", "email"), ("sms", "phone")):
            address = (order.get("customer") or {}).get(member)
            if address:
                self.address[channel][order["id"]] = address
        if event["type"] == "order.paid":
            self.paid.add(order["id"])
        if event["type"].startswith("shipment."):
            shipment = event["data"]["shipment"]
            parcel = self.parcels[order["id"]].setdefault(shipment["id"], {"number": None, "scans": set()})
            parcel["number"] = shipment.get("tracking_number") or parcel["number"]
            parcel["scans"].add(event["type"])

    def number(self, order, shipment):
        """A parcel's tracking number, None for the whole order."""
        return self.parcels.get(order, {}).get(shipment, {}).get("number")

    def expected(self):
        """Messages by (order, stage, number or None, channel): exactly once, and at most once."""
        must, may, complete = set(), set(), set()
        for order in self.address["email"]:
            if order in self.paid:
                must.add((order, "confirmed", None, "email"))
            parcels = self.parcels.get(order, {}).values()
            delivered = [one["number"] for one in parcels if "shipment.delivered" in one["scans"]]
            must.update((order, "shipped", one["number"], "email") for one in parcels)
            if len(parcels) > 1 and len(delivered) == len(parcels):
                must.add((order, "order_complete", None, "email"))
                may.update((order, "delivered", number, "email") for number in delivered)
                complete.add(order)
            else:
                must.update((order, "delivered", number, "email") for number in delivered)
        for order in self.address["sms"]:
            for one in self.parcels.get(order, {}).values():
                must.add((order, "shipped", one["number"], "sms"))
                if "shipment.delivered" in one["scans"]:
                    must.add((order, "delivered", one["number"], "sms"))
        return must, may, complete


def received(one, file):
    """What a line of the ledger told, and to whom."""
    channel, about_parcel = one["channel"], one["stage"] not in ("confirmed", "order_complete")
    orders, people = one["orders"], one["rcpt"] if channel == "email" else [one["to"]]
    numbers = one["numbers"] if channel == "email" else [file.number(orders[0], one["shipment"])]
    numbers = numbers if about_parcel else [None]
    if len(orders) == len(numbers) == len(people) == 1:
        return orders[0], one["stage"], numbers[0], channel, people[0]
    return str(orders), one["stage"], str(numbers), channel, str(people)


def doubt(one, file):
    """What a line of `doorstep outbox list` is about; it names the order as `brand/order`."""
    order = one["order"].split("/", 1)[1]
    return order, one["stage"], file.number(order, one["shipment"]), one["channel"]


def compare(file, told, doubtful):
    """`told`: (order, stage, number, channel, recipient or None) of each message received; `doubtful`: the same without the last."""
    must, may, complete = file.expected()
    counts, contradicting = collections.Counter(), []
    for order, stage, number, channel, recipient in told:
        notice = (order, stage, number, channel)
        right_person = recipient is None or recipient == file.address[channel].get(order)
        if right_person and (notice in must or notice in may):
            counts[notice] += 1
        else:
            contradicting.append((*notice, recipient))
    # The last parcel's `delivered` beside `order_complete` would say the same thing twice.
    for order in complete:
        numbers = [one["number"] for one in file.parcels[order].values()]
        if all(counts[(order, "delivered", number, "email")] for number in numbers):
            contradicting.append((order, "delivered", "each parcel, and order_complete", "email", None))
    doubtful = set(doubtful)
    lost = [notice for notice in must if not counts[notice] and notice not in doubtful]
    doubled = [notice for notice, count in counts.items() if count > 1]
    stages = collections.Counter(f"{stage} by {channel}" for _, stage, _, channel, _ in told)
    return {
        "expected": len(must), "may": len(may), "received": len(told), "lost": lost, "doubled": doubled,
        "contradicting": contradicting, "in_doubt": len(doubtful), "stages": dict(sorted(stages.items())),
    }


def verdict(result):
    clean = not (result["lost"] or result["doubled"] or result["contradicting"]) and result["received"] > 0
    for name in ("lost", "doubled", "contradicting"):
        for one in result[name][:10]:
            print(f"  {name}: {one}", file=sys.stderr)
        result[name] = len(result[name])
    print(json.dumps(result))
    figures = " ".join(f"{name}={result[name]}" for name in ("expected", "received", "lost", "doubled", "contradicting", "in_doubt"))
    print(f"{'CLEAN' if clean else 'NOT CLEAN'}: {figures}")
    return 0 if clean else 1


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def main():
    command, file = sys.argv[1], File(sys.argv[2])
    if command == "expect":
        must, may, _ = file.expected()
        stages = collections.Counter(f"{stage} by {channel}" for _, stage, _, channel in must)
        print(len(must), "messages,", json.dumps(stages), f"and at most {len(may)} more")
        return 0
    if command == "received":
        told = [received(one, file) for one in lines_of(sys.argv[3])]
        doubtful = [doubt(one, file) for one in lines_of(sys.argv[4])]
        return verdict(compare(file, told, doubtful))
    if command == "replayed":
        sent = [one for one in lines_of(sys.argv[3]) if one["outcome"] == "sent"]
        told = [(one["order"], one["stage"], file.number(one["order"], one["shipment"]), one["channel"], None) for one in sent]
        return verdict(compare(file, told, []))
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
