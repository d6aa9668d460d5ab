"""What each stage calls for. The module `oracle` says in words what is decided here."""
import json
from datetime import date, timedelta

from zoneinfo import ZoneInfo

from case import BENIGN, FINAL, STATUS, Notice, tangled
from facts import SCANS, instant
from policy import PROGRESS

ACT = {"customs_hold", "customs_documents", "customs_duties", "address_wrong", "address_moved", "payment_due"}
MAY_ACT = {"recipient_absent", "recipient_refused", "recipient_closed", "pickup_expired"}
DELAYS = ("delay_expected", "delay_again", "back_on_time")
DELAYS_MAX = 3
SAME_ATTEMPT = timedelta(hours=12)  # Two reports of one attempt come within a day's round.
ON_THE_WAY = {"shipped", "in_transit", "delayed"}
AT_THE_DOOR = {"out_for_delivery", "attempt_failed", "available_for_pickup"}
# What somebody who gets a present never hears by default: it is about the purchase.
PURCHASE = {"confirmed", "packed", "cancelled", "feedback"}
RANK = {"confirmed": 0, "packed": 1, "shipped": 2, "in_transit": 2, "delayed": 2, "out_for_delivery": 3, "attempt_failed": 3,
        "available_for_pickup": 3, "delivered": 4, "order_complete": 5}
