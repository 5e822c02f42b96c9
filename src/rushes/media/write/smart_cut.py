"""A clip whose middle is copied and whose edges are encoded anew: exact, and far cheaper.

The parts become one track. Each begins with a clean key frame, so that none refers to another. In
H.264 each has parameter sets of its own number, all of them in the track's header (`avc1`), so the
file is an ordinary one. x265 cannot number its sets; there they lie before the key frames (`hev1`).
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from rushes.files import whole
from rushes.media.decode import Decoded, frames_between
from rushes.media.write.bitstream import CODINGS, H264, Coding, free_number, joined, split
from rushes.media.write.encode import PRESETS, Encoding, exact_rate, name_of, sound_of, timing_of
from rushes.media.write.framing import Framing, coarse_luma
from rushes.media.write.gops import Plan, Uncopyable, packets, pictures, plan
from rushes.media.write.mux import Coded, mux
from rushes.media.write.timestamps import Clock
from rushes.media.write.verify import Meant, digest, explained, verify
from rushes.records import Video

_GLOBAL_HEADER = 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER


def smart_clip(
    video: Video, in_pts: int, out_pts: int, path: Path, encoding: Encoding
) -> dict[str, Any]:
    """Write the frames `[in_pts, out_pts)` of `video` to `path` as MP4, and check the file.

    The source must be one that `modes.obstacle` has nothing against.

    Returns:
        What the file holds, as `encode_clip` does.

    Raises:
        Uncopyable: Nothing in the span can be copied, or the source is not what it says.
        MediaError: The source cannot be read, the disk is full, or what was written does not hold
            what was meant.
    """
    item = name_of(video, in_pts, out_pts)
    coding = CODINGS[video.codec]
    with explained(item, path):
        # MP4 has durations in decoding order. Where they differ, the last frame keeps its own only
        # if it is the last in the file too, as the encoded ones are.
        cut = plan(video, coding, in_pts, out_pts, spare_last=video.is_vfr)
        clock = Clock([*cut.head, *cut.copied, *cut.tail], in_pts, out_pts)
        timing = timing_of(video, None)
        _check_rate(clock, timing.base, encoding.fps)
        parts = _Parts(video, encoding, coding, cut, out_pts)
        sound = sound_of(video, in_pts, out_pts, encoding)
        with whole(path) as temporary:
            mux(temporary, video, coding, parts.header, parts, clock, sound)
            meant = Meant(starts=clock.starts, end=clock.end, alike=parts.alike, same=parts.same)
            verify(temporary, meant, timing.base, encoding.crf, item)
    is_constant = encoding.fps is not None or not video.is_vfr
    return {
        "frames": len(clock.starts),
        "fps": round(float(timing.rate), 6) if is_constant else None,
        "width_px": video.width_px,
        "height_px": video.height_px,
        "duration_s": round(float(clock.end * timing.base), 6),
        "has_audio": sound is not None,
        "mode": "smart",
        "mode_reason": "",
        "frames_copied": len(cut.copied),
    }


def _check_rate(clock: Clock, base: Fraction, fps: float | None) -> None:
    """Refuse frames that are not where a wished-for constant rate has them."""
    if fps is None:
        return
    ticks = 1 / (exact_rate(fps) * base)
    is_even = all(start == number * ticks for number, start in enumerate(clock.starts))
    if not is_even or clock.end != len(clock.starts) * ticks:
        raise Uncopyable(f"its frames do not come at exactly {fps} a second")


class _Parts:
    """Head, copy and tail of one clip, and what is known of their pictures."""

    def __init__(
        self, video: Video, encoding: Encoding, coding: Coding, cut: Plan, out_pts: int
    ) -> None:
        self.alike: dict[int, Any] = {}
        """Frame number → coarse luma of encoded frames at the ends and the joins."""
        self.same: dict[int, bytes] = {}
        """Frame number → digest of copied frames at the ends and the joins."""
        self.coding = coding
        self._video, self._encoding, self._cut, self._out_pts = video, encoding, cut, out_pts
        self._framing = Framing(video, encoding.width_px, encoding.height_px)
        self._first, self._last = min(cut.copied), max(cut.copied)
        first = next(frames_between(video, self._first, self._first + 1), None)
        if first is None:
            raise Uncopyable("its key frame cannot be decoded")
        self.same[len(cut.head)] = digest(first.frame)
        self._model = first.frame
        try:
            self._number = free_number(cut.parameters) if coding is H264 else 0
        except ValueError as error:
            raise Uncopyable(str(error)) from None
        sets = list(cut.parameters)
        if coding is H264 and (cut.head or cut.tail):
            sets += split(bytes(self._encoder().extradata))
        self.header = coding.header(sets)
        """The track's parameter sets, Annex B."""

    def __iter__(self) -> Iterator[Coded]:
        """Yield all pictures in the file's order."""
        cut, video = self._cut, self._video
        if cut.head:
            frames = frames_between(video, cut.head[0], self._first)
            yield from self._encoded(frames, cut.head, 0)
        yield from self._copied()
        # What precedes the tail must be decoded anyway: the last copied frame comes for nothing.
        until = self._out_pts if cut.tail else self._last + 1
        frames = frames_between(video, self._last, until)
        last = next(frames, None)
        if last is None or last.pts != self._last:
            raise Uncopyable("its last copied frame cannot be decoded")
        before_tail = len(cut.shown) - len(cut.tail)
        self.same[before_tail - 1] = digest(last.frame)
        if cut.tail:
            yield from self._encoded(frames, cut.tail, before_tail)

    def _copied(self) -> Iterator[Coded]:
        """Yield the copied pictures, the first one made a clean begin."""
        coding, wanted = self.coding, iter(self._cut.copied)
        pts = next(wanted, None)
        for picture in pictures(packets(self._video, self._first), coding):
            if picture.pts != pts:
                continue  # before the first one, or leading it
            nals = coding.cleaned(picture.nals) if pts == self._first else list(picture.nals)
            yield Coded(pts, picture.is_key, coding.body(nals))
            pts = next(wanted, None)
            if pts is None:
                return
        raise Uncopyable("the file does not read the same twice")

    def _encoded(
        self, frames: Iterator[Decoded], expected: Sequence[int], number: int
    ) -> Iterator[Coded]:
        """Encode frames that must be those of `expected`; the first one has `number`."""
        encoder = self._encoder()
        for pts in expected:
            decoded = next(frames, None)
            if decoded is None or decoded.pts != pts:
                raise Uncopyable("the decoder gives other frames than the file lists")
            picture = self._framing.apply(decoded.frame)
            if pts in (expected[0], expected[-1]):
                self.alike[number + (len(expected) - 1) * (pts != expected[0])] = coarse_luma(
                    picture
                )
            picture.pts, picture.time_base = pts, self._video.time_base
            yield from self._taken(encoder.encode(picture))
        yield from self._taken(encoder.encode(None))

    def _taken(self, made: Sequence[Any]) -> Iterator[Coded]:
        for packet in made:
            nals = split(bytes(packet))
            # Without the encoder's notes on itself: they would pass for notes on the copy.
            nals = [nal for nal in nals if self.coding.type_of(nal) not in self.coding.notes]
            yield Coded(packet.pts, packet.is_keyframe, joined(nals))

    def _encoder(self) -> Any:
        """Return a new encoder for edges; all of a clip make the same parameter sets."""
        import av

        video, encoding, coding = self._video, self._encoding, self.coding
        context = av.CodecContext.create(coding.encoder, "w")
        context.width, context.height = video.width_px, video.height_px
        context.pix_fmt = "yuv420p"
        context.time_base, context.framerate = video.time_base, video.rate
        context.gop_size = 250
        # In order of time, so that they fit before and behind whatever order the copy has.
        context.max_b_frames = 0
        # The same quality for more bytes: edges are short, and a slow preset would take longer for
        # them than for the same frames in an encoding as a whole, which has B-frames.
        preset = min(encoding.preset, "veryfast", key=PRESETS.index)
        context.options = {"crf": str(encoding.crf), "preset": preset, "threads": "1"}
        if coding is H264:
            context.options |= {"x264-params": f"sps-id={self._number}"}
            context.flags |= _GLOBAL_HEADER
        else:
            quiet = "log-level=none:pools=none:frame-threads=1:info=0:open-gop=0:bframes=0"
            context.options |= {"x265-params": f"repeat-headers=1:{quiet}"}
        frame = self._model
        context.color_range, context.colorspace = frame.color_range, frame.colorspace
        context.color_primaries, context.color_trc = frame.color_primaries, frame.color_trc
        context.open()
        return context
