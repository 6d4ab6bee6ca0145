"""Recordings: read, written, made, and what the network reads of them."""

import io
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from tailrace.apps import UserError
from tailrace.apps.speech.data import Utterance, divide, read_utterances
from tailrace.apps.speech.decoding import Alphabet
from tailrace.apps.speech.demonstration import WORDS, demonstration
from tailrace.apps.speech.recognizer import Recognizer
from tailrace.apps.speech.settings import Settings
from tailrace.apps.speech.waves import Floats, read_wav, resample, write_wav

from .conftest import RATE


def tone(hertz: float, rate: int, seconds: float = 0.5) -> Floats:
    return np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate).astype(np.float32)


@pytest.mark.parametrize(("width", "precise"), [(1, 0.01), (2, 1e-4), (3, 1e-6), (4, 1e-7)])
def test_samples_of_every_width(tmp_path: Path, width: int, precise: float):
    samples = 0.5 * tone(440, RATE)
    top = 2 ** (8 * width - 1)
    whole = np.round(samples.astype(np.float64) * (top - 1)).astype(np.int64)
    raw = (whole + 128).astype(np.uint8).tobytes()
    if width > 1:
        raw = b"".join(int(value).to_bytes(width, "little", signed=True) for value in whole)
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, width, RATE, 0, "NONE", ""))
        file.writeframes(raw)
    np.testing.assert_allclose(read_wav(tmp_path / "a.wav", RATE), samples, atol=precise)


def test_channels_are_averaged(tmp_path: Path):
    both = np.stack([np.full(800, 2000), np.full(800, 4000)], 1).astype("<i2")
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes(both.tobytes())
    np.testing.assert_allclose(read_wav(tmp_path / "a.wav", RATE), 3000 / 2**15, atol=1e-6)


def test_a_tone_stays_a_tone_at_another_rate():
    np.testing.assert_allclose(resample(tone(200, 16000), 16000, 8000), tone(200, 8000), atol=1e-3)
    np.testing.assert_allclose(resample(tone(200, 8000), 8000, 22000), tone(200, 22000), atol=1e-3)


def test_writing_and_reading(tmp_path: Path):
    samples = (0.3 * tone(300, RATE)).astype(np.float32)
    write_wav(tmp_path / "a.wav", samples, RATE)
    np.testing.assert_allclose(read_wav(tmp_path / "a.wav", RATE), samples, atol=1e-4)


def _wav(count: int) -> bytes:
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(bytes(2 * count))
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is not a WAV file that can be read"),
        (b"hello", "is not a WAV file that can be read"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x03\x00" + bytes(30), "unknown format"),
        (_wav(0), "holds 0.000 seconds"),
        (_wav(10), "too little"),
    ],
)
def test_files_that_are_no_recordings(tmp_path: Path, data: bytes, said: str):
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(UserError, match=said):
        read_wav(tmp_path / "a.wav", RATE)


def test_a_cut_off_file_gives_what_is_there(tmp_path: Path):
    (tmp_path / "a.wav").write_bytes(_wav(4000)[:-1001])
    assert len(read_wav(tmp_path / "a.wav", RATE)) == 3499


def test_folders_and_tables_say_the_same(recordings: Path):
    table = read_utterances(str(recordings / "table.csv"), RATE)
    folder = read_utterances(str(recordings), RATE)
    assert len(table) == len(folder) == 160
    assert {one.text for one in table} == {one.text for one in folder}
    assert set(" ".join(one.text for one in table).split()) == set(WORDS)
    assert {one.speaker for one in folder} == {""}


def test_parts_share_no_speaker():
    parts = divide(demonstration("tones", 80, RATE, 1), Settings(held_out=0.4))
    voices = [{one.speaker for one in part} for part in (parts.train, parts.validation, parts.test)]
    assert len(voices[0] | voices[1] | voices[2]) == sum(map(len, voices)) == 10


def test_the_demonstration_is_the_same_for_a_seed():
    one, same, other = (demonstration("tones", 3, RATE, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one[2].samples, same[2].samples)
    assert [u.text for u in one] != [u.text for u in other]


# says a tenth of a second per letter
PROGRAM = """
import sys, wave
with wave.open(sys.argv[sys.argv.index("-w") + 1], "wb") as file:
    file.setparams((1, 2, 22050, 0, "NONE", ""))
    file.writeframes(b"\\x00\\x10" * 2205 * len(sys.argv[-1]))
"""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Puts a program in place of espeak-ng."""
    (folder / "espeak-ng").write_text(f"#!{sys.executable}\n{program}")
    (folder / "espeak-ng").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_speech_comes_from_espeak(tmp_path: Path, monkeypatch):
    install(tmp_path, monkeypatch, PROGRAM)
    for one in demonstration("spoken", 3, RATE, 1):
        assert len(one.samples) == 800 * len(one.text)


def test_espeak_that_is_missing_or_fails(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="needs the program espeak-ng"):
        demonstration("spoken", 1, RATE, 1)
    install(tmp_path, monkeypatch, "import sys\nsys.exit('no such voice')\n")
    with pytest.raises(UserError, match="espeak-ng: no such voice"):
        demonstration("spoken", 1, RATE, 1)


@pytest.mark.parametrize("features", ["log-mel", "mfcc"])
def test_features_do_not_depend_on_what_is_beside(features: str):
    utterances = demonstration("tones", 5, RATE, 1)
    settings = Settings(features=features, batch=2, size=4)
    recognizer = Recognizer(settings, Alphabet.of([one.text for one in utterances]))
    together = recognizer.features(utterances)
    width = settings.stack * settings.channels
    for one, found in zip(utterances, together, strict=True):
        (alone,) = recognizer.features([one])
        np.testing.assert_allclose(found, alone, atol=1e-4)
        frames = -(-len(one.samples) // settings.step)
        assert found.shape == (-(-frames // settings.stack), width)


def test_a_tone_is_loudest_in_its_band():
    settings = Settings(stack=1, mels=20, size=4)
    recognizer = Recognizer(settings, Alphabet("a"))
    silence = np.zeros(RATE // 2, np.float32)
    sounds = [np.concatenate([silence, tone(hertz, RATE)]) for hertz in (300, 2500)]
    low, high = recognizer.features([Utterance("x", sound, "") for sound in sounds])
    # the standardised features of the second half, where the tone is
    assert low[60:90, :6].mean() > 0.5 > abs(low[60:90, 12:].mean())
    assert high[60:90].mean(0).argmax() > 10
