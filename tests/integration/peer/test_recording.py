"""The file of a recorder, read back with FFmpeg."""

from __future__ import annotations

import asyncio
from pathlib import Path

import av
import pytest
from av import AudioFrame

from peer.media import Frame, SyntheticVideo, Tone
from peer.picture import read_code
from peer.recording import Recorder, Recordings
from tests.support.pace import PACE


async def frames_of_a_second() -> list[Frame]:
    picture, tone = SyntheticVideo(tag=3), Tone()
    frames: list[Frame] = []
    for _ in range(10):
        frames += [await picture.recv(), await tone.recv(), await tone.recv()]
    picture.stop()
    tone.stop()
    return frames


@pytest.mark.parametrize("ending", [".mp4", ".webm", ".mkv"])
async def test_pictures_and_sound_are_in_the_file(tmp_path: Path, ending: str) -> None:
    recorder = Recorder(tmp_path / f"seen{ending}")
    for frame in await frames_of_a_second():
        recorder.put(frame)
    await asyncio.wait_for(recorder.close(), 20 * PACE)
    assert (recorder.problem, recorder.frames_dropped, recorder.frames_written) == (None, 0, 30)
    with av.open(str(recorder.path)) as container:
        numbers = [code.number for code in map(read_code, container.decode(video=0)) if code]
    assert len(numbers) == 10
    assert numbers == sorted(numbers)
    with av.open(str(recorder.path)) as container:
        heard = sum(frame.samples for frame in container.decode(audio=0))
    assert heard >= 20 * 960 * 0.8


async def test_sound_alone_is_recorded_too(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "heard.webm")
    for frame in await frames_of_a_second():
        if isinstance(frame, AudioFrame):
            recorder.put(frame)
    await asyncio.wait_for(recorder.close(), 20 * PACE)
    with av.open(str(recorder.path)) as container:
        assert not container.streams.video
        assert sum(frame.samples for frame in container.decode(audio=0)) > 0


async def test_a_picture_that_changes_its_size_stays_in_one_file(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "seen.mp4")
    for index, frame in enumerate(await frames_of_a_second()):
        if isinstance(frame, AudioFrame):
            recorder.put(frame)
        else:
            larger = frame.reformat(640, 480) if index > 12 else frame
            recorder.put(larger)
    await asyncio.wait_for(recorder.close(), 20 * PACE)
    with av.open(str(recorder.path)) as container:
        sizes = {(frame.width, frame.height) for frame in container.decode(video=0)}
    assert sizes == {(320, 240)}
    assert recorder.frames_written == 30


async def test_without_a_frame_there_is_no_file(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "seen.mp4")
    await recorder.close()
    assert not recorder.path.exists()


async def test_a_path_that_cannot_be_written_is_told_and_stops_nothing(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "missing" / "seen.mp4")
    for frame in await frames_of_a_second():
        recorder.put(frame)
        await asyncio.sleep(0)  # the failure may come before the end, too
    await asyncio.wait_for(recorder.close(), 20 * PACE)
    assert recorder.problem == "FileNotFoundError"
    recorder.put((await frames_of_a_second())[0])
    assert not recorder.path.exists()


def test_each_connection_gets_a_file_of_its_own(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path / "seen.mp4")
    assert [recordings().path.name for _ in range(3)] == ["seen.mp4", "seen-2.mp4", "seen-3.mp4"]
