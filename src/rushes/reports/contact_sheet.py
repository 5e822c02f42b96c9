"""One video of a contact sheet as HTML: its facts, its length as a bar, a card for each cut.

Every text that comes from outside (names, messages) is escaped; pictures are data URIs.
"""

import base64
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from rushes.records import Clip, Cut, CutKind, Video

KINDS: tuple[CutKind, ...] = ("hard", "fade", "dissolve", "wipe")
STRIP = 1000
"""Width of a video's strip in units of its own."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One frame."""

    pts: int
    jpeg: bytes
    """Empty where the frame could not be decoded."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """The frames that show one cut."""

    before: Picture | None
    """The last clean frame before; None at the beginning of the video."""
    middle: Picture | None
    """One of the mixed frames; None for a hard cut."""
    after: Picture | None
    """The first clean frame after; None at the end of the video."""
    frames_mixed: int
    """Frames that show both shots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoSheet:
    """What the page says of one video."""

    video: Video
    cuts: Sequence[Cut] | None
    """All of them; None where the video is not cut yet."""
    asked: int
    """Cuts that the report was asked for."""
    shown: Sequence[tuple[Cut, Pictures | None]]
    """Cuts with a card, ascending; None for the pictures where they could not be had."""
    clips: Sequence[Clip]
    errors: Sequence[str]
    """Why there are cards without pictures."""

    @property
    def clips_s(self) -> float:
        """Length of all clips together."""
        return float(sum(clip.out_pts - clip.in_pts for clip in self.clips) * self.video.time_base)


def video_section(sheet: VideoSheet) -> Iterator[str]:
    """Yield what the page says of one video, piece by piece."""
    video = sheet.video
    yield (
        f'<section class="video"><h2>{name(video.given)}</h2>\n'
        f'<p class="muted">{escape(", ".join(_facts(sheet)))}</p>\n'
    )
    if sheet.cuts is None:
        yield next_step("This video is not cut yet.", "rushes run")
    else:
        yield _strip(sheet)
    for error in sheet.errors:
        yield next_step(f"Pictures are missing: {error}.", "rushes report")
    if sheet.cuts is not None and not sheet.cuts:
        yield "<p>No cut was found: the video is one shot.</p>\n"
    if len(sheet.shown) < sheet.asked:
        yield next_step(
            f"Only the {len(sheet.shown)} least sure of {sheet.asked} cuts are shown; for more:",
            f"rushes report --limit {sheet.asked}",
        )
    yield '<div class="cards">\n'
    for cut, pictures in sheet.shown:
        yield _card(video, cut, pictures)
    yield "</div></section>\n"


def _facts(sheet: VideoSheet) -> Iterator[str]:
    video = sheet.video
    width, height = video.display_size_px
    yield clock(video.duration_s)
    yield f"{width}×{height}"
    yield f"{round(float(video.rate), 3):g} fps" + (
        " on average (variable)" if video.is_vfr else ""
    )
    if video.rotation_deg:
        yield f"turned by {video.rotation_deg}°"
    if video.sample_aspect != 1:
        yield f"pixels {video.sample_aspect.numerator}:{video.sample_aspect.denominator}"
    yield video.codec
    if sheet.cuts is not None:
        yield _count(sheet.cuts, "cut") + (f" ({kinds(sheet.cuts)})" if sheet.cuts else "")
        yield f"{_count(sheet.clips, 'clip')} of {clock(sheet.clips_s)}"


def _strip(sheet: VideoSheet) -> str:
    """Return the video's length as a bar: clips, what is left out, and a mark for each cut."""
    video = sheet.video

    def across(pts: int) -> float:
        return STRIP * (pts - video.start_pts) / max(1, video.end_pts - video.start_pts)

    def boxes(spans: Iterable[tuple[int, int]], top: int, height: int, least: float) -> str:
        return "".join(
            f"M{across(first):.2f} {top}h{max(least, across(last) - across(first)):.2f}"
            f"v{height}H{across(first):.2f}z"
            for first, last in spans
        )

    clips = boxes(((clip.in_pts, clip.out_pts) for clip in sheet.clips), 0, 12, 0.5)
    cuts = boxes(((cut.start_pts, cut.pts) for cut in sheet.cuts or ()), 14, 6, 1.5)
    label = (
        f"{_count(sheet.clips, 'clip')}: {clock(sheet.clips_s)} of {clock(video.duration_s)}; "
        f"marks below are cuts"
    )
    return (
        f'<svg class="strip" viewBox="0 0 {STRIP} 20" preserveAspectRatio="none" role="img" '
        f'aria-label="{label}"><title>{label}</title>'
        f'<path class="left-out" d="M0 0H{STRIP}V12H0z"/><path class="clips" d="{clips}"/>'
        f'<path class="cuts" d="{cuts}"/></svg>\n'
    )


