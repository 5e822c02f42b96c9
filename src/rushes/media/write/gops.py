"""Coded pictures of a source: reading them, and planning which of them can be copied.

A copy may begin only at a *clean* key frame: one after which no picture refers to an earlier one.
In H.264 that is an IDR picture; an open group of pictures begins with a plain I picture, and later
pictures may still refer to the group before. In H.265 any random access point will do, since a CRA
picture becomes clean by a change of its type (see `CodecSyntax.with_clean_start`). *Leading*
pictures follow a key frame in the file but are shown before it. They may refer to the group before,
so they are never copied with that key frame.

A copy may end behind any picture such that all pictures so far are shown before all later ones,
because a picture refers only to pictures before it in the file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from rushes.errors import ItemError
from rushes.media.probe import open_video, video_stream
from rushes.media.source_file import check_source
from rushes.media.write.bitstream import H264, CodecSyntax, parse_avcc, split_nals
from rushes.media.write.source import ClipSource
from rushes.records import Video

_LOOKAHEAD = 40
"""Pictures read at or after the clip's end until no earlier one can follow; codecs reorder by at
most 16."""
CONTAINERS = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts", "flv")
"""Containers that keep a display time for each picture."""


@dataclass(frozen=True, slots=True)
class SourcePicture:
    """One coded picture as the container holds it."""

    pts: int
    is_key: bool
    is_clean: bool
    """Whether a copy may begin here."""
    is_doubtful: bool
    """Whether the container marks it as damaged or hidden."""
    nals: tuple[bytes, ...]
    """NAL units; the whole packet as one for a codec without them."""


class NotCopyable(ItemError):
    """A span cannot be copied; the message says why, and the clip is encoded instead."""


def read_packets(video: Video, from_pts: int) -> Iterator[Any]:
    """Yield packets in the file's order, from a key frame at or before `from_pts`.

    Raises:
        NotCopyable: A packet has no time.
        MediaError: The file cannot be read.
    """
    check_source(video)
    for back_s in (0, 2, 20, None):  # as `decode.frames_between` does, and for the same reason
        seek_pts = None if back_s is None else from_pts - round(back_s / video.time_base)
        if seek_pts is not None and seek_pts < video.start_pts:
            seek_pts = None
        found = packets_from_key(video.path, seek_pts)
        first = next(found, None)
        if seek_pts is None or (first is not None and first.pts <= from_pts):
            yield from chain([first] if first else [], found)
            return


def packets_from_key(path: str | Path, seek_pts: int | None = None) -> Iterator[Any]:
    """Yield packets from the first key frame that a seek to `seek_pts` finds.

    None starts at the begin of the file; nothing is yielded if the file is not seekable.

    Raises:
        NotCopyable: A packet has no time.
        MediaError: The file cannot be read.
    """
    import av

    with open_video(path) as container:
        stream = video_stream(container, path)
        if seek_pts is not None:
            try:
                container.seek(seek_pts, stream=stream, backward=True)
            except av.FFmpegError:
                return  # not seekable: the caller tries from the beginning
        has_begun = False
        for packet in container.demux(stream):
            has_begun = has_begun or packet.is_keyframe
            if has_begun and packet.size:
                if packet.pts is None:
                    raise NotCopyable("the file has no display time for each frame")
                yield packet


def read_pictures(found: Iterator[Any], syntax: CodecSyntax | None) -> Iterator[SourcePicture]:
    """Yield packets as pictures.

    Args:
        found: Packets in the file's order.
        syntax: The codec; None keeps each packet in one piece, clean if it is a key frame.
    """
    import av

    to_annexb: Any = None
    header_sets: list[bytes] = []
    for packet in found:
        pts, is_key = packet.pts, bool(packet.is_keyframe)
        is_doubtful = bool(packet.is_corrupt or packet.is_discard)
        if syntax is None:
            yield SourcePicture(pts, is_key, is_key, is_doubtful, (bytes(packet),))
            continue
        if to_annexb is None:
            to_annexb = av.bitstream.BitStreamFilterContext(syntax.annexb_filter, packet.stream)
            header_sets = parse_avcc(packet.stream.codec_context.extradata or b"")
        nals = tuple(nal for part in to_annexb.filter(packet) for nal in split_nals(bytes(part)))
        is_clean = is_key and syntax.picture_type(nals) in syntax.clean_key_types
        if syntax is H264 and is_key and not is_clean and header_sets:
            nals = (*header_sets, *nals)  # the filter does this at clean ones only
        yield SourcePicture(pts, is_key, is_clean, is_doubtful, nals)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyPlan:
    """The pictures of a clip that are copied; the rest of it is encoded anew."""

    shown: tuple[int, ...]
    """pts of all frames of the clip, ascending."""
    copied: tuple[int, ...]
    """pts of the pictures to copy, in the file's order; in order of time without a gap."""
    keys: tuple[int, ...]
    """pts of the key frames among them."""
    is_clean: bool
    """Whether the first of them is a clean key frame."""
    copied_end_pts: int
    """End of the last copied frame's display."""
    parameter_sets: tuple[bytes, ...]
    """Parameter sets that the copied pictures refer to."""

    @property
    def head(self) -> tuple[int, ...]:
        """Frames that are shown before the copied ones: their pts, ascending."""
        first = min(self.copied)
        return tuple(pts for pts in self.shown if pts < first)

    @property
    def tail(self) -> tuple[int, ...]:
        """Frames that are shown after the copied ones: their pts, ascending."""
        last = max(self.copied)
        return tuple(pts for pts in self.shown if pts > last)