STAGE_OF = {"order.paid": "confirmed", "order.packed": "packed"} | {scan: scan for scan in SCANS if scan in RANK}


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
            self.pickup_reminder(parcel)
        self.order_complete()
        self.delays()
        self.by_the_clock()

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
        """Notices of other news with which this may become one message."""
        window = self.case.slack(stage, self.channel)
        if stage not in PROGRESS or not self.case.policy.stages[stage].window:
            return set()
        found = set()
        for other in rivals:
            same = self.parcel_of(other)
            lower = (same is None or same is parcel) and RANK.get(other.type, RANK.get(STAGE_OF.get(other.type))) is not None
            rank = RANK.get(STAGE_OF.get(other.type), 0)
            if other.type not in STAGE_OF or lower and rank <= RANK[stage]:
                continue
            if self.case.now is None and other.time < fact.time - window:
                continue
            kind = STAGE_OF[other.type]
            found |= {self.notice(one, same) for one in {kind, "shipped"} if same and one in RANK and one in PROGRESS}
            found |= {self.notice(kind)} if same is None else set()
            found |= {self.notice("order_complete")} if kind == "delivered" else set()
        return found

    def parcel_of(self, fact):
        return next((parcel for parcel in self.order.parcels if any(one is fact for one in parcel.facts)), None)

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
        self.allow("cancelled", count=count)
        known = [self.rivals(fact, "cancelled") for fact in whole]
        if whole and all(one is not None for one in known) and not any(fact.type in SCANS for fact in known[0]):
            self.demand("cancelled", None, whole[0], known[0])
        if not whole:
            sure = [facts for facts in parts.values() if all(self.rivals(fact, "cancelled") is not None for fact in facts)]
            self.demand("cancelled", None, None, (), len(sure))

    # ---- A parcel's stages.

    def shipped(self, parcel):
        moved = [fact for fact in parcel.scans]
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
        runs = self.runs(parcel, stage)
        facts = [fact for run in runs for fact in run]
        ties = len({fact.time for fact in parcel.scans if fact.type in STATUS}) < sum(fact.type in STATUS for fact in parcel.scans)
        fresh = [fact for fact in facts if self.case.fresh(fact)]
        if ties or stage in ("out_for_delivery", "attempt_failed"):
            count = len(fresh)
        elif stage == "available_for_pickup":
            count = sum(len({json.dumps(fact.shipment.get("pickup"), sort_keys=True) for fact in run if fact in fresh}) for run in runs)
        else:
            count = sum(any(fact in fresh for fact in run) for run in runs)
        self.allow(stage, parcel, count)
        for run in runs:
            self.run_must(parcel, stage, run)

    def run_must(self, parcel, stage, run):
        """One stretch of scans of the same kind: told once, if nothing that may be known overtakes it."""
        good = [self.good(parcel, stage, fact) for fact in run]
        if not (all(good) if self.case.now else good[0]):
            return
        rivals = self.rivals(run[0], stage)
        if stage == "delivered" and self.called("order_complete") and self.completes(rivals + [run[0]]):
            if self.sure("delivered") and self.sure("order_complete"):
                self.case.result.some.append(frozenset({self.notice("delivered", parcel), self.notice("order_complete")}))
            return
        if stage == "out_for_delivery" and not self.same_day(run[0]):
            return
        self.demand(stage, parcel, run[0], rivals)

    def runs(self, parcel, stage):
        """The scans of this kind, in stretches with no other status between them."""
        runs, open_run = [], None
        for fact in parcel.scans:
            if fact.type == stage:
                again = open_run and (stage != "attempt_failed" or fact.time - open_run[-1].time < SAME_ATTEMPT)
                if again:
                    open_run.append(fact)
                else:
                    open_run = [fact]
                    runs.append(open_run)
            elif fact.type not in BENIGN[stage]:
                open_run = None
        return runs

    def good(self, parcel, stage, fact):
        """Whether this scan's news is certain to be told: nothing that may be known overtakes or contradicts it."""
        rivals = self.rivals(fact, stage)
        if rivals is None or self.whole(rivals):
            return False
        for other in rivals:
            if other not in parcel.facts:
                continue
            if other.type == "cancelled":
                return False
            if other.type == "exception" and stage in AT_THE_DOOR and other.time >= fact.time:
                return False
            if other.type in SCANS and other.time >= fact.time and other.type not in BENIGN[stage]:
                close = other.type == stage == "attempt_failed" and other.time - fact.time < SAME_ATTEMPT
                if not close:
                    return False
            if other.type in FINAL and stage in AT_THE_DOOR:
                return False
        return True

    def same_day(self, fact):
        """On the van: only today. It must be told only where no local midnight can come between."""
        when = self.case.news(fact) if self.case.now is None else self.case.horizon
        zone = (self.order.register("address") or {}).get("time_zone")
        if when is None or zone is None or self.case.policy.quiet[self.channel]:
            return False
        until = when + self.case.slack("out_for_delivery", self.channel)
        return fact.time.astimezone(ZoneInfo(zone)).date() == until.astimezone(ZoneInfo(zone)).date()

    def completes(self, facts):
        """Whether all of several parcels are delivered by these facts."""
        parcels = [parcel for parcel in self.order.parcels if not parcel.voided and any(fact in facts for fact in parcel.facts)]
        return len(parcels) > 1 and all(any(f in facts and f.type == "delivered" for f in parcel.facts) for parcel in parcels)

    def order_complete(self):
        parcels = self.order.parcels
        brought = [parcel for parcel in parcels if any(fact.type == "delivered" for fact in parcel.scans)]
        if len(brought) < 2:
            return
        self.allow("order_complete")
        last = max((self.runs(parcel, "delivered")[-1][0] for parcel in brought), key=lambda fact: fact.time)
        plain = len(brought) == len(parcels) and not any(tangled(parcel) for parcel in parcels)
        ends = plain and all(self.good(parcel, "delivered", fact) for parcel in parcels for fact in self.runs(parcel, "delivered")[-1])
        if ends and not self.cancels and self.covered():
            self.demand("order_complete", None, last, self.rivals(last, "delivered"))

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

    def correction(self, parcel):
        withdrawn = sum(fact.type == "delivered" for fact in parcel.scans) if tangled(parcel) else 0
        self.allow("correction", parcel, max(len(parcel.numbers) - 1, 0) + withdrawn)
        if self.case.now is not None or not self.notice("shipped", parcel) in self.case.result.must:
            return
        first = next(fact for fact in parcel.scans)
        told = self.case.news(first)
        number, count = None, 0
        for fact in parcel.facts:
            new = fact.shipment.get("tracking_number")
            if new and number and new != number and told and fact.time > told + self.case.slack("shipped", self.channel):
                known = self.rivals(fact, "correction")
                types = {other.type for other in known or [] if other in parcel.facts}
                count += known is not None and types <= ON_THE_WAY | {"created", "updated"} and not self.whole(known)
            number = new or number
        if len(set(parcel.numbers)) == 2 and count == 1:
            self.demand("correction", parcel)

    def pickup_reminder(self, parcel):
        waits = [fact for fact in parcel.scans if fact.type == "available_for_pickup"]
        self.allow("pickup_reminder", parcel, len(waits))

    # ---- Delays, and what only the clock calls for.

    def delays(self):
        order = self.order
        promised = [fact for fact in order.facts if fact.order.get("promise")]
        if not promised and not any(fact.type == "delayed" for fact in order.facts):
            return
        for stage in DELAYS:
            self.allow(stage, None, DELAYS_MAX)
        if len(order.parcels) != 1 or self.cancels or len({json.dumps(fact.order["promise"]) for fact in promised}) != 1:
            return
        parcel, promise = order.parcels[0], day(promised[0].order["promise"])
        paid = order.of_type("order.paid")
        eta = [fact for fact in parcel.facts if day(fact.shipment.get("eta"))]
        if not eta or not promise or not paid or promise <= paid[0].time.date() + timedelta(days=1):
            return
        known = self.rivals(eta[-1], "delay_expected")
        types = {fact.type for fact in known or [] if fact in parcel.facts} | {eta[-1].type}
        plain = types <= ON_THE_WAY | {"created", "updated"} and types & ON_THE_WAY
        if known is not None and plain and day(eta[-1].shipment["eta"]) > promise:
            self.demand("delay_expected", None, eta[-1], known)

    def by_the_clock(self):
        days = self.case.result.days
        for parcel in (None, *self.order.parcels):
            self.allow("arriving_soon", parcel, len(days))
        if self.case.policy.has_pages and any(fact.type == "delivered" for fact in self.order.facts):
            self.allow("feedback")


def day(span):
    """A promised or expected day; None where there is none."""
    if isinstance(span, dict):
        text = span.get("date")
        if text is None and instant(span.get("until") or span.get("from")):
            return instant(span.get("until") or span.get("from")).date()
    else:
        text = span
    try:
        return date.fromisoformat(text) if text else None
    except (TypeError, ValueError):
        return None