def _card(video: Video, cut: Cut, pictures: Pictures | None) -> str:
    shown = pictures or Pictures(None, None, None, 0)
    figures = _figure(video, shown.before, "last before", at_edge="the video begins here")
    if cut.start_pts < cut.pts:
        figures += _figure(video, shown.middle, "between", at_edge="no frame between")
    figures += _figure(video, shown.after, "first after", at_edge="the video ends here")
    extent = ""
    if cut.start_pts < cut.pts:
        frames = f"{shown.frames_mixed} frames, " if pictures else ""
        seconds = float((cut.pts - cut.start_pts) * video.time_base)
        extent = (
            f"<span>{frames}{seconds:.3f} s, from {clock(video.seconds(cut.start_pts))} "
            f'<span class="muted">pts {cut.start_pts}</span></span>\n'
        )
    return (
        f'<article class="cut" tabindex="-1" data-kind="{escape(cut.kind)}" '
        f'data-confidence="{cut.confidence:.6f}">\n<p class="of">{name(video.given)}</p>\n'
        f'<div class="frames">{figures if pictures else _GONE}</div>\n'
        f'<p class="facts"><b>{escape(cut.kind)}</b>\n<span>{clock(video.seconds(cut.pts))} '
        f'<span class="muted">pts {cut.pts}</span></span>\n{extent}'
        f'<span title="confidence">{_bar(cut.confidence)} {cut.confidence:.3f}</span>\n'
        f'<span class="muted">{escape(cut.detector)}</span></p></article>\n'
    )


_GONE = '<p class="missing">The pictures could not be read.</p>'


def _figure(video: Video, picture: Picture | None, title: str, *, at_edge: str) -> str:
    if picture is None:
        return f'<figure><p class="missing">{at_edge}</p><figcaption>{title}</figcaption></figure>'
    time = clock(video.seconds(picture.pts))
    shown = '<p class="missing">could not be decoded</p>'
    if picture.jpeg:
        data = base64.b64encode(picture.jpeg).decode()
        shown = f'<img src="data:image/jpeg;base64,{data}" alt="{title}, {time}" decoding="async">'
    return (
        f'<figure data-pts="{picture.pts}">{shown}'
        f'<figcaption>{title} <span class="muted">{time}</span></figcaption></figure>'
    )


def _bar(share: float) -> str:
    width = round(48 * min(1.0, max(0.0, share)), 1)
    return (
        '<svg class="bar" viewBox="0 0 48 8" aria-hidden="true">'
        '<path class="left-out" d="M0 0H48V8H0z"/>'
        f'<path class="clips" d="M0 0H{width}V8H0z"/></svg>'
    )


# ---- small pieces -----------------------------------------------------------------------------


def clock(seconds: float, decimals: int = 3) -> str:
    """Return h:mm:ss.mmm."""
    ticks = round(abs(seconds) * 10**decimals)
    whole, part = divmod(ticks, 10**decimals)
    sign = "-" if seconds < 0 and ticks else ""
    text = f"{sign}{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{text}.{part:0{decimals}d}" if decimals else text


def kinds(cuts: Iterable[Cut]) -> str:
    """Return how many cuts there are of each kind: "2 hard, 1 fade"."""
    counts = Counter(cut.kind for cut in cuts)
    return ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])


def name(text: str) -> str:
    """Return a path or name as HTML, whichever direction it is written in."""
    return f"<bdi>{escape(text)}</bdi>"


def next_step(text: str, command: str) -> str:
    """Return a line that says what is the matter and which command helps."""
    return f'<p class="note">{escape(text)} <code>{escape(command)}</code></p>\n'


def _count(things: Sequence[object], word: str) -> str:
    return f"{len(things)} {word}" + ("" if len(things) == 1 else "s")
