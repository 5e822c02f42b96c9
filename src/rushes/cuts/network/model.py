"""The cut network in torch, for its training: features of frames, judged over time.

Two parts, since every frame is looked at once while the judgement needs frames on either side:
`look` turns pictures into features, `judge` compares features over time. Weights are a dictionary
of tensors; `graphs` writes the same two parts as ONNX.
"""

from collections.abc import Mapping
from typing import Any

from rushes.cuts.network.shapes import (
    BACK,
    BLEND_LAGS,
    CONTEXT,
    HEIGHT,
    JUDGED,
    LAGS,
    MATCH_LAGS,
    OUTPUTS,
    OWN,
    REACH,
    SPACES,
    STEPS,
    WIDTH,
    WIDTHS,
    distances,
)

Tensor = Any
Weights = Mapping[str, Tensor]
CHANNELS = 64
"""Width of the judgement's convolutions."""
SHAPES: Mapping[str, tuple[int, ...]] = {
    "look.first": (16, 4, 3, 3),
    "look.second": (24, 16, 3, 3),
    "look.third": (40, 24, 3, 3),
    "look.patch": (16, 24, 1, 1),
    "look.place": (WIDTHS["place"], 40 * 4 * 6),
    "look.bag": (WIDTHS["bag"], 24 + 40),
    "judge.own": (OWN, WIDTHS["place"] + WIDTHS["bag"]),
    "judge.into": (CHANNELS, JUDGED, 1),
    **{f"judge.layers.{i}": (CHANNELS, CHANNELS, 3) for i in range(len(STEPS))},
    "judge.out": (OUTPUTS, CHANNELS, 1),
}
"""Each layer's weight; its bias has as many numbers as the weight has rows."""


def made(seed: int) -> dict[str, Tensor]:
    """Return weights to begin with, uniform by He's rule; the same for the same seed."""
    import torch

    random = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in SHAPES.items():
        fan = 1
        for size in shape[1:]:
            fan *= size
        for kind, sizes in (("weight", shape), ("bias", shape[:1])):
            values = torch.rand(sizes, generator=random) * 2 - 1
            weights[f"{name}.{kind}"] = (values * fan**-0.5).requires_grad_()
    for i in range(len(STEPS)):
        weights[f"judge.norms.{i}.weight"] = torch.ones(CHANNELS).requires_grad_()
        weights[f"judge.norms.{i}.bias"] = torch.zeros(CHANNELS).requires_grad_()
    return weights


def look(weights: Weights, frames_NHWC: Tensor) -> Tensor:
    """Return (N - BACK, FEATURES) for (N, 27, 48, 3) uint8 frames; the first BACK are context."""
    import torch
    from torch.nn.functional import avg_pool2d, normalize, relu

    colour = frames_NHWC.permute(0, 3, 1, 2).contiguous().float() / 255
    luma = colour.mean(1, keepdim=True)
    middle = luma.flatten(1).mean(1)[:, None, None, None]
    away = (luma - middle).flatten(1).norm(dim=1)[:, None, None, None]
    spread = away / (HEIGHT * WIDTH) ** 0.5
    x = torch.cat([colour - 0.45, (luma - middle) / (spread + 0.05) * 0.4], 1)
    x = relu(_conv2d(weights, "look.first", x, 2))
    second = relu(_conv2d(weights, "look.second", x, 2))
    third = relu(_conv2d(weights, "look.third", second, 2))
    place = normalize(_linear(weights, "look.place", third.flatten(1)), dim=-1)
    means = torch.cat([second.flatten(2).mean(2), third.flatten(2).mean(2)], 1)
    bag = normalize(_linear(weights, "look.bag", means), dim=-1)
    match = _matched(_conv2d(weights, "look.patch", second, 1))
    # Grids of whole pixels: 9 x 16 of 3 x 3, and of these 3 x 8 of 3 x 2.
    grid = avg_pool2d(colour, 3)
    fine = grid.mean(1).flatten(1)
    coarse = avg_pool2d(grid, (3, 2)).flatten(1)
    detail = fine - fine.mean(1, keepdim=True)
    detail = detail / ((detail**2).sum(1, keepdim=True) + 0.02).sqrt()
    stats = torch.cat([middle.flatten(1), spread.flatten(1)], 1)
    looks = torch.cat([place, bag, detail, _histogram(grid), fine, coarse, stats], 1)
    return torch.cat([looks[BACK:], match], 1)


