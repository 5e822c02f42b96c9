"""One video of the page of cuts as HTML: its properties, its clips as a bar, a card for each cut.

Every text from outside (names, messages) is escaped; frames are data URIs.
"""

import base64
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from rushes.records import Clip, Cut, CutKind, Video
from rushes.words import count

KINDS: tuple[CutKind, ...] = ("hard", "fade", "dissolve", "wipe")
STRIP = 1000
"""Width of a video's bar, in units of its SVG."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a video."""

    pts: int
    jpeg: bytes
    """Empty where the frame could not be decoded."""


@dataclass(frozen=True, slots=True)
class CutFrames:
    """The frames at one cut."""

    before: Frame | None
    """The last frame of the old shot alone; None at the beginning of the video."""
    middle: Frame | None
    """A frame in the middle of a gradual cut; None for a hard cut."""
    after: Frame | None
    """The first frame of the new shot alone; None at the end of the video."""
    frames_mixed: int
    """Number of frames that show both shots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoSheet:
    """One video of the page."""

    video: Video
    cuts: Sequence[Cut] | None
    """All cuts; None where the video is not cut yet."""
    requested: int
    """Number of cuts that meet the condition of the report."""
    shown: Sequence[tuple[Cut, CutFrames | None]]
    """Cuts with a card, ascending; None for frames that could not be decoded."""
    clips: Sequence[Clip]
    errors: Sequence[str]
    """Reasons for cards without frames."""

    @property
    def clips_s(self) -> float:
        """Length of all clips together, in seconds."""
        return float(sum(clip.out_pts - clip.in_pts for clip in self.clips) * self.video.time_base)


def video_section(sheet: VideoSheet) -> Iterator[str]:
    """Yield the HTML of one video, piece by piece."""
    video = sheet.video
    yield (
        f'<section class="video"><h2>{title(video.given)}</h2>\n'
        f'<p class="muted">{escape(", ".join(_properties(sheet)))}</p>\n'
    )
    if sheet.cuts is None:
        yield hint("This video is not cut yet.", "rushes run")
    else:
        yield _strip(sheet)
    for error in sheet.errors:
        yield hint(f"Frames are missing: {error}.", "rushes report")
    if sheet.cuts is not None and not sheet.cuts:
        yield "<p>No cut was found: the video is one shot.</p>\n"
    if len(sheet.shown) < sheet.requested:
        yield hint(
            f"The {len(sheet.shown)} least confident of {count(sheet.requested, 'cut')}; for all:",
            f"rushes report --limit {sheet.requested}",
        )
    yield '<div class="cards">\n'
    for cut, frames in sheet.shown:
        yield _card(video, cut, frames)
    yield "</div></section>\n"


def _properties(sheet: VideoSheet) -> Iterator[str]:
    video = sheet.video
    width, height = video.display_size_px
    yield clock(video.duration_s)
    yield f"{width}×{height}"
    yield f"{round(float(video.rate), 3):g} fps" + (
        " on average (variable)" if video.is_vfr else ""
    )
    if video.rotation_deg:
        yield f"rotated by {video.rotation_deg}°"
    if video.sample_aspect != 1:
        yield f"pixel aspect {video.sample_aspect.numerator}:{video.sample_aspect.denominator}"
    yield video.codec
    if sheet.cuts is not None:
        yield count(len(sheet.cuts), "cut") + (f" ({kinds(sheet.cuts)})" if sheet.cuts else "")
        yield f"{count(len(sheet.clips), 'clip')} of {clock(sheet.clips_s)}"


def _strip(sheet: VideoSheet) -> str:
    """Return the video's length as a bar of its clips, with a mark for each cut."""
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
        f"{count(len(sheet.clips), 'clip')}: {clock(sheet.clips_s)} of {clock(video.duration_s)}; "
        f"marks below are cuts"
    )
    return (
        f'<svg class="strip" viewBox="0 0 {STRIP} 20" preserveAspectRatio="none" role="img" '
        f'aria-label="{label}"><title>{label}</title>'
        f'<path class="left-out" d="M0 0H{STRIP}V12H0z"/><path class="clips" d="{clips}"/>'
        f'<path class="cuts" d="{cuts}"/></svg>\n'
    )


