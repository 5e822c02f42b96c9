"""What a clip is called in Hydrus: its tags, and the notes beside them.

Facts that many clips share are tags under `rushes:`, so that a person can search by them. What only
one clip has (its id, its place in the video, exact scores) would make a tag for each file; it is
text, in the note "rushes".
"""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

NAMESPACE = "rushes:"
CAPTION_NOTE = "rushes caption"
FACTS_NOTE = "rushes"
SCORES = ("motion.speed", "sharpness.detail")
"""Scores that become tags unless somebody chooses others."""


def project_tag(project: str) -> str:
    """Return the tag of all clips of a project: the handle to search by."""
    return NAMESPACE + f"project {_plain(project)}"


def fact_tags(facts: Mapping[str, Any], project: str, scores: Collection[str]) -> list[str]:
    """Return the tags that facts make, that of the project first.

    Args:
        facts: As in an export's manifest.
        project: What the project is called.
        scores: Names of the scores that become tags, to two digits; those without a value do not.
    """
    seconds = max(1, round(facts["out_s"] - facts["in_s"]))
    tags = [f"video {Path(facts['video']).name}", f"duration {seconds} s"]
    for name in scores:
        value = facts.get("scores", {}).get(name)
        if isinstance(value, str):
            tags.append(f"{name} {value}")
        elif value is not None:
            tags.append(f"{name} {_two_digits(value)}")
    return [project_tag(project), *(NAMESPACE + _plain(tag) for tag in tags)]


def facts_note(facts: Mapping[str, Any]) -> str:
    """Return where a clip is from, exactly, and all of its scores, one line each."""
    lines = {
        "clip": facts["clip"],
        "video": facts["video"],
        "in": f"{facts['in_s']} s",
        "out": f"{facts['out_s']} s",
        "frames": facts["source_frames"],
    }
    scores = {
        name: f"{value:.5g}" if isinstance(value, float) else value
        for name, value in sorted(facts.get("scores", {}).items())
        if isinstance(value, str | int | float)
    }
    return "\n".join(f"{name}: {value}" for name, value in {**lines, **scores}.items())


def one_line(tag: str) -> str:
    """Return a tag as Hydrus keeps it: in lower case, with single spaces.

    Hydrus itself drops line breaks without leaving a space; here they become one.
    """
    return " ".join(tag.split()).lower()


def new_facts(wanted: Iterable[str], there: Collection[str]) -> list[str]:
    """Return the tags to add, without any that says anew what another one says already.

    A score that was measured again would stand beside its old value, since nothing is ever removed;
    the tag then keeps saying what held when the clip was pushed, and the note says what holds.
    """
    said = {_subject(tag) for tag in there if tag.startswith(NAMESPACE)}
    return [
        tag
        for tag in wanted
        if tag not in there and not (tag.startswith(NAMESPACE) and _subject(tag) in said)
    ]


def _subject(tag: str) -> str:
    """Return what a fact is about; projects and videos can be many."""
    subject = tag.removeprefix(NAMESPACE).partition(" ")[0]
    return tag if subject in ("project", "video") else subject


def _plain(text: str) -> str:
    """Return a text with nothing in it that Hydrus reads in a way of its own."""
    return one_line(text.replace(":", " "))


def _two_digits(value: float) -> str:
    return f"{float(f'{value:.2g}'):.10g}"
