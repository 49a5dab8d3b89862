"""Writes test/vectors/forks.json: sets of records, and what the rule of competing generations makes of each.

    python3 test/vectors/forks.py        (Python 3.9 or later, nothing else; the same file every time)

A second implementation of client/protocol/lineage.ts and rule.ts, over plain values and without cryptography. Each run
is a group in which honest members act on what they know, records reach everybody in any order, and one adversary may
build on old parents, make chains, grind small ids and deliver to whom it likes. Sets are what some client knew at some
moment, so most are partial; each is closed under parents and under what carries name.

Where the rule could be read in two ways, this file reads it so:
  * nobody hits their own leave or stepping down, by neither of the two: else two of them on two branches would each
    stand only if the other did not;
  * a demotion hits what takes an admin. What any member may do (same roster, carry, leave) outlives it, as it would
    have been valid had the demotion come first;
  * an admin may strike itself among others.

A run is {adversary, records, sets}. Ids are numbers, in the order of the ids that they stand for.
  record  [id, parent id or null, author, changes, ids that a carry names]
  changes "-b" b is removed, "<b" b becomes a member, ">b" b becomes an admin, "+b" b is added as a member, "*b" as an admin
  set     [ids, tip, [[id of a removal, names of those in the tip whom it removes] for each that is pending]]
"""
import itertools
import json
import pathlib
import random
from typing import NamedTuple

NOTE = ("Sets of records with the tip and the pending removals of each, from random operations, deliveries and "
        "adversaries; written by test/vectors/forks.py, which says how to read them; licence as the project.")
RUNS_EACH = 240
SETS_EACH = 8
HONEST = "abcdefgh"
EVERYBODY = HONEST + "x"


class Entry(NamedTuple):
    name: str
    joined: int
    admin: bool

    @property
    def key(self):
        return self[:2]


class Generation:
    def __init__(self, id, parent, author, roster, because=()):
        self.id, self.parent, self.author = id, parent, author
        self.roster, self.because = tuple(roster), tuple(because)
        self.path = (parent.path if parent else ()) + (self,)
        before = parent.roster if parent else self.roster
        after = {entry.key: entry for entry in self.roster}
        self.removed = {entry.key for entry in before if entry.key not in after}
        self.demoted = {e.key for e in before if e.key in after and e.admin and not after[e.key].admin}
        self.added = [entry for entry in self.roster if parent and entry.joined == id]
        self.changes_roster = bool(parent) and self.roster != parent.roster
        self.changes = sum(each.changes_roster for each in self.path)
        self.is_removal = bool(self.removed or self.demoted) and not because

    def has(self, name):
        return position(self.roster, name) is not None

    def is_on_path_to(self, other):
        return len(self.path) <= len(other.path) and other.path[len(self.path) - 1] is self


def position(roster, name):
    return next((i for i, entry in enumerate(roster) if entry.name == name), None)


def author_key(generation):
    return generation.parent.roster[position(generation.parent.roster, generation.author)].key


def strikes_only_its_author(generation):
    struck = generation.removed | generation.demoted
    before = {e.key: e.admin for e in generation.parent.roster}
    is_promotion = any(e.admin and before.get(e.key) is False for e in generation.roster)
    return struck == {author_key(generation)} and not generation.added and not is_promotion


def takes_admin(generation):
    return generation.changes_roster and not generation.because and not strikes_only_its_author(generation)


def is_valid(generation):
    """For operations as changed() makes them: kept entries in order, newcomers at the end."""
    parent = generation.parent
    if not generation.roster or len({entry.name for entry in generation.roster}) < len(generation.roster):
        return False
    place = position(parent.roster, generation.author)
    if place is None:
        return False
    if generation.because:
        due = set().union(*(each.removed for each in generation.because))
        kept = [entry for entry in parent.roster if entry.key not in generation.removed]
        named = all(each.is_removal for each in generation.because)
        return named and bool(generation.removed) and generation.removed <= due and list(generation.roster) == kept
    if not takes_admin(generation):
        return True
    struck = generation.removed | generation.demoted
    return parent.roster[place].admin and all(e.key not in struck for e in parent.roster[:place])


