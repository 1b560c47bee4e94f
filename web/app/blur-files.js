/** Where the parts of background blur are; the build puts the addresses of what it made in the place of these. */

export const WORKER = "/web/app/blur-worker.js";
/** Of the library: TensorFlow Lite as WebAssembly, and the model that finds people. */
export const PARTS = {
  loader: "/vendor/video-processors/tflite-simd-1-0-0.js",
  wasm: "/vendor/video-processors/tflite-simd-1-0-0.wasm",
  model: "/vendor/video-processors/selfie_segmentation_landscape.tflite",
};
