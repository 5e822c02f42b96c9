"""A clip's file in the mode that its source allows: copied, partly copied, or encoded."""

from pathlib import Path
from typing import Any

from rushes.errors import MediaError
from rushes.media.write.bitstream import SYNTAXES
from rushes.media.write.encode import Encoding, encode_clip
from rushes.media.write.framing import Framing
from rushes.media.write.gops import CONTAINERS, NotCopyable
from rushes.media.write.smart_cut import smart_clip
from rushes.media.write.source import ClipSource
from rushes.media.write.stream_copy import copy_clip
from rushes.records import Box, Correction, Video


def write_clip(source: ClipSource, path: Path, encoding: Encoding) -> dict[str, Any]:
    """Write a clip to `path` as MP4, in the requested mode where the source allows it; verify it.

    Returns:
        The facts of the file (see `encode_clip`). `mode` is the mode it was made in, and
        `mode_reason` says in words why it is not the requested one; empty if it is.

    Raises:
        ItemError: The clip cannot be written; the message names the clip and the next step.
    """
    if encoding.mode == "copy":
        return copy_clip(source, path, encoding)
    reason = ""
    if encoding.mode != "exact":
        reason = why_not_copyable(source, encoding)
        if not reason:
            try:
                return smart_clip(source, path, encoding)
            except (NotCopyable, MediaError) as error:
                # An error of the source or the disk comes up again when the clip is encoded.
                reason = str(error)
    facts = encode_clip(source, path, encoding)
    return {**facts, "mode_reason": reason}


def _why_corrected(video: Video, correction: Correction) -> str:
    if correction.field_order != "progressive" or video.field_order == "interlaced":
        return "it is interlaced"
    if correction.box != Box():
        return "its bars are cropped"
    return "its colours are HDR" if video.hdr else ""


def why_not_copyable(source: ClipSource, encoding: Encoding) -> str:
    """Return in words why no picture of a source can be copied as it is; empty if they can."""
    from av.codec import codecs_available

    video, correction = source.video, source.correction
    own_size_px = (video.width_px, video.height_px)
    syntax = SYNTAXES.get(video.codec)
    if syntax is None:
        return f"its codec is {video.codec}, not H.264 or H.265"
    if syntax.encoder not in codecs_available:
        return f"this FFmpeg has no encoder {syntax.encoder} for the edges"
    if video.container not in CONTAINERS:
        return f"its container ({video.container}) may have no display time for each frame"
    if video.pix_fmt != "yuv420p" or video.color_range == "full":
        return f"its pixel format is {video.pix_fmt}, {video.color_range} range"
    if reason := _why_corrected(video, correction):
        return reason
    if video.clock_breaks or video.sections or any(video.crop_px):
        return "its file has a broken clock, pictures of several sizes, or a crop"
    if video.rotation_deg or video.is_mirrored or video.sample_aspect != 1:
        return "it has to be turned upright or scaled to square pixels"
    if Framing(video, encoding.width_px, encoding.height_px).size_px != own_size_px:
        return "the recipe asks for another size"
    return ""
