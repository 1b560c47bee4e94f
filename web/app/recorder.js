/** Records a voice message: the sound, how long it is, and how loud it was from moment to moment. */

const TYPES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];
const BITS_PER_S = 32_000;
/** How often it is listened how loud it is. */
const SAMPLE_MS = 60;
/** Longer, and it is stopped by itself. */
export const MAX_RECORDING_S = 15 * 60;
/** Of the waveform that is told. */
const BARS = 64;
const MAX_LOUDNESS = 31;

export const canRecord = () => Boolean(globalThis.MediaRecorder && navigator.mediaDevices?.getUserMedia);

export class Recorder {
  #recorder;
  #parts = [];
  #levels = [];
  #began = 0;
  #ends = [];

  /** @param {MediaStreamTrack} track ends with the recording @param {{heard: (level: number, seconds: number) => void, full: () => void}} told */
  constructor(track, { heard, full }) {
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    const stream = new MediaStream([track]);
    this.#recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: BITS_PER_S });
    this.#recorder.ondataavailable = ({ data }) => this.#parts.push(data);
    this.#recorder.start();
    this.#began = performance.now();
    const level = loudnessOf(stream);
    const timer = setInterval(() => {
      this.#levels.push(level.now());
      heard(this.#levels.at(-1), this.seconds);
      if (this.seconds >= MAX_RECORDING_S) full();
    }, SAMPLE_MS);
    this.#ends.push(() => clearInterval(timer), () => level.close(), () => track.stop());
  }

  get seconds() {
    return (performance.now() - this.#began) / 1_000;
  }

  /** @returns {Promise<{blob: Blob, durationS: number, waveform: number[]}>} */
  async finish() {
    const durationS = Math.round(this.seconds * 10) / 10;
    const stopped = new Promise((resolve) => (this.#recorder.onstop = resolve));
    this.#recorder.stop();
    await stopped;
    this.#close();
    const [type] = this.#recorder.mimeType.split(";");
    return { blob: new Blob(this.#parts, { type }), durationS, waveform: barsOf(this.#levels) };
  }

  /** Nothing of it is kept. */
  discard() {
    this.#recorder.ondataavailable = null;
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
    this.#close();
    this.#parts = [];
  }

  #close() {
    for (const end of this.#ends.splice(0)) end();
  }
}

function loudnessOf(stream) {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 1_024 });
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return {
    now() {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
      return Math.sqrt(power);
    },
    close: () => context.close(),
  };
}

/** At most 64 values from 0 to 31, the loudest moment of a stretch for each; the loudest of all is the measure. */
export function barsOf(levels) {
  const count = Math.min(BARS, levels.length);
  const loudest = Math.max(0.01, ...levels);
  return Array.from({ length: count }, (_, at) => {
    const stretch = levels.slice(Math.floor((at * levels.length) / count), Math.floor(((at + 1) * levels.length) / count));
    return Math.round((Math.max(0, ...stretch) / loudest) * MAX_LOUDNESS);
  });
}
