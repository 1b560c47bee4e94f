/** How large a picture is, and a small likeness of it, made where it is sent from. */

/** The longer side of a thumbnail, in pixels, and how well it is kept: the first that is small enough is taken. */
const TRIES = [[192, 0.6], [160, 0.5], [128, 0.5], [96, 0.5], [64, 0.4], [32, 0.4]];
const TYPES = ["image/webp", "image/jpeg"];

/**
 * @param {Blob} file @param {number} maxChars of the thumbnail, as a `data:` address
 * @returns {Promise<{width?: number, height?: number, thumbnail?: string}>} nothing where this is no picture, or no browser
 */
export async function describePicture(file, maxChars) {
  if (!globalThis.createImageBitmap) return {};
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return {}; // It is sent all the same, as the file that it is.
  }
  try {
    const { width, height } = picture;
    return { width, height, ...(await thumbnailOf(picture, maxChars)) };
  } finally {
    picture.close();
  }
}

async function thumbnailOf(picture, maxChars) {
  for (const [side, quality] of TRIES) {
    for (const type of TYPES) {
      const thumbnail = await draw(picture, side, type, quality).catch(() => null);
      if (thumbnail && thumbnail.length <= maxChars) return { thumbnail };
    }
  }
  return {};
}

/** The picture at most so wide and high; `null` where the browser cannot write this type. */
async function draw(picture, side, type, quality) {
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  const [width, height] = [picture.width, picture.height].map((length) => Math.max(1, Math.round(length * scale)));
  const canvas = canvasOf(width, height);
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  if (type === "image/jpeg") {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, width, height);
  }
  pen.drawImage(picture, 0, 0, width, height);
  const made = await (/** @type {OffscreenCanvas} */ (canvas).convertToBlob?.({ type, quality }) ??
    /** @type {Promise<Blob | null>} */ (new Promise((resolve) => /** @type {HTMLCanvasElement} */ (canvas).toBlob(resolve, type, quality))));
  return made?.type === type ? addressOf(made) : null;
}

function canvasOf(width, height) {
  if (globalThis.OffscreenCanvas) return new OffscreenCanvas(width, height);
  return Object.assign(document.createElement("canvas"), { width, height });
}

async function addressOf(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return `data:${blob.type};base64,${btoa(binary)}`;
}