def judge(weights: Weights, features_BTF: Tensor) -> Tensor:
    """Return (B, T, OUTPUTS) logits; the first and the last CONTEXT rows are not to be used."""
    import torch
    from torch.nn.functional import conv1d, layer_norm, relu

    parts = dict(zip(WIDTHS, features_BTF.split(list(WIDTHS.values()), -1), strict=True))
    lags = torch.tensor([lag + REACH for lag in LAGS])
    columns = [_band(parts[name])[..., lags] for name in SPACES[:4]]
    # Squared distances, from products: of the luma grid and of the colour grid.
    for name in SPACES[4:]:
        grid = parts[name] - 0.45
        own = (grid**2).sum(-1)
        near = _skewed(own[:, None].expand(-1, own.shape[1], -1))
        away = (own[..., None] + near - 2 * _band(grid)).clamp(min=0) / grid.shape[-1]
        columns += [(away[..., lags] + 1e-5).sqrt() * 3, _between(away)]
    seen = torch.cat([parts["place"], parts["bag"]], -1)
    columns += [parts["match"], parts["stats"] * 2, _linear(weights, "judge.own", seen)]
    x = torch.cat(columns, -1).transpose(1, 2)
    x = relu(conv1d(x, weights["judge.into.weight"], weights["judge.into.bias"]))
    for i, step in enumerate(STEPS):
        kernel, bias = (weights[f"judge.layers.{i}.{kind}"] for kind in ("weight", "bias"))
        made = conv1d(x, kernel, bias, padding=step, dilation=step).transpose(1, 2)
        scale, shift = (weights[f"judge.norms.{i}.{kind}"] for kind in ("weight", "bias"))
        x = x + relu(layer_norm(made, (CHANNELS,), scale, shift).transpose(1, 2))
    return conv1d(x, weights["judge.out.weight"], weights["judge.out.bias"]).transpose(1, 2)


def whole(weights: Weights, frames_BTHWC: Tensor) -> Tensor:
    """Return (B, T, OUTPUTS) logits for uint8 frames whose first and last ones stand still."""
    import torch

    count = frames_BTHWC.shape[1]
    looks = []
    for frames in frames_BTHWC:
        before = frames[:1].expand(BACK, -1, -1, -1)
        looks.append(look(weights, torch.cat([before, frames])))
    features = torch.stack(looks)
    # Half of the context will do here: what lies farther off stands still in any case.
    pad = CONTEXT // 2
    first, last = features[:, :1].clone(), features[:, -1:].clone()
    for still in (first, last):
        still[..., -WIDTHS["match"] :] = 1  # a frame that stands is found again whole
    padded = [first.expand(-1, pad, -1), features, last.expand(-1, pad, -1)]
    return judge(weights, torch.cat(padded, 1))[:, pad : pad + count]


def _conv2d(weights: Weights, name: str, x: Tensor, stride: int) -> Tensor:
    from torch.nn.functional import conv2d

    kernel = weights[f"{name}.weight"]
    return conv2d(x, kernel, weights[f"{name}.bias"], stride, kernel.shape[-1] // 2)


def _linear(weights: Weights, name: str, x: Tensor) -> Tensor:
    from torch.nn.functional import linear

    return linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])


def _histogram(grid: Tensor) -> Tensor:
    """Return roots of a soft histogram of 4 x 4 x 4 colours: their product is a likeness."""
    import torch

    flat = grid.detach().flatten(2)
    levels = torch.tensor([0.125, 0.375, 0.625, 0.875])[:, None]
    soft = (1 - (flat[:, :, None] - levels).abs() * 4).clamp(min=0)
    pair = (soft[:, 0, :, None] * soft[:, 1, None]).flatten(1, 2)
    joint = torch.matmul(pair, soft[:, 2].transpose(1, 2)) / flat.shape[-1]
    return (joint.flatten(1) + 1e-4).sqrt()


def _matched(patches: Tensor) -> Tensor:
    """Return the match of each frame's patches with those of earlier frames, and the reverse."""
    import torch

    patch = patches * torch.rsqrt((patches * patches).sum(1, keepdim=True) + 1e-6)
    every = patch.flatten(2)
    some = patch[:, :, ::2, ::2].flatten(2).transpose(1, 2).contiguous()
    far = torch.tensor(distances())
    count, found = len(patch), []
    for lag in MATCH_LAGS:
        now, then = slice(BACK, count), slice(BACK - lag, count - lag)
        onward = torch.matmul(some[now], every[then])
        back = torch.matmul(some[then], every[now])
        for like in (onward, back, onward - far):
            best = like.max(2).values
            found += [best.mean(1), best.min(1).values]
    return torch.stack(found, 1)


def _skewed(square: Tensor) -> Tensor:
    """Return (B, T, 2 REACH + 1) of (B, T, T): for each row the columns around its diagonal."""
    from torch.nn.functional import pad

    batch, count = square.shape[0], square.shape[1]
    wide = count + 2 * REACH
    flat = pad(square, (REACH, REACH)).reshape(batch, count * wide)
    return pad(flat, (0, count)).reshape(batch, count, wide + 1)[..., : 2 * REACH + 1]


def _band(values: Tensor) -> Tensor:
    """Return the products of each row with the rows around it."""
    import torch

    return _skewed(torch.matmul(values, values.transpose(1, 2)))


def _between(away: Tensor) -> Tensor:
    """Return whether each frame is a blend of one before and one after: where, and how nearly.

    Of three squared distances alone: a blend lies on the line between the two.
    """
    import torch
    from torch.nn.functional import pad

    found = []
    for lag in BLEND_LAGS:
        before, after = away[..., REACH - lag], away[..., REACH + lag]
        # The distance from the earlier to the later frame is that of lag 2 at the earlier one.
        apart = pad(away[..., REACH + 2 * lag], (lag, 0))[..., : away.shape[1]]
        share = (before + apart - after) / (2 * apart + 2e-4)
        left = (before - share**2 * apart).clamp(min=0)
        found += [share.clamp(-1, 2), ((left + 1e-6) / (apart + 2e-4)).sqrt().clamp(max=2)]
    return torch.stack(found, -1)
