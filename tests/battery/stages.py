"""What each stage calls for. The module `oracle` says in words what is decided here."""
import json
from datetime import timedelta

import clocked
from case import BENIGN, FINAL, ON_THE_WAY, STATUS, Notice, tangled, tied
from facts import SCANS
from policy import PROGRESS

ACT = {"customs_hold", "customs_documents", "customs_duties", "address_wrong", "address_moved", "payment_due"}
MAY_ACT = {"recipient_absent", "recipient_refused", "recipient_closed", "pickup_expired"}
SURELY = timedelta(hours=1)
SAME_ATTEMPT = timedelta(hours=12)  # Two reports of one attempt, or of one day's van, come within a day's round.
AT_THE_DOOR = {"out_for_delivery", "attempt_failed", "available_for_pickup"}
# What somebody who gets a present never hears by default: it is about the purchase.
PURCHASE = {"confirmed", "packed", "cancelled", "feedback"}
WHOLE = {"confirmed", "packed", "order_complete"}  # Stages of the order, not of a parcel.
# How far facts and the stages of progress that they call for are on their way.
RANK = {"order.paid": 0, "confirmed": 0, "order.packed": 1, "packed": 1, "shipped": 2, "in_transit": 2, "delayed": 2,
        "out_for_delivery": 3, "attempt_failed": 3, "available_for_pickup": 3, "delivered": 4, "order_complete": 5}


def same_news(one, other):
    """Whether two scans of a kind, with no other status between them, report the same."""
    if one.type in ("attempt_failed", "out_for_delivery"):
        return other.time - one.time < SAME_ATTEMPT
    if one.type == "available_for_pickup":
        places = [fact.shipment.get("pickup") or {} for fact in (one, other)]
        return all(places[0].get(name) == places[1].get(name) for name in ("name", "address", "code"))
    return True


def calls(fact):
    """The stages that the merge window may join and this fact may call for."""
    own = {"order.paid": {"confirmed"}, "order.packed": {"packed"}, "delivered": {"delivered", "order_complete"}}.get(fact.type, {fact.type})
    return (own | ({"shipped"} if fact.type in SCANS else set())) & PROGRESS


def tell(case):
    """The verdict on one order."""
    case.describe()
    for role in ("customer", "recipient"):
        for channel in ("email", "sms"):
            if case.people.possible(role, channel):
                Voice(case, role, channel).tell()
    return case.result


