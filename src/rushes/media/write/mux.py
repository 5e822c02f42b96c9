"""Coded pictures and a clip's sound → an MP4 file."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rushes.errors import MediaError
from rushes.media.probe import open_video, video_stream
from rushes.media.write.audio_track import Sound
from rushes.media.write.bitstream import Coding
from rushes.media.write.timestamps import Clock
from rushes.records import Video


@dataclass(frozen=True, slots=True)
class Coded:
    """One coded picture on its way to a file."""

    pts: int
    """On the source's clock."""
    is_key: bool
    data: bytes
    """Annex B where the codec has it."""


def mux(
    path: Path,
    video: Video,
    coding: Coding | None,
    header: bytes,
    coded: Iterable[Coded],
    clock: Clock,
    sound: Sound | None,
) -> None:
    """Write one track of pictures, and one of sound beside it.

    Args:
        path: The file, which appears as it is written.
        video: The source; its track's description is taken over.
        coding: Its codec; None takes over the codec's own header too.
        header: Parameter sets for the track's header, Annex B.
        coded: The pictures in decoding order.
        clock: When they are shown.
        sound: The clip's sound.

    Raises:
        MediaError: MP4 cannot hold the codec.
    """
    import av

    base = video.time_base
    with (
        open_video(video.path) as source,
        av.open(str(path), "w", options={"movflags": "+faststart"}) as container,
    ):
        try:
            stream = container.add_stream_from_template(video_stream(source, video.path))
        except ValueError as error:
            raise MediaError(
                f"{video.path}: MP4 cannot hold {video.codec}; set mode to exact"
            ) from error
        stream.time_base = base
        if coding is not None:
            stream.codec_context.extradata = header
            stream.codec_context.codec_tag = coding.tag
        if sound is not None:
            sound.add_to(container)
        for at, picture in enumerate(coded):
            packet = av.Packet(picture.data)
            packet.pts, packet.dts, packet.duration = clock.times(at, picture.pts)
            packet.time_base, packet.stream = base, stream
            packet.is_keyframe = picture.is_key
            until_s = (packet.pts + packet.duration) * base
            container.mux(packet)
            if sound is not None:
                container.mux(list(sound.packets(until_s)))
        if sound is not None:
            container.mux(list(sound.packets(None)))
