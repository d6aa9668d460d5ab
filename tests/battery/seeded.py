"""Errors put into a true answer, one at a time: each must be found. So the differential is known to be able to turn red; and by the
answers of borders.py that it turns red no sooner and no later than it is meant to."""
import random
import sys
from collections import Counter

import borders
import oracle
from judge import Total, against, refusals
from clocked import DELAYS_MAX
from stages import AT_THE_DOOR

TIMES = 12  # How often each sort of error is made, in different orders.


class Made:
    """A true answer, order by order, and what the oracle says of it."""

    def __init__(self, runs):
        self.run = "happened"
        self.lines = runs.arrive(self.run)
        self.told = runs.replay(self.lines)
        self.verdicts = runs.expect(self.run)
        self.heard = self.told.by_order(runs.brands)
        self.orders = [order for order, verdict in self.verdicts.items() if not self.red(order, self.heard[order]) and verdict.must]

    def red(self, order, told):
        """Whether anything is wrong with this order."""
        verdict = self.verdicts[order]
        return bool(oracle.compare(verdict, [notice for _, notice in told]) or against(self.run, told, verdict))


def dropped(chance, verdict, told):
    """A message that must be told is not."""
    counts = Counter(verdict.known(notice) for _, notice in told)
    needed = {notice: count for notice, count in verdict.must.items() if notice not in verdict.instead}
    return without(chance, told, [one for one in told if counts[verdict.known(one[1])] == needed.get(verdict.known(one[1]))])


def all_of_several_dropped(chance, verdict, told):
    """Of news that may be joined, none is told."""
    some = chance.choice(verdict.some) if verdict.some else None
    return [one for one in told if verdict.known(one[1]) not in some] if some else None


def doubled(chance, verdict, told):
    """A message is told once more."""
    counts = Counter(verdict.known(notice) for _, notice in told)
    full = [one for one in told if counts[verdict.known(one[1])] == verdict.may[verdict.known(one[1])]]
    return [*told, (told[-1][0], chance.choice(full)[1])] if full else None


def to_somebody_else(chance, verdict, told):
    """Told to a recipient whom the order does not have."""
    return None if verdict.gift else changed(chance, told, lambda notice: notice._replace(role="recipient"))


def wrong_channel(chance, verdict, told):
    """Told on a channel that was declined, has no address, or is not this stage's."""
    other = {"email": "sms", "sms": "email"}
    wrong = [one for one in told if not verdict.may[verdict.known(one[1]._replace(channel=other[one[1].channel]))]]
    return changed(chance, told, lambda notice: notice._replace(channel=other[notice.channel]), wrong)


def unknown_parcel(chance, _, told):
    """Told of a parcel of some other order."""
    return changed(chance, told, lambda notice: notice._replace(shipment="P9"), [one for one in told if one[1].shipment])


def never_happened(chance, verdict, told):
    """Told of something that no fact says."""
    stage = chance.choice(("lost", "returned", "cancelled", "exception", "feedback", "correction"))
    notice = chance.choice(told)[1]._replace(stage=stage)
    return None if verdict.may[verdict.known(notice)] else [*told, (told[-1][0], notice)]


def backwards(chance, verdict, told):
    """`shipped` after `delivered`."""
    ends = [one[1] for one in told if one[1].stage == "delivered" and one[1].shipment not in verdict.tangled]
    again = [one._replace(stage="shipped") for one in ends]
    again = [one for one in again if verdict.superseded == "drop" and verdict.may[verdict.known(one)]]
    if not again:
        return None
    chosen = chance.choice(again)
    return [one for one in told if one[1] != chosen] + [(told[-1][0], chosen)]


def too_late(chance, verdict, told):
    """On the van, or waiting, although it was handed over long before."""
    late = [one for one in told if one[1].stage in AT_THE_DOOR and any(two[1] == one[1]._replace(stage="delivered") for two in told)]
    if not late or verdict.tangled:
        return None
    chosen = chance.choice(late)
    return [one for one in told if one is not chosen] + [("2026-11-25T12:00:00Z", chosen[1])]


