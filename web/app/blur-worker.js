/**
 * Blurs what is behind people in the pictures of a camera: a classic worker, since the library's loader is a script. Its policy is
 * its own (`WORKER_POLICY` of the server): here alone WebAssembly may be compiled.
 *
 * It is sent `{load: {loader, wasm, model}}`, addresses, and says `{loaded: true}` or `{failed: string}`. Then either
 * `{readable, writable}`, streams of `VideoFrame`, or single pictures, `{picture: ImageBitmap}`, for which it asks with `{next: true}`
 * and which it sends back in the same way. Once every two seconds it says `{perSecond}`: how many it could make.
 */
{
  /** Where the model looks for people, in pixels; and the picture that is drawn large again behind them. */
  const [LOOKS_AT, BEHIND] = [{ width: 256, height: 144 }, { width: 48, height: 27 }];
  /** In pixels of `BEHIND`: its own blur, where the browser has filters, and how far that reaches. */
  const [SOFT, MARGIN] = ["blur(1.5px)", 3];
  /** Below the first a pixel is background, from the second on it is a person; between them it is mixed. */
  const [SURELY_NOT, SURELY] = [0.35, 0.75];
  /** What appears as a person comes by so much of the way with each picture, so that edges do not flicker; what ceases is gone at once. */
  const EASE = 0.6;
  const ASK_EVERY_MS = 42;
  const SAY_EVERY_MS = 2_000;

  const scope = /** @type {any} */ (globalThis);
  const say = (message, transferred = []) => scope.postMessage(message, transferred);
  const canvasOf = ({ width, height }) => {
    const canvas = new OffscreenCanvas(width, height);
    return /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: canvas.width === LOOKS_AT.width }));
  };
  const small = canvasOf(LOOKS_AT);
  const mask = canvasOf(LOOKS_AT);
  const behind = canvasOf(BEHIND);
  behind.filter = SOFT;
  const whole = canvasOf({ width: 1, height: 1 });
  const persons = new ImageData(LOOKS_AT.width, LOOKS_AT.height);
  let lite;
  const took = { pictures: 0, ms: 0 };

  const quiet = () => {};

  async function load({ loader, wasm, model }) {
    scope.importScripts(loader);
    const [made, bytes] = await Promise.all([scope.createTwilioTFLiteSIMDModule({ locateFile: () => wasm, print: quiet, printErr: quiet }), fetched(model)]);
    made.HEAPU8.set(new Uint8Array(bytes), made._getModelBufferMemoryOffset());
    if (made._loadModel(bytes.byteLength) !== 0) throw new Error("MODEL_REFUSED");
    lite = made;
  }

  async function fetched(address) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${answer.status} for ${address}`);
    return answer.arrayBuffer();
  }

  /** Where people are, as the alpha of `mask`. */
  function look() {
    const { data } = small.getImageData(0, 0, LOOKS_AT.width, LOOKS_AT.height);
    const [into, from] = [lite._getInputMemoryOffset() / 4, lite._getOutputMemoryOffset() / 4];
    const floats = lite.HEAPF32;
    for (let pixel = 0, at = into; pixel < data.length; pixel += 4, at += 3) {
      floats[at] = data[pixel] / 255;
      floats[at + 1] = data[pixel + 1] / 255;
      floats[at + 2] = data[pixel + 2] / 255;
    }
    lite._runInference();
    for (let number = 0, alpha = 3; alpha < persons.data.length; number += 1, alpha += 4) {
      const now = (255 * (lite.HEAPF32[from + number] - SURELY_NOT)) / (SURELY - SURELY_NOT);
      const before = persons.data[alpha];
      persons.data[alpha] = now < before ? now : before + EASE * (now - before); // A clamped array: from 0 to 255.
    }
    mask.putImageData(persons, 0, 0);
  }

  /** @param {CanvasImageSource} picture @param {number} width @param {number} height in pixels @returns {OffscreenCanvas} with it, blurred */
  function draw(picture, width, height) {
    small.drawImage(picture, 0, 0, LOOKS_AT.width, LOOKS_AT.height);
    look();
    // Small and large again: nothing of it can be read, whatever is done to it. Drawn over its edges, which a filter leaves open.
    behind.drawImage(small.canvas, -MARGIN, -MARGIN, BEHIND.width + 2 * MARGIN, BEHIND.height + 2 * MARGIN);
    const { canvas } = whole;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    whole.imageSmoothingQuality = "high";
    for (const [how, what] of /** @type {[GlobalCompositeOperation, CanvasImageSource][]} */ ([["copy", mask.canvas], ["source-in", picture], ["destination-over", behind.canvas]])) {
      whole.globalCompositeOperation = how;
      whole.drawImage(what, 0, 0, width, height);
    }
    return canvas;
  }

  /** @template T @param {() => T} make one picture, to its end @returns {T} */
  function timed(make) {
    const began = performance.now();
    try {
      return make();
    } finally {
      took.pictures += 1;
      took.ms += performance.now() - began;
    }
  }

  /** @param {VideoFrame} frame @returns {VideoFrame} */
  function drawn(frame) {
    const { displayWidth, displayHeight, timestamp, duration } = frame;
    try {
      const canvas = draw(frame, displayWidth, displayHeight);
      return new VideoFrame(canvas, { timestamp, duration: duration ?? undefined, alpha: "discard" });
    } finally {
      frame.close();
    }
  }

  async function run(readable, writable) {
    const [reader, writer] = [readable.getReader(), writable.getWriter()];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      await writer.write(timed(() => drawn(value)));
    }
  }

  function answer(picture) {
    const { width, height } = picture;
    const bitmap = timed(() => draw(picture, width, height).transferToImageBitmap());
    picture.close();
    say({ picture: bitmap }, [bitmap]);
  }

  const failed = (error) => say({ failed: String(error?.message ?? error) });

  function measure() {
    if (took.pictures) say({ perSecond: 1_000 / (took.ms / took.pictures) });
    took.pictures = took.ms = 0;
  }

  scope.onmessage = ({ data }) => {
    if (data.load) load(data.load).then(() => say({ loaded: true }), failed);
    else if (data.readable) run(data.readable, data.writable).catch(failed);
    else if (data.picture) answer(data.picture); // What it throws is an `error` of the worker.
    // Not by the page's clock, which is slow while nobody looks at the page.
    else if (data.ask) setInterval(() => say({ next: true }), ASK_EVERY_MS);
    if (data.readable || data.ask) setInterval(measure, SAY_EVERY_MS);
  };
}