class Voice:
    """What one person is told on one channel."""

    def __init__(self, case, role, channel):
        self.case, self.order, self.role, self.channel = case, case.order, role, channel
        self.certain = case.people.certain(role, channel)
        self.cancels = self.order.of_type("order.cancelled")
        self.parcels = {id(fact): parcel for parcel in self.order.parcels for fact in parcel.facts}

    def tell(self):
        self.confirmed()
        self.packed()
        self.cancelled()
        for parcel in self.order.parcels:
            self.shipped(parcel)
            for stage in ("out_for_delivery", "attempt_failed", "available_for_pickup", "delivered", "returning", "returned", "lost"):
                self.scanned(parcel, stage)
            self.exception(parcel)
            self.correction(parcel)
        self.order_complete()
        clocked.tell(self)
        self.return_requested()

    # ---- What is called for at all.

    def called(self, stage):
        """Whether the brand tells this stage to this person on this channel, as far as is documented."""
        own = self.case.policy.stages[stage]
        if self.channel not in own.channels:
            return False
        if own.roles is None:
            return self.role == "customer" or stage not in PURCHASE
        return self.role in own.roles

    def sure(self, stage):
        """Whether it is certain that the brand does."""
        own = self.case.policy.stages[stage]
        return self.certain and self.called(stage) and (self.role == "customer" or own.roles is not None)

    def notice(self, stage, parcel=None):
        name = parcel.name if parcel else None
        return Notice(self.order.brand, self.order.id, name, stage, self.role, self.channel)

    def allow(self, stage, parcel=None, count=1):
        if count and self.called(stage):
            self.case.result.may[self.notice(stage, parcel)] += count

    def trace(self, stage, parcel, facts):
        """A fact calls for it: it may not vanish without a word."""
        if facts and self.sure(stage):
            self.case.result.news.add(self.notice(stage, parcel))

    def demand(self, stage, parcel=None, fact=None, rivals=(), count=1):
        """It must be told, or, where the window may join it with other news, at least one of these."""
        if not self.sure(stage) or not count:
            return
        own = self.notice(stage, parcel)
        joined = self.joined(stage, parcel, fact, rivals)
        if joined:
            self.case.result.some.append(frozenset(joined | {own}))
        else:
            self.case.result.must[own] += count

    def joined(self, stage, parcel, fact, rivals):
        """Notices of other news with which this may become one message: of other parcels, or a later stage of the same."""
        if not self.case.policy.stages[stage].window:
            return set()
        window = self.case.slack(stage, self.channel)
        found = set()
        for other in [*rivals, fact]:
            same = self.parcels.get(id(other))
            overtaken = same in (None, parcel) and RANK.get(other.type, -1) <= RANK[stage]
            if overtaken or self.case.now is None and (self.case.news(other) or other.time) < (self.case.news(fact) or fact.time) - window:
                continue
            found |= {self.notice(one, None if one in WHOLE else same) for one in calls(other)}
        return found

    def rivals(self, fact, stage):
        return self.case.rivals(fact, stage, self.channel)

    def whole(self, facts):
        """Whether these facts cancel the order wholly, or may: in parts that together name every item."""
        cancels = [fact for fact in facts if fact.type == "order.cancelled"]
        gone = {name for fact in cancels for item in fact.order.get("items") or [] for name in (item.get("id"), item.get("sku")) if name}
        left = [item for item in self.ordered() if not {item.get("id"), item.get("sku")} & gone]
        return any(not fact.order.get("items") for fact in cancels) or bool(cancels) and not left

    def ordered(self):
        """The order's items, without what a cancellation names: that is another member of the same name."""
        given = [fact.order["items"] for fact in self.order.facts if fact.order.get("items") and fact.type != "order.cancelled"]
        return given[-1] if given else []

    # ---- The order's own stages.

    def confirmed(self):
        paid = self.order.of_type("order.paid")
        self.allow("confirmed", count=int(any(self.case.fresh(fact) for fact in paid)))
        self.own_stage("confirmed", paid, later=("order.packed",))

    def packed(self):
        packed = self.order.of_type("order.packed")
        self.allow("packed", count=int(any(self.case.fresh(fact) for fact in packed)))
        self.own_stage("packed", packed, later=())

    def own_stage(self, stage, facts, later):
        """A stage of the order itself: told once, if no later one may be known and nothing contradicts it."""
        self.trace(stage, None, facts)
        rivals = [self.rivals(fact, stage) for fact in facts]
        if not facts or any(one is None for one in rivals) or self.whole(rivals[0]):
            return
        overtaken = any(fact.type in later or fact.type in SCANS or fact.type == "exception" for fact in rivals[0])
        if self.case.policy.superseded == "send" or not overtaken:
            self.demand(stage, None, facts[0], rivals[0])

    def cancelled(self):
        parts, whole = {}, []
        for fact in self.cancels:
            items = fact.order.get("items")
            if items:
                parts.setdefault(json.dumps(items, sort_keys=True), []).append(fact)
            else:
                whole.append(fact)
        fresh = [fact for fact in self.cancels if self.case.fresh(fact)]
        count = sum(1 for fact in fresh if fact.order.get("items")) + int(any(fact in whole for fact in fresh))
        # Parts that leave nothing, told before it was known that nothing else was ordered, are told once more as the whole.
        self.allow("cancelled", count=count + int(not whole and self.whole(self.cancels)))
        self.trace("cancelled", None, self.cancels)
        known = [self.rivals(fact, "cancelled") for fact in whole]
        if whole and all(one is not None for one in known) and not any(fact.type in SCANS for fact in known[0]):
            self.demand("cancelled", None, whole[0], known[0])
        if not whole:
            sure = [facts for facts in parts.values() if all(self.rivals(fact, "cancelled") is not None for fact in facts)]
            # Parts that are told together and leave nothing are told as the whole: those that come late, or wait for the end of a hold.
            alone = [facts for facts in sure if not self.whole([facts[0], *self.rivals(facts[0], "cancelled")])]
            self.demand("cancelled", None, None, (), len(alone) + min(len(sure) - len(alone), 1))

    # ---- A parcel's stages.

    def shipped(self, parcel):
        moved = parcel.scans
        self.trace("shipped", parcel, moved)
        self.allow("shipped", parcel, int(any(self.case.fresh(fact) for fact in moved)))
        if self.case.policy.superseded == "send":
            implying = [fact for fact in moved if fact.type not in ("returning", "returned", "lost", "delayed")]
        else:
            implying = [fact for fact in moved if fact.type in ("shipped", "in_transit")]
        known = [self.rivals(fact, "shipped") for fact in implying]
        if not implying or any(one is None for one in (known if self.case.now else known[:1])) or self.whole(known[0]):
            return
        types = {fact.type for fact in known[0] if fact in parcel.facts} | {implying[0].type}
        contradicted = types & {"returning", "returned", "lost", "cancelled"}
        overtaken = types & SCANS - BENIGN["shipped"] or "exception" in types
        if not contradicted and (self.case.policy.superseded == "send" or not overtaken):
            self.demand("shipped", parcel, implying[0], known[0])

    def scanned(self, parcel, stage):
        """A stage that is a scan's own: what is the last that is known of the parcel must be told."""
        runs = self.runs(parcel, stage, SCANS | {"exception"} if stage in AT_THE_DOOR | {"returning"} else SCANS)
        facts = [fact for run in runs for fact in run]
        self.trace(stage, parcel, facts)
        fresh = [fact for fact in facts if self.case.fresh(fact)]
        if tied(parcel) or stage in ("out_for_delivery", "attempt_failed"):
            count = len(fresh)
        else:
            count = sum(any(fact in fresh for fact in run) for run in runs)
        self.allow(stage, parcel, count)
        # "Shipped" that comes late ends nothing, and what comes within the hour may only have been late.
        days = set()
        for run in self.runs(parcel, stage, STATUS - {"shipped"}, SURELY):
            # "On the van today" need not be said twice of one day.
            day = run[0].time.astimezone(self.case.zone).date() if stage == "out_for_delivery" and self.case.zone else None
            if day is None or day not in days:
                self.run_must(parcel, stage, run)
            days.add(day)

    def run_must(self, parcel, stage, run):
        """One stretch of scans of the same kind: told once, if nothing that may be known overtakes it."""
        good = [self.good(parcel, stage, fact) for fact in run]
        if not (all(good) if self.case.now else good[0]):
            return
        rivals = self.rivals(run[0], stage)
        if stage == "delivered" and self.called("order_complete") and (self.completes(rivals + [run[0]]) or self.seemed_complete()):
            if self.sure("delivered"):
                own = {self.notice("delivered", parcel), self.notice("order_complete")}
                self.case.result.some.append(frozenset(own | self.joined(stage, parcel, run[0], rivals)))
            return
        if stage == "out_for_delivery" and not self.same_day(run[0], self.case.zone):
            return
        if stage == "out_for_delivery" and self.case.unplaced(run[0]) and not self.same_day(run[0], self.case.policy.zone):
            self.on_its_way(parcel, run[0], rivals)
            return
        code = (run[0].shipment.get("pickup") or {}).get("code")
        if stage == "available_for_pickup" and self.sure(stage) and code:
            self.case.result.codes_due.setdefault((self.role, self.channel), set()).add(code)
        if stage == "available_for_pickup" and self.sure(stage) and self.sure("pickup_reminder"):
            own, reminder = self.notice(stage, parcel), self.notice("pickup_reminder", parcel)
            if self.case.now is not None:
                # What comes late is told as the reminder that it has become.
                self.case.result.some.append(frozenset({own, reminder} | self.joined(stage, parcel, run[0], rivals)))
                return
            if self.reminded(parcel, run[0]):
                self.case.result.instead[own] = {reminder}
        self.demand(stage, parcel, run[0], rivals)

    def reminded(self, parcel, fact):
        """Whether this wait's reminder is due by the time of telling, to who was told before that the parcel waits elsewhere."""
        told, due = self.case.news(fact), clocked.reminder_due(fact, self.case.zone)
        earlier = any(other.type == fact.type and other.time < fact.time for other in parcel.scans)
        return earlier and told is not None and due is not None and due <= self.case.out(told, fact.type, self.channel)

    def runs(self, parcel, stage, breaking, surely=timedelta()):
        """The scans of this kind, in stretches with nothing breaking between them, or not so soon."""
        runs, open_run = [], None
        for fact in parcel.facts:
            if fact.type == stage:
                if open_run and same_news(open_run[-1], fact):
                    open_run.append(fact)
                else:
                    open_run = [fact]
                    runs.append(open_run)
            elif open_run and fact.type in breaking - BENIGN[stage] and fact.time - open_run[-1].time >= surely:
                open_run = None
        return runs

    def good(self, parcel, stage, fact):
        """Whether this scan's news is certain to be told: nothing that may be known overtakes or contradicts it."""
        rivals = self.rivals(fact, stage)
        if rivals is None or self.whole(rivals):
            return False
        for other in rivals:
            if self.parcels.get(id(other)) is not parcel:
                continue
            if other.type == "cancelled":
                return False
            if other.type == "exception" and stage in AT_THE_DOOR | {"returning"} and other.time >= fact.time:
                return False
            # What waits elsewhere by then is told of that place alone.
            if other.type == stage == "available_for_pickup" and other.time >= fact.time and not same_news(fact, other):
                return False
            if other.type in SCANS and other.time >= fact.time and other.type not in BENIGN[stage]:
                close = other.type == stage == "attempt_failed" and other.time - fact.time < SAME_ATTEMPT
                if not close:
                    return False
            if other.type in FINAL and stage in AT_THE_DOOR:
                return False
        return True

    def on_its_way(self, parcel, fact, rivals):
        """By the brand's clock, which counts until the address is known, the van's day is over: that it was sent is told at least."""
        known = [self.rivals(scan, "shipped") for scan in parcel.scans]
        if self.sure("out_for_delivery") and self.called("shipped") and all(one is not None for one in known):
            own = {self.notice(one, parcel) for one in ("out_for_delivery", "shipped")}
            self.case.result.some.append(frozenset(own | self.joined("out_for_delivery", parcel, fact, rivals)))

    def same_day(self, fact, zone):
        """On the van: only today. It must be told only where no midnight of this clock can come between."""
        when = self.case.news(fact) if self.case.now is None else self.case.horizon
        if when is None or zone is None:
            return False
        until = self.case.out(when, "out_for_delivery", self.channel)
        return fact.time.astimezone(zone).date() == until.astimezone(zone).date()

    def completes(self, facts):
        """Whether all of several parcels are delivered by these facts."""
        parcels = [parcel for parcel in self.order.parcels if not parcel.voided and any(fact in facts for fact in parcel.facts)]
        return len(parcels) > 1 and all(any(f in facts and f.type == "delivered" for f in parcel.facts) for parcel in parcels)

    def seemed_complete(self):
        """Whether all of several parcels may have seemed delivered, because another one came to be known later."""
        brought = [parcel for parcel in self.order.parcels if any(fact.type == "delivered" for fact in parcel.scans)]
        return self.case.now is not None and len(brought) > 1

    def order_complete(self):
        parcels = self.order.parcels
        brought = [parcel for parcel in parcels if any(fact.type == "delivered" for fact in parcel.scans)]
        if len(brought) < 2:
            return
        again = sum(len(self.runs(parcel, "delivered", SCANS)) - 1 for parcel in brought)
        # Of scans at one time nobody can say which came last: each "delivered" among them may be another one.
        again += sum(sum(fact.type == "delivered" for fact in parcel.scans) for parcel in brought if tied(parcel))
        self.allow("order_complete", None, 1 + again)
        last = max((self.runs(parcel, "delivered", SCANS)[-1][0] for parcel in brought), key=lambda fact: fact.time)
        plain = len(brought) == len(parcels) and not any(tangled(parcel) for parcel in parcels)
        ends = plain and all(self.good(parcel, "delivered", fact) for parcel in parcels for fact in self.runs(parcel, "delivered", SCANS)[-1])
        if ends and not self.cancels and self.covered():
            self.complete(last)

    def complete(self, last):
        """All is there. Where it may have seemed so before another parcel was known, `order_complete` was called for too soon and may
        have been taken back: then each arrival told by itself says as much."""
        rivals = self.rivals(last, "delivered")
        if not self.seemed_before() or not self.called("delivered"):
            self.demand("order_complete", None, last, rivals)
        elif self.sure("order_complete"):
            whole = self.joined("order_complete", None, last, rivals) | {self.notice("order_complete")}
            self.case.result.some += [frozenset(whole | {self.notice("delivered", parcel)}) for parcel in self.order.parcels]

    def seemed_before(self):
        """Whether at least two parcels may have been all that was known, and delivered, before another one came to be known."""
        parcels = self.order.parcels
        if self.case.now is not None:
            return len(parcels) > 2
        known = {parcel.name: min(fact.time for fact in parcel.facts if fact.knows_order) for parcel in parcels}
        for since in known.values():
            earlier = [parcel for parcel in parcels if known[parcel.name] < since]
            brought = [any(fact.type == "delivered" and fact.time <= since for fact in parcel.scans) for parcel in earlier]
            if len(earlier) > 1 and all(brought):
                return True
        return False

    def covered(self):
        """Whether the parcels hold all that was ordered, or say nothing of it."""
        held = [item for fact in self.order.facts for item in fact.shipment.get("items") or []]
        ordered = {item.get("id") for item in self.ordered()}
        return not held or ordered <= {item.get("id") for item in held}

    def exception(self, parcel):
        facts = [fact for fact in parcel.facts if fact.type == "exception"]
        acting = [fact for fact in facts if fact.shipment.get("reason") in ACT | MAY_ACT]
        self.allow("exception", parcel, sum(self.case.fresh(fact) for fact in acting))
        for place, fact in enumerate(acting):
            rivals = self.rivals(fact, "exception")
            if fact.shipment["reason"] not in ACT or rivals is None or self.whole(rivals):
                continue
            own = [other for other in rivals if other in parcel.facts]
            later = [other for other in own if other.time >= fact.time and other.type in SCANS | {"exception", "cancelled"}]
            before = acting[place - 1].shipment["reason"] if place else None
            if not later and not any(other.type in FINAL for other in own) and before != fact.shipment["reason"]:
                self.demand("exception", parcel, fact, rivals)

    def return_requested(self):
        """One for each return that this person asked for: of an order that says so, and of no other."""
        asked = [fact.order["return_requested"] for fact in self.order.facts if fact.order.get("return_requested")]
        own = {one.get("id") for one in asked if (one.get("by") or "customer") == self.role}
        self.allow("return_requested", None, len(own))

    def correction(self, parcel):
        carried = [fact.shipment["tracking_number"] for fact in parcel.facts if fact.shipment.get("tracking_number")]
        changes = sum(one != other for one, other in zip(carried, carried[1:]))
        withdrawn = sum(fact.type == "delivered" for fact in parcel.scans) if tangled(parcel) else 0
        moved = max(len(self.runs(parcel, "available_for_pickup", set())) - 1, 0)
        self.allow("correction", parcel, changes + withdrawn + moved)
        # A text need not name the number, so that there may be nothing to correct.
        if self.case.now is None and self.channel == "email":
            self.demand("correction", parcel, count=self.renumbered(parcel) * (changes == 1) + self.taken_back(parcel))

    def renumbered(self, parcel):
        """Whether "shipped" must have named a number that was replaced while the parcel was still on its way."""
        if self.notice("shipped", parcel) not in self.case.result.must:
            return False
        first = parcel.scans[0]
        told, named = self.case.news(first), [fact.shipment.get("tracking_number") for fact in parcel.facts if fact.time < first.time or fact is first]
        number = next((one for one in reversed(named) if one), None)
        out = self.case.out(told, "shipped", self.channel) if told else None
        # Replaced while "shipped" waited to be told, it may have been named or not.
        waited = [fact.shipment.get("tracking_number") or number for fact in parcel.facts if out and first.time <= fact.time <= out]
        for fact in parcel.facts if told and number and set(waited) <= {number} else []:
            new = fact.shipment.get("tracking_number")
            if fact.time > out and new and new != number:
                known = self.rivals(fact, "correction")
                kinds = {other.type for other in known or [] if self.parcels.get(id(other)) is parcel} | {fact.type}
                return known is not None and kinds <= ON_THE_WAY | {"created", "updated"} and not self.whole(known)
        return False

    def taken_back(self, parcel):
        """How often "delivered" must have been told and was taken back by a scan."""
        if self.notice("delivered", parcel) not in self.case.result.must or self.cancels:
            return 0
        count, state, end = 0, None, None
        for fact in parcel.scans:
            # Handed over, as was said again: what comes within the hour after that, too, may only have been late.
            end = fact.time if fact.type == "delivered" else end
            if state and fact.type in AT_THE_DOOR | {"in_transit"} and fact.time > max(state, end) + SURELY:
                known = self.rivals(fact, "correction") or []
                same = [other for other in known if self.parcels.get(id(other)) is parcel and other.time >= fact.time]
                count += bool(known) and not any(other.type in FINAL for other in same)
            news = self.case.news(fact)
            first = state is None and fact.type == "delivered"
            state = self.case.out(news, "delivered", self.channel) if first and news else state if fact.type in BENIGN["delivered"] else None
        return count
