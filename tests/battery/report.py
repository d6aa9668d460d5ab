"""What a run is told in: the words of the verdict, and the figures beside it."""
import collections
import json
import statistics

import judgement
from deaths import lost_doubts, most_by_one
from timings import ambiguity, first_sends, waited


def words(evidence, problems):
    """The counts by which runs are compared."""
    kinds, told = collections.Counter(kind for kind, _ in problems), judgement.accepted(evidence)
    tries = collections.Counter(one["key"] for one in evidence.ledger if one.get("key") and one["channel"] in ("email", "sms"))
    states = collections.Counter(row["state"] for row in evidence.outbox.values())
    silent = collections.Counter(one["why"] for one in evidence.silences)
    return {
        "ok": len({one["key"] for one in told}),
        "acknowledged": evidence.confirmed,
        "recovered": sum(1 for one in told if tries[one["key"]] > 1 or not one["answered"]),
        "lost": kinds["lost"],
        "unexpected": kinds["unexpected"],
        "duplicated": kinds["duplicated"],
        "wrong": sum(kinds[kind] for kind in ("wrong_recipient", "untrue", "backwards")),
        "in_doubt": len(evidence.doubts),
        "superseded": states["superseded"] + silent["superseded"],
    }


def in_turn(problems):
    """One of each kind, then the second of each: a kind of which there are thousands does not hide the others."""
    seen, ranked = collections.Counter(), []
    for kind, detail in problems:
        ranked.append((seen[kind], f"{kind}: {detail}"))
        seen[kind] += 1
    return [words for _, words in sorted(ranked, key=lambda one: one[0])]


def make(evidence, problems):
    facts, lost = evidence.facts, lost_doubts(evidence)
    kinds = collections.Counter(kind for kind, _ in problems)
    hits = collections.Counter(f"{fault['lane']} {fault['kind']}" for fault in evidence.faults if fault["hit"])
    kills = len([one for one in evidence.kills if facts["phases"].get("storm", 0) <= one[0]])
    ambiguous = judgement.ambiguous_keys(evidence)
    arrived = {one["key"] for one in judgement.accepted(evidence)}
    alone = set(lost) - judgement.never_answered(evidence)
    return {
        "verdict": "red" if problems else "clean", "seed": facts["seed"], "backend": facts["backend"],
        "problems": dict(kinds), "examples": in_turn(problems)[:200],
        **words(evidence, problems),
        "events": sum(len(order.events) for order in evidence.orders.values()), "orders": len(evidence.orders),
        "published_again": evidence.repeated, "poison": len(evidence.poison), "kills": kills, "stops": evidence.stops,
        "faults": dict(sorted(hits.items())), "fates": facts.get("fates"), "clocks": facts.get("clocks"),
        "doubts": {
            "by_kill": len(lost), "by_kill_alone": len(alone), "per_kill": round(len(alone) / max(len(evidence.kills) + evidence.stops, 1), 2),
            "most_by_one_kill": most_by_one(evidence),
            "per_kill_beside_a_mail_server_that_answers": calm_doubts(evidence, lost), "by_kill_and_unanswered": len(set(lost) & ambiguous),
            "by_kill_and_received": len(set(lost) & arrived), "unanswered": len(ambiguous), "unanswered_listed": len(ambiguous & evidence.doubts),
            "superseded_with_a_doubt": sum(judgement.is_doubt_kept(row) for row in evidence.outbox.values()),
        },
        "again_under_the_same_key": sum(1 for one in evidence.ledger if one.get("again")),
        "ambiguity_seconds": ambiguity(evidence), "published_to_accepted_seconds": waited(evidence),
        "recovery": {**facts["recovery"], "first_send_after_restart": first_sends(evidence)},
        "footprint": facts["footprint"], "rest_seconds": round(facts["phases"].get("rest", 0) - facts["phases"].get("heal", 0)),
        "worker_restarts_by_itself": sum(len(worker["own_ends"]) for worker in facts["workers"].values()),
        **({name: facts[name] for name in ("consumed_seconds", "drained_seconds", "fairness", "samples", "grown") if name in facts}),
        "plan": facts.get("plan"), "mean_plan_lateness": lateness(evidence),
    }


def calm_doubts(evidence, lost):
    """How many sends a kill leaves in doubt where only the kill goes wrong: in the phase in which recovery is measured."""
    until = evidence.facts["phases"].get("storm", 0)
    kills = sum(at < until for at, _ in evidence.kills)
    return round(sum((evidence.outbox[key].get("first_try_at") or until) < until for key in lost) / kills, 2) if kills else None


def lateness(evidence):
    """How much later than planned faults came, in seconds: a busy machine stretches a storm."""
    began = evidence.facts["phases"].get("storm", 0)
    planned = [at for faults in (evidence.facts.get("plan") or {}).values() for at, *_ in faults]
    done = [fault["at"] - began for fault in evidence.faults if fault["hit"]]
    return round(statistics.mean(done) - statistics.mean(planned), 1) if planned and done else 0


def tell(result):
    """Prints the figures and the one line that counts; true if it is red."""
    shown = {key: value for key, value in result.items() if key not in ("plan", "examples", "samples")}
    print(json.dumps(shown, indent=1))
    for example in result["examples"][:25]:
        print(f"  {example}")
    names = ("ok", "acknowledged", "recovered", "lost", "unexpected", "duplicated", "wrong", "in_doubt", "superseded")
    figures = " ".join(f"{name}={result[name]}" for name in names)
    print(f"{'RED' if result['problems'] else 'CLEAN'} seed={result['seed']} {figures} problems={json.dumps(result['problems'])}")
    return bool(result["problems"])