class Rule:
    def __init__(self, known):
        self.known = list(known)
        self.removals = [each for each in self.known if each.is_removal]
        self.memo = {}

    def hits(self, removal, generation):
        me = author_key(generation)
        if me not in removal.removed and not (me in removal.demoted and takes_admin(generation)):
            return False
        if removal.is_on_path_to(generation) or generation.is_on_path_to(removal):
            return False
        return not (removal.author == generation.author and me in generation.removed | generation.demoted)

    def stands(self, generation):
        if generation.id not in self.memo:
            self.memo[generation.id] = generation.parent is None or (
                all(self.stands(each) for each in generation.because)
                and not any(self.hits(each, generation) and self.stands(each) for each in self.removals))
        return self.memo[generation.id]

    def tip(self):
        alive = [each for each in self.known if all(self.stands(one) for one in each.path)]
        best = alive[0]
        for each in alive[1:]:
            if self.is_better(each, best):
                best = each
        return best

    def is_better(self, a, b):
        if (a.changes, len(a.path)) != (b.changes, len(b.path)):
            return (a.changes, len(a.path)) > (b.changes, len(b.path))
        mine, theirs = next((x, y) for x, y in zip(a.path, b.path) if x is not y)
        rank = lambda each: (not each.removed, position(each.parent.roster, each.author), each.id)
        return rank(mine) < rank(theirs)

    def pending(self, tip):
        found = []
        for removal in self.removals:
            entries = [entry for entry in tip.roster if entry.key in removal.removed]
            if entries and not removal.is_on_path_to(tip) and self.stands(removal):
                found.append((removal, entries))
        return found


def learn(known, generation):
    """Adds a generation with all that it rests upon."""
    if generation.id in known:
        return
    for each in (*generation.path[:-1], *generation.because):
        learn(known, each)
    known[generation.id] = generation


def changed(roster, id, removed="", roles="", added="", admins=""):
    kept = [e._replace(admin=e.admin != (e.name in roles)) for e in roster if e.name not in removed]
    return kept + [Entry(name, id, name in admins) for name in added]


