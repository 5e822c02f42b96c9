"""Search for clips by words, or by the likeness to another clip.

Words are searched for in captions, tags and file names, and in the pictures themselves where a
scorer with a text tower has embedded them. Reciprocal rank fusion joins these lists: clips near the
top of several come first, and the lists need no common scale.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rushes.catalog import Catalog
from rushes.context import Context
from rushes.errors import RecipeError
from rushes.records import Row
from rushes.similarity.spaces import best_space, embedding_space

WITH_WORDS = "clip"
"""The scorer that embeds words as well as pictures."""
_AT_MOST = 1000  # clips of each list; those further down decide nothing
_FUSION = 60  # added to each rank; Cormack, Clarke & Büttcher 2009


def search(
    context: Context,
    *,
    text: str | None = None,
    like: str | None = None,
    limit: int = 20,
    encode: Callable[[str], np.ndarray] | None = None,
) -> list[Row]:
    """Return the clips that match best, the best first.

    Args:
        context: The open project.
        text: Words; `word*` finds words with this beginning.
        like: Id of a clip, or its beginning.
        limit: Most clips to return.
        encode: Turns words into a vector of the space `clip`; None where no model can.

    Raises:
        RecipeError: Neither text nor clip is given, or there is no such clip.
    """
    if not (text or "").strip() and not like:
        raise RecipeError('say what to look for: rushes search "red car", or --like CLIP')
    cut = context.recipe.fingerprints.cut
    most = max(limit, _AT_MOST)
    orders: dict[str, Sequence[int]] = {}
    similar: Mapping[int, float] = {}
    if text and text.strip():
        orders["caption"] = context.catalog.captions.search(text, cut, most)
        orders["tag"] = _tagged(context.catalog, cut, text, most)
        orders["file name"] = context.catalog.captions.search_names(text, cut, most)
        known = embedding_space(context, WITH_WORDS) if encode is not None else None
        if known is not None and encode is not None:
            similar = _nearest(known.numbers, known.similarities(encode(text)), most)
            orders["picture"] = list(similar)
    if like:
        number = clip_named(context, like)
        known = best_space(context, number)
        similar = _nearest(known.numbers, known.similarities(known.of(number)), most + 1)
        orders[known.name] = [no for no in similar if no != number]
    return _rows(context, orders, similar, limit)


def text_encoder(context: Context) -> Callable[[str], np.ndarray] | None:
    """Return a function from words to a vector of the space `clip`; None where no model can.

    The model is loaded when the first words come.

    Args:
        context: The open project.
    """
    scorer: Any = context.recipe.stages("score").get(WITH_WORDS)
    if not hasattr(scorer, "encode_text"):
        return None

    def encode(text: str) -> np.ndarray:
        return np.asarray(scorer.encode_text([text], context.models)[0])

    return encode


def clip_named(context: Context, name: str) -> int:
    """Return the number of the clip whose id begins with `name`.

    Raises:
        RecipeError: There is no such clip, or there are several.
    """
    name = name.strip().lower()
    found = context.catalog.clip_numbers(name, context.recipe.fingerprints.cut)
    if len(found) == 1:
        return next(iter(found.values()))
    if not found:
        raise RecipeError(f"no clip has an id that begins with {name!r}; see: rushes ls clips")
    some = ", ".join(list(found)[:3])
    raise RecipeError(f"{len(found)} clips begin with {name!r}: {some} …; give more of the id")


def _tagged(catalog: Catalog, cut: str, text: str, most: int) -> list[int]:
    """Return the clips whose tags have most of the words, these first."""
    # Split as tags are, so that a tag finds itself; a star still means any ending.
    wanted = dict.fromkeys(re.findall(r"[^\W_]+\*?", text.casefold()))
    found: dict[str, int] = {}
    for clip, now in catalog.verdicts.current().items():
        words = {word for tag in now.tags_added for word in re.split(r"[\W_]+", tag.casefold())}
        hits = sum(_is_among(word, words) for word in wanted)
        if hits:
            found[clip] = hits
    numbers = catalog.clip_numbers("", cut) if found else {}
    ordered = sorted((clip for clip in found if clip in numbers), key=lambda clip: -found[clip])
    return [numbers[clip] for clip in ordered[:most]]


def _is_among(word: str, words: set[str]) -> bool:
    if word.endswith("*"):
        return any(one.startswith(word[:-1]) for one in words)
    return word in words


def _nearest(numbers: np.ndarray, similarities: np.ndarray, most: int) -> dict[int, float]:
    """Return clip number → similarity of the most similar ones, these first."""
    most = min(most, len(numbers))
    top = np.argpartition(-similarities, most - 1)[:most] if most else np.zeros(0, np.int64)
    top = top[np.lexsort((numbers[top], -similarities[top]))]
    return dict(zip(numbers[top].tolist(), similarities[top].tolist(), strict=True))


def _rows(
    context: Context,
    orders: Mapping[str, Sequence[int]],
    similar: Mapping[int, float],
    limit: int,
) -> list[Row]:
    worth: dict[int, float] = {}
    found_by: dict[int, list[str]] = {}
    for name, order in orders.items():
        for rank, number in enumerate(order, start=1):
            worth[number] = worth.get(number, 0) + 1 / (_FUSION + rank)
            found_by.setdefault(number, []).append(name)
    best = sorted(worth, key=lambda number: (-worth[number], number))[:limit]
    clips = context.clips(best)
    videos = context.catalog.videos({row.video_no for row in clips.values()})
    captions = context.catalog.captions.current(best)
    rows = []
    for rank, number in enumerate(best, start=1):
        clip = clips[number].clip
        video = videos[clips[number].video_no]
        rows.append(
            {
                "clip": clip.id,
                "rank": rank,
                "video": video.given,
                "in_s": video.seconds(clip.in_pts),
                "out_s": video.seconds(clip.out_pts),
                "similarity": round(similar[number], 4) if number in similar else None,
                "found_by": found_by[number],
                "caption": captions.get(number),
            }
        )
    return rows
