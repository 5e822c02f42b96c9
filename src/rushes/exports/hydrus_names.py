"""Tags and notes of a clip in Hydrus.

Metadata that many clips share are tags under `rushes:`, which a person can search by. Metadata of a
single clip (its id, its span, exact scores) would make a tag for each file; they are text, in the
note "rushes".
"""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

NAMESPACE = "rushes:"
CAPTION_NOTE = "rushes caption"
FACTS_NOTE = "rushes"
SCORES = ("motion.speed", "sharpness.detail")
"""Scores that become tags by default."""


def project_tag(project: str) -> str:
    """Return the tag that all clips of a project have."""
    return NAMESPACE + f"project {_plain(project)}"


def fact_tags(facts: Mapping[str, Any], project: str, scores: Collection[str]) -> list[str]:
    """Return the tags of a clip's metadata, that of the project first.

    Args:
        facts: Its entry in an export's manifest.
        project: Name of the project.
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
    """Return a clip's source, exact span and scores as text, one line each."""
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
    """Return a tag in the form that Hydrus stores: in lower case, with single spaces.

    Hydrus itself drops line breaks without leaving a space; here they become one.
    """
    return " ".join(tag.split()).lower()


def new_facts(wanted: Iterable[str], there: Collection[str]) -> list[str]:
    """Return the wanted tags that are missing, except those whose subject has a tag already.

    No tag is ever removed, so that a score measured again would stand beside its old value. Its tag
    keeps the value of the first push; the note has the current one.
    """
    subjects = {_subject(tag) for tag in there if tag.startswith(NAMESPACE)}
    return [
        tag
        for tag in wanted
        if tag not in there and not (tag.startswith(NAMESPACE) and _subject(tag) in subjects)
    ]


def _subject(tag: str) -> str:
    """Return the subject of a tag, such as a score's name; of projects and videos the whole tag."""
    subject = tag.removeprefix(NAMESPACE).partition(" ")[0]
    return tag if subject in ("project", "video") else subject


def _plain(text: str) -> str:
    """Return a text without colons, which Hydrus reads as namespaces."""
    return one_line(text.replace(":", " "))


def _two_digits(value: float) -> str:
    return f"{float(f'{value:.2g}'):.10g}"