def complete_and_each(_, verdict, told):
    """`order_complete` beside every parcel's `delivered`."""
    complete = [notice for _, notice in told if notice.stage == "order_complete"]
    if not complete or verdict.tangled:
        return None
    each = [complete[0]._replace(stage="delivered", shipment=parcel) for parcel in sorted(verdict.live)]
    return [one for one in told if one[1] not in each] + [(told[-1][0], notice) for notice in each]


def too_many_delays(chance, verdict, told):
    """One more message about delays than anybody may have."""
    first = [one for one in told if one[1].stage == "delay_expected"]
    if not first:
        return None
    when, notice = chance.choice(first)
    delays = sum(one[1].stage in ("delay_expected", "delay_again", "back_on_time") and one[1][4:] == notice[4:] for one in told)
    return told + [(when, notice._replace(stage="delay_again"))] * (DELAYS_MAX + 1 - delays)


def again_without_first(_, verdict, told):
    """`back_on_time` to whom no delay was told."""
    if any(one[1].stage == "delay_expected" for one in told):
        return None
    notice = told[0][1]._replace(stage="back_on_time", shipment=None, role="customer", channel="email")
    return [*told, (told[-1][0], notice)]


def without(chance, told, candidates):
    chosen = chance.choice(candidates) if candidates else None
    return [one for one in told if one is not chosen] if chosen else None


def changed(chance, told, change, candidates=None):
    candidates = told if candidates is None else candidates
    chosen = chance.choice(candidates) if candidates else None
    return [(when, change(notice)) if (when, notice) == chosen else (when, notice) for when, notice in told] if chosen else None


SORTS = [dropped, all_of_several_dropped, doubled, to_somebody_else, wrong_channel, unknown_parcel, never_happened, backwards, too_late,
         complete_and_each, too_many_delays, again_without_first]


def selftest(runs):
    """0 if every error is found."""
    made, missed, tried = Made(runs), [], 0
    for sort in SORTS:
        chance = random.Random(f"{runs.seed}/{sort.__name__}")
        found = 0
        orders = [order for order in made.orders if made.heard[order]]
        chance.shuffle(orders)
        for order in orders:
            told = sort(chance, made.verdicts[order], list(made.heard[order]))
            if found == TIMES:
                break
            if told is None:
                continue
            found, tried = found + 1, tried + 1
            if not made.red(order, told):
                missed.append(f"{sort.__name__} in {order}")
        if found < TIMES // 4:
            missed.append(f"{sort.__name__}: only {found} orders to try it in")
    tried, missed = whole_answers(runs, made, tried, missed)
    answers, misjudged = borders.misjudged()
    for one in misjudged:
        print(f"  misjudged: {one}", file=sys.stderr)
    for one in missed:
        print(f"  not found: {one}", file=sys.stderr)
    figures = f"errors={tried} not_found={len(missed)} sorts={len(SORTS) + 4} answers={answers} misjudged={len(misjudged)}"
    print(f"{'SELFTEST FAILED' if missed or misjudged else 'SELFTEST PASSED'}: {figures}")
    return 1 if missed or misjudged else 0


def whole_answers(runs, made, tried, missed):
    """Errors that concern the answer as a whole."""
    empty, few, many, stranger = Total(), Total(), Total(), Total()
    true_count = len(set.union(*refusals(made.lines, runs.policies)))
    told = made.told
    runs.hold(empty, made.run, made.lines, type(told)([], true_count, set()))
    runs.hold(few, made.run, made.lines, type(told)(told.output, true_count - 1, set()))
    runs.hold(many, made.run, made.lines, type(told)(told.output, true_count, {1}))
    line = dict(told.output[0], order="nobody's", outcome="sent")
    runs.hold(stranger, made.run, made.lines, type(told)([*told.output, line], true_count, set()))
    wrong = {
        "an empty answer": empty.exit_code() == 0,
        "a line that should have been refused": not few.wrong_refusals,
        "a line that should not have been refused": not many.wrong_refusals,
        "an order that nobody placed": not any(problem.order == "nobody's" for problem in stranger.problems),
    }
    return tried + len(wrong), missed + [name for name, undetected in wrong.items() if undetected]
