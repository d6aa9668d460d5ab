#!/usr/bin/env python3
"""Gives some of the customers in a stream of events a mobile number, so that texts are sent as well.

    phones.py [--pct 30] < events.jsonl > with-phones.jsonl

The real orders name nobody's number. Who gets one, and which, follows from the customer's id alone: the same in every run.
"""
import argparse
import hashlib
import json
import sys


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--pct", type=int, default=30)
    arguments = arguments.parse_args()
    for line in sys.stdin:
        event = json.loads(line)
        customer = event["data"]["order"].get("customer")
        if customer:
            number = int.from_bytes(hashlib.sha256(customer["id"].encode()).digest()[:8], "big")
            if number % 100 < arguments.pct:
                # A mobile number of São Paulo: 11, a nine, eight digits.
                customer["phone"] = f"+55119{number // 100 % 10**8:08}"
        sys.stdout.write(json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n")


main()
