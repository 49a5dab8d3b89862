"""Writes test/vectors/forks-published.json: sets of records, and what the rule as it was published makes of each.

    PYTHONHASHSEED=0 python3 test/vectors/forks-published.py REFERENCE

REFERENCE is the executable model that was published with the design of the protocol. It is no part of this project, and
nothing of it is copied: it is run as it is, plays its own groups, and is asked for the tip and the pending removals. Its
groups demote nobody; where a demotion counts, the rule here is another one (docs/decisions/0004-generations.md), for which
forks.py writes the sets. The file is read as the one of forks.py. A name is one character.
"""
import hashlib
import json
import pathlib
import random
import runpy
import string
import sys

NOTE = ("Sets of records with the tip and the pending removals of each, by the rule of competing generations as it was "
        "published with the design; results of its reference model (sha256 {}) in groups that it made up, taken down by "
        "test/vectors/forks-published.py; facts only, no code of it; licence as the project.")
FIRST_SEED = 50_000
RUNS_EACH = 200
SETS_EACH = 10
SPARE_NAMES = [name for name in string.ascii_lowercase + string.ascii_uppercase + string.digits if name not in "abcpqx"]


class Letters(dict):
    """One letter for each name of the reference."""

    def __missing__(self, name):
        self[name] = name if len(name) == 1 else SPARE_NAMES[sum(len(each) > 1 for each in self)]
        return self[name]


def watched(rule, asked):
    """The reference's rule, which writes down what it is asked about, and what it answers."""

    class Watched(rule):
        def tip(self):
            tip = super().tip()
            asked.append((list(self.k), tip, self.pending(tip)))
            return tip

    return Watched


def is_forked(known):
    return len(known) - len({each.parent.id for each in known if each.parent}) > 1


def choose(asked, seed):
    """Different sets with competing generations: some with pending removals, some of all sizes, the last one."""
    sets = {frozenset(each.id for each in known): (known, tip, pending)
            for known, tip, pending in asked if is_forked(known)}
    found = list(sets.values())
    last = found[-1:]
    pick = random.Random(seed)
    left = pick.sample(found[:-1], max(len(found) - 1, 0))
    pending = [each for each in left if each[2]][:SETS_EACH // 2]
    others = [each for each in left if each not in pending]
    return (last + pending + others)[:SETS_EACH]


def ordered(generations):
    """Parents, and what carries name, before their children."""
    placed = {}

    def place(each):
        if each.id in placed:
            return
        for before in (*([each.parent] if each.parent else []), *each.because):
            place(before)
        placed[each.id] = each

    for each in generations:
        place(each)
    return list(placed.values())


def changes_of(generation, letters):
    if generation.parent is None:
        return "".join("+*"[admin] + letters[name] for name, _, admin in generation.roster)
    before = {(name, joined): admin for name, joined, admin in generation.parent.roster}
    after = {(name, joined): admin for name, joined, admin in generation.roster}
    removed = ["-" + letters[key[0]] for key in before if key not in after]
    roles = ["<>"[after[key]] + letters[key[0]] for key in before if key in after and before[key] != after[key]]
    added = ["+*"[after[key]] + letters[key[0]] for key in after if key not in before]
    return "".join(removed + roles + added)


def encoded(adversary, chosen):
    letters = Letters()
    everything = {each.id: each for known, _, _ in chosen for each in known}
    number = {id: n + 1 for n, id in enumerate(sorted(everything))}
    records = [[number[g.id], g.parent and number[g.parent.id], letters[g.author], changes_of(g, letters),
                [number[each.id] for each in g.because]] for g in ordered(everything.values())]
    sets = []
    for known, tip, pending in chosen:
        names = lambda keys: "".join(letters[entry[0]] for entry in tip.roster if entry[:2] in keys)
        sets.append([sorted(number[each.id] for each in known), number[tip.id],
                     sorted([number[removal.id], names(keys)] for removal, keys in pending)])
    return {"adversary": adversary or "none", "records": records, "sets": sets}


def main(reference):
    model = runpy.run_path(reference)
    play, asked = model["sim"], []
    play.__globals__["Rule"] = watched(model["Rule"], asked)
    runs = []
    for adversary in (None, "admin", "member"):
        for seed in range(FIRST_SEED, FIRST_SEED + RUNS_EACH):
            asked.clear()
            play(seed, adversary)
            runs.append(encoded(adversary, choose(asked, seed)))
    lines = ",\n  ".join(json.dumps(run, separators=(",", ":")) for run in runs if run["sets"])
    note = NOTE.format(hashlib.sha256(pathlib.Path(reference).read_bytes()).hexdigest())
    file = pathlib.Path(__file__).with_name("forks-published.json")
    file.write_text(f'{{\n "note": {json.dumps(note)},\n "runs": [\n  {lines}\n ]\n}}\n')
    print(f"{sum(len(run['sets']) for run in runs)} sets, {file.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