def _card(video: Video, cut: Cut, frames: CutFrames | None) -> str:
    shown = frames or CutFrames(None, None, None, 0)
    figures = _figure(video, shown.before, "last before", at_edge="the video begins here")
    if cut.start_pts < cut.pts:
        figures += _figure(video, shown.middle, "between", at_edge="no frame between")
    figures += _figure(video, shown.after, "first after", at_edge="the video ends here")
    extent = ""
    if cut.start_pts < cut.pts:
        mixed = f"{count(shown.frames_mixed, 'frame')}, " if frames else ""
        seconds = float((cut.pts - cut.start_pts) * video.time_base)
        extent = (
            f"<span>{mixed}{seconds:.3f} s, from {clock(video.seconds(cut.start_pts))} "
            f'<span class="muted">pts {cut.start_pts}</span></span>\n'
        )
    return (
        f'<article class="cut" tabindex="-1" data-kind="{escape(cut.kind)}" '
        f'data-confidence="{cut.confidence:.6f}">\n<p class="of">{title(video.given)}</p>\n'
        f'<div class="frames">{figures if frames else _MISSING}</div>\n'
        f'<p class="facts"><b>{escape(cut.kind)}</b>\n<span>{clock(video.seconds(cut.pts))} '
        f'<span class="muted">pts {cut.pts}</span></span>\n{extent}'
        f'<span title="confidence">{_bar(cut.confidence)} {cut.confidence:.3f}</span>\n'
        f'<span class="muted">{escape(cut.detector)}</span></p></article>\n'
    )


_MISSING = '<p class="missing">The frames could not be read.</p>'


def _figure(video: Video, frame: Frame | None, caption: str, *, at_edge: str) -> str:
    if frame is None:
        return (
            f'<figure><p class="missing">{at_edge}</p><figcaption>{caption}</figcaption></figure>'
        )
    time = clock(video.seconds(frame.pts))
    shown = '<p class="missing">could not be decoded</p>'
    if frame.jpeg:
        data = base64.b64encode(frame.jpeg).decode()
        shown = (
            f'<img src="data:image/jpeg;base64,{data}" alt="{caption}, {time}" decoding="async">'
        )
    return (
        f'<figure data-pts="{frame.pts}">{shown}'
        f'<figcaption>{caption} <span class="muted">{time}</span></figcaption></figure>'
    )


def _bar(share: float) -> str:
    width = round(48 * min(1.0, max(0.0, share)), 1)
    return (
        '<svg class="bar" viewBox="0 0 48 8" aria-hidden="true">'
        '<path class="left-out" d="M0 0H48V8H0z"/>'
        f'<path class="clips" d="M0 0H{width}V8H0z"/></svg>'
    )


def clock(seconds: float, decimals: int = 3) -> str:
    """Return h:mm:ss.mmm."""
    ticks = round(abs(seconds) * 10**decimals)
    whole, part = divmod(ticks, 10**decimals)
    sign = "-" if seconds < 0 and ticks else ""
    text = f"{sign}{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{text}.{part:0{decimals}d}" if decimals else text


def kinds(cuts: Iterable[Cut]) -> str:
    """Return the number of cuts of each kind: "2 hard, 1 fade"."""
    counts = Counter(cut.kind for cut in cuts)
    return ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])


def title(text: str) -> str:
    """Return a path or name as HTML, for scripts of either direction."""
    return f"<bdi>{escape(text)}</bdi>"


def hint(text: str, command: str) -> str:
    """Return a line with a message and the command that helps."""
    return f'<p class="note">{escape(text)} <code>{escape(command)}</code></p>\n'
