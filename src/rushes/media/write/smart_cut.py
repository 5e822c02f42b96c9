"""A clip whose middle is copied and whose edges are encoded: exact, and far cheaper to make.

The parts become one track. Each part begins with a clean key frame, so no part refers to another.
In H.264 each part has parameter sets with an id of its own, all of them in the track's header
(`avc1`), so the file is an ordinary one. x265 cannot choose ids; there the sets lie before the key
frames (`hev1`).
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from rushes.files import whole
from rushes.media.decode import DecodedFrame, frames_between
from rushes.media.write.bitstream import (
    H264,
    SYNTAXES,
    CodecSyntax,
    free_parameter_set_id,
    join_nals,
    split_nals,
)
from rushes.media.write.encode import PRESETS, Encoding, audio_track_of, exact_rate, output_clock
from rushes.media.write.framing import Framing, coarse_luma
from rushes.media.write.gops import (
    CopyPlan,
    NotCopyable,
    plan_copy,
    read_packets,
    read_pictures,
)
from rushes.media.write.mux import ClipTracks, EncodedPicture, mux
from rushes.media.write.source import ClipSource
from rushes.media.write.timestamps import ClipTimestamps
from rushes.media.write.verify import Expected, digest, disk_errors_explained, verify

_GLOBAL_HEADER = 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER


def smart_clip(source: ClipSource, path: Path, encoding: Encoding) -> dict[str, Any]:
    """Write the frames of a clip to `path` as MP4, copying most of them, and verify the file.

    The source must be one for which `why_not_copyable` returns nothing.

    Returns:
        The facts of the file; see `encode_clip`.

    Raises:
        NotCopyable: Nothing in the span can be copied, or the file is not as its container says.
        MediaError: The source cannot be read, the disk is full, or the file does not hold the
            source's frames.
    """
    video = source.video
    syntax = SYNTAXES[video.codec]
    with disk_errors_explained(source.name, path):
        # MP4 has durations in decoding order. Where they differ, the last frame keeps its own only
        # if it is the last in the file too, as the encoded ones are.
        plan = plan_copy(source, syntax, spare_last=video.is_vfr)
        order_pts = [*plan.head, *plan.copied, *plan.tail]
        timestamps = ClipTimestamps(order_pts, source.in_pts, source.out_pts)
        clock = output_clock(video, None)
        _check_rate(timestamps, clock.tick_s, encoding.fps)
        parts = _Parts(source, encoding, syntax, plan)
        audio = audio_track_of(source, encoding)
        with whole(path) as temporary:
            mux(
                temporary,
                ClipTracks(
                    video=video,
                    syntax=syntax,
                    header=parts.header,
                    pictures=parts,
                    timestamps=timestamps,
                    audio=audio,
                ),
            )
            expected = Expected(
                starts=timestamps.starts,
                end=timestamps.end,
                lumas=parts.lumas,
                digests=parts.digests,
            )
            verify(temporary, expected, clock.tick_s, encoding.crf, source.name)
    is_constant = encoding.fps is not None or not video.is_vfr
    return {
        "frames": len(timestamps.starts),
        "fps": round(float(clock.rate), 6) if is_constant else None,
        "width_px": video.width_px,
        "height_px": video.height_px,
        "duration_s": round(float(timestamps.end * clock.tick_s), 6),
        "has_audio": audio is not None,
        "mode": "smart",
        "mode_reason": "",
        "frames_copied": len(plan.copied),
    }


def _check_rate(timestamps: ClipTimestamps, tick_s: Fraction, fps: float | None) -> None:
    """Refuse frames whose times are not those of the requested constant rate."""
    if fps is None:
        return
    ticks = 1 / (exact_rate(fps) * tick_s)
    is_even = all(start == number * ticks for number, start in enumerate(timestamps.starts))
    if not is_even or timestamps.end != len(timestamps.starts) * ticks:
        raise NotCopyable(f"its frames do not come at exactly {fps} a second")


class _Parts:
    """The pictures of one clip: an encoded head, a copied middle, an encoded tail."""

    def __init__(
        self, source: ClipSource, encoding: Encoding, syntax: CodecSyntax, plan: CopyPlan
    ) -> None:
        self.lumas: dict[int, Any] = {}
        """Frame number → coarse luma of encoded frames at the ends and the joins."""
        self.digests: dict[int, bytes] = {}
        """Frame number → digest of copied frames at the ends and the joins."""
        self._syntax = syntax
        self._video, self._out_pts = source.video, source.out_pts
        self._encoding, self._plan = encoding, plan
        video = source.video
        self._framing = Framing(video, encoding.width_px, encoding.height_px)
        self._first, self._last = min(plan.copied), max(plan.copied)
        first = next(frames_between(video, self._first, self._first + 1), None)
        if first is None:
            raise NotCopyable("its key frame cannot be decoded")
        self.digests[len(plan.head)] = digest(first.frame)
        self._colour_model = first.frame
        try:
            self._set_id = free_parameter_set_id(plan.parameter_sets) if syntax is H264 else 0
        except ValueError as error:
            raise NotCopyable(str(error)) from None
        sets = list(plan.parameter_sets)
        if syntax is H264 and (plan.head or plan.tail):
            sets += split_nals(bytes(self._encoder().extradata))
        self.header = syntax.track_header(sets)
        """The track's parameter sets, Annex B."""

    def __iter__(self) -> Iterator[EncodedPicture]:
        """Yield all pictures in the file's order."""
        plan, video = self._plan, self._video
        if plan.head:
            frames = frames_between(video, plan.head[0], self._first)
            yield from self._encoded(frames, plan.head, 0)
        yield from self._copied()
        # Decoding the tail starts before it anyway: the last copied frame costs nothing more.
        until = self._out_pts if plan.tail else self._last + 1
        frames = frames_between(video, self._last, until)
        last = next(frames, None)
        if last is None or last.pts != self._last:
            raise NotCopyable("its last copied frame cannot be decoded")
        before_tail = len(plan.shown) - len(plan.tail)
        self.digests[before_tail - 1] = digest(last.frame)
        if plan.tail:
            yield from self._encoded(frames, plan.tail, before_tail)

    def _copied(self) -> Iterator[EncodedPicture]:
        """Yield the copied pictures, the first one made a clean begin."""
        syntax, wanted = self._syntax, iter(self._plan.copied)
        pts = next(wanted, None)
        for picture in read_pictures(read_packets(self._video, self._first), syntax):
            if picture.pts != pts:
                continue  # before the first one, or a leading picture of it
            is_first = pts == self._first
            nals = syntax.with_clean_start(picture.nals) if is_first else list(picture.nals)
            yield EncodedPicture(pts, picture.is_key, syntax.track_sample(nals))
            pts = next(wanted, None)
            if pts is None:
                return
        raise NotCopyable("the file does not read the same twice")

    def _encoded(
        self, frames: Iterator[DecodedFrame], expected: Sequence[int], number: int
    ) -> Iterator[EncodedPicture]:
        """Encode the frames with these pts; the first one is frame `number` of the clip."""
        encoder = self._encoder()
        for pts in expected:
            decoded = next(frames, None)
            if decoded is None or decoded.pts != pts:
                raise NotCopyable("the decoder gives other frames than the file lists")
            picture = self._framing.apply(decoded.frame)
            if pts in (expected[0], expected[-1]):
                self.lumas[number + (len(expected) - 1) * (pts != expected[0])] = coarse_luma(
                    picture
                )
            picture.pts, picture.time_base = pts, self._video.time_base
            yield from self._packed(encoder.encode(picture))
        yield from self._packed(encoder.encode(None))

    def _packed(self, packets: Sequence[Any]) -> Iterator[EncodedPicture]:
        syntax = self._syntax
        for packet in packets:
            nals = split_nals(bytes(packet))
            # Without the encoder's description of itself, which would seem to describe the copy.
            nals = [nal for nal in nals if syntax.nal_type(nal) not in syntax.sei_types]
            yield EncodedPicture(packet.pts, packet.is_keyframe, join_nals(nals))

    def _encoder(self) -> Any:
        """Return a new encoder for the edges; all of one clip make the same parameter sets."""
        import av

        video, encoding, syntax = self._video, self._encoding, self._syntax
        context = av.CodecContext.create(syntax.encoder, "w")
        context.width, context.height = video.width_px, video.height_px
        context.pix_fmt = "yuv420p"
        context.time_base, context.framerate = video.time_base, video.rate
        context.gop_size = 250
        # In order of time, so that they fit before and behind any order of the copy.
        context.max_b_frames = 0
        # The same quality for more bytes: edges are short, and a slow preset would take longer for
        # them than for the same frames in an encoding as a whole, which has B-frames.
        preset = min(encoding.preset, "veryfast", key=PRESETS.index)
        context.options = {"crf": str(encoding.crf), "preset": preset, "threads": "1"}
        if syntax is H264:
            context.options |= {"x264-params": f"sps-id={self._set_id}"}
            context.flags |= _GLOBAL_HEADER
        else:
            quiet = "log-level=none:pools=none:frame-threads=1:info=0:open-gop=0:bframes=0"
            context.options |= {"x265-params": f"repeat-headers=1:{quiet}"}
        frame = self._colour_model
        context.color_range, context.colorspace = frame.color_range, frame.colorspace
        context.color_primaries, context.color_trc = frame.color_primaries, frame.color_trc
        context.open()
        return context