def plan_copy(
    source: ClipSource,
    syntax: CodecSyntax | None,
    *,
    whole_groups: bool = False,
    spare_last: bool = False,
) -> CopyPlan:
    """Find the longest run of pictures that can be copied into a clip.

    Args:
        source: The clip.
        syntax: Its codec; None for one that is only ever copied in whole groups.
        whole_groups: Begin at any key frame, clean or not, and end where a group ends.
        spare_last: Do not copy the last frame.

    Raises:
        NotCopyable: There is none.
        MediaError: The file cannot be read.
    """
    in_pts, out_pts = source.in_pts, source.out_pts
    order: list[SourcePicture] = []
    late = 0
    for picture in read_pictures(read_packets(source.video, in_pts), syntax):
        # Without the bytes: clips can be long.
        kinds = syntax.parameter_set_types if syntax else ()
        sets = tuple(nal for nal in picture.nals if syntax and syntax.nal_type(nal) in kinds)
        order.append(replace(picture, nals=sets))
        late = late + 1 if picture.pts >= out_pts else 0
        if late == _LOOKAHEAD:
            break
    shown = sorted(picture.pts for picture in order if in_pts <= picture.pts < out_pts)
    if len(set(shown)) < len(shown):
        raise NotCopyable("two frames of it have the same time")
    longest = max((b - a for a, b in pairwise([*shown, out_pts])), default=0)
    if not whole_groups and longest > source.video.longest_hold:
        raise NotCopyable("one of its frames stands so long that it is repeated")
    begins = (at for at, picture in enumerate(order) if in_pts <= picture.pts < out_pts
              and (picture.is_key if whole_groups else picture.is_clean))  # fmt: skip
    begin = next(begins, None)
    if begin is None:
        raise NotCopyable("no clean key frame lies within the clip")
    kept = [picture for picture in order[begin:] if picture.pts >= order[begin].pts]
    ends = [not whole_groups or picture.is_key for picture in kept[1:]] + [late < _LOOKAHEAD]
    limit_pts = shown[-1] if spare_last else out_pts
    count = _copyable_count([picture.pts for picture in kept], limit_pts, ends)
    if not count:
        raise NotCopyable("no whole group of pictures lies within the clip")
    kept, rest = kept[:count], kept[count:]
    if any(picture.is_doubtful for picture in kept):
        raise NotCopyable("the file marks frames of it as damaged or hidden")
    return CopyPlan(
        shown=tuple(shown),
        copied=tuple(picture.pts for picture in kept),
        keys=tuple(picture.pts for picture in kept if picture.is_key),
        is_clean=kept[0].is_clean,
        copied_end_pts=min([out_pts, *(picture.pts for picture in rest)]),
        parameter_sets=tuple(dict.fromkeys(nal for picture in kept for nal in picture.nals)),
    )


def _copyable_count(order_pts: Sequence[int], out_pts: int, ends: Sequence[bool]) -> int:
    """Return how many pictures from the first on can be copied (see the module's docstring).

    Args:
        order_pts: pts of the pictures in the file's order.
        out_pts: Limit; all copied ones are before it.
        ends: Whether a copy may end behind each picture at all.
    """
    rest = [out_pts]  # the earliest pts of the last 0, 1, 2 … pictures
    for pts in reversed(order_pts):
        rest.append(min(rest[-1], pts))
    rest.reverse()  # the earliest pts from number n on
    best, latest = 0, order_pts[0]
    for count, (pts, may_end) in enumerate(zip(order_pts, ends, strict=True), 1):
        latest = max(latest, pts)
        if may_end and latest < rest[count]:
            best = count
    return best