class Run:
    def __init__(self, seed, adversary):
        self.random, self.adversary = random.Random(f"{seed} {adversary}"), adversary
        self.small = itertools.count(1)
        roster = [Entry(name, 0, name in "abc") for name in "abcde"]
        if adversary != "none":
            place = self.random.randrange(1, 4 if adversary == "admin" else 6)
            roster.insert(place, Entry("x", 0, adversary == "admin"))
        self.root = Generation(0, None, "a", roster)
        self.known = {name: {0: self.root} for name in EVERYBODY}
        self.box = {name: [] for name in EVERYBODY}
        self.sets = []

    def publish(self, generation, to):
        learn(self.known[generation.author], generation)
        for name in to:
            self.box[name].append(generation)

    def operation(self, parent, author, id):
        """A random operation that may not be valid, as keywords of changed()."""
        place = position(parent.roster, author)
        later = [entry.name for entry in parent.roster[place + 1:]]
        absent = [name for name in EVERYBODY if not parent.has(name) and (name != "x" or self.adversary != "none")]
        kind = self.random.choices(
            ["refresh", "leave", "step down", "remove", "add", "role", "several"], [3, 0.6, 0.6, 5, 4, 3, 1])[0]
        if kind == "leave":
            return {"removed": author}
        if kind == "step down":
            return {"roles": author} if parent.roster[place].admin else {}
        if kind == "remove" and later:
            return {"removed": "x" if "x" in later and self.random.random() < 0.5 else self.random.choice(later)}
        if kind == "add" and absent:
            name = self.random.choice(absent)
            return {"added": name, "admins": name if self.random.random() < 0.3 else ""}
        if kind == "role" and later:
            return {"roles": self.random.choice(later)}
        if kind == "several" and later:
            # Also the author itself, also somebody who is added again at once.
            gone = self.random.sample([author, *later], min(2, len(later)))
            back = self.random.choice([*gone, *absent])
            return {"removed": "".join(gone), "added": back if self.random.random() < 0.5 else ""}
        return {}

    def honest_move(self, name):
        rule = Rule(self.known[name].values())
        tip = rule.tip()
        if not tip.has(name):
            return
        pending = rule.pending(tip)
        gone = {entry.name for _, entries in pending for entry in entries}
        id = self.random.randrange(10**6, 10**12)
        if name in gone:
            return
        if pending:
            roster = changed(tip.roster, id, removed=gone)
            made = Generation(id, tip, name, roster, [removal for removal, _ in pending])
        else:
            made = Generation(id, tip, name, changed(tip.roster, id, **self.operation(tip, name, id)))
        if is_valid(made):
            self.publish(made, {entry.name for entry in tip.roster + made.roster} - {name})

    def adversary_move(self):
        known = self.known["x"]
        bases = [each for each in known.values() if each.has("x")]
        base = self.random.choice(bases)
        for _ in range(self.random.choice([1, 1, 2, 12])):
            id = next(self.small)
            removals = [e for e in known.values() if e.is_removal and any(base.has(n) for n, _ in e.removed)]
            if removals and self.random.random() < 0.2:
                named = self.random.sample(removals, min(len(removals), self.random.choice([1, 1, 2])))
                due = {key for each in named for key in each.removed}
                roster = [entry for entry in base.roster if entry.key not in due]
                made = Generation(id, base, "x", roster, named)
            else:
                made = Generation(id, base, "x", changed(base.roster, id, **self.operation(base, "x", id)))
            if not is_valid(made):
                made = Generation(id, base, "x", base.roster)
            self.publish(made, self.random.sample(HONEST, self.random.randrange(len(HONEST))))
            if not made.has("x"):
                return
            base = made

    def keep(self, known):
        parents = {each.parent.id for each in known.values() if each.parent}
        ids = frozenset(known)
        if len(ids - parents) > 1 and all(ids != other for other, *_ in self.sets):
            rule = Rule(known.values())
            tip = rule.tip()
            self.sets.append((ids, tip, rule.pending(tip)))

    def play(self):
        for _ in range(self.random.randrange(30, 120)):
            dice = self.random.random()
            name = self.random.choice(HONEST)
            if self.adversary != "none" and dice < 0.12:
                self.adversary_move()
            elif dice < 0.4:
                self.honest_move(name)
            elif self.box[name]:
                learn(self.known[name], self.box[name].pop(self.random.randrange(len(self.box[name]))))
            if self.random.random() < 0.3:
                self.keep(self.known[name])
        everything = {}
        for known in self.known.values():
            for each in known.values():
                learn(everything, each)
        self.sets = self.random.sample(self.sets, min(len(self.sets), SETS_EACH - 1))
        self.keep(everything)
        return self.encoded(everything)

    def encoded(self, everything):
        number = {id: n + 1 for n, id in enumerate(sorted(everything))}
        records = [[number[g.id], g.parent and number[g.parent.id], g.author, changes_of(g),
                    [number[each.id] for each in g.because]] for g in everything.values()]
        sets = [[sorted(number[id] for id in ids), number[tip.id],
                 [[number[removal.id], "".join(entry.name for entry in entries)]
                  for removal, entries in sorted(pending, key=lambda each: each[0].id)]]
                for ids, tip, pending in self.sets]
        return {"adversary": self.adversary, "records": records, "sets": sets}


def changes_of(g):
    if g.parent is None:
        return "".join("+*"[entry.admin] + entry.name for entry in g.roster)
    after = {entry.key: entry.admin for entry in g.roster}
    roles = ["<>"[after[e.key]] + e.name for e in g.parent.roster if e.key in after and e.admin != after[e.key]]
    removed = ["-" + entry.name for entry in g.parent.roster if entry.key in g.removed]
    return "".join(removed + roles + ["+*"[entry.admin] + entry.name for entry in g.added])


if __name__ == "__main__":
    runs = [Run(seed, adversary).play() for adversary in ("none", "admin", "member") for seed in range(RUNS_EACH)]
    lines = ",\n  ".join(json.dumps(run, separators=(",", ":")) for run in runs)
    file = pathlib.Path(__file__).with_name("forks.json")
    file.write_text(f'{{\n "note": {json.dumps(NOTE)},\n "runs": [\n  {lines}\n ]\n}}\n')
    print(f"{sum(len(run['sets']) for run in runs)} sets, {file.stat().st_size} bytes")
