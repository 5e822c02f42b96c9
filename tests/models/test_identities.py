"""Identities of the known models stay those of the release before, so its files stay valid."""

from dataclasses import replace

import pytest

from rushes.models.known import MODELS

# Computed by `rushes.known_models` of the release before the converters moved to `networks`.
RELEASED = {
    "centerface": "726d5485723c",
    "efficientnet-lite0": "875ea34f9ae9",
    "open-nsfw": "524786d4d037",
    "ppocr-det": "f3beb6e20929",
    "ppocr-rec": "15ab27ecc339",
    "silero-vad": "085b080e1893",
    "transnetv2": "6e8b4ea91559",
}


@pytest.mark.parametrize("name", sorted(RELEASED))
def test_a_known_model_keeps_its_identity(name):
    assert MODELS[name].identity == RELEASED[name]


@pytest.mark.parametrize("name", ["centerface", "efficientnet-lite0", "transnetv2"])
def test_moving_a_converter_keeps_the_identity_and_changing_its_output_does_not(name):
    model = MODELS[name]
    assert replace(model, converter="elsewhere:convert").identity == model.identity
    changed = replace(model, converter_version=model.converter_version + 1)
    assert changed.identity != model.identity
