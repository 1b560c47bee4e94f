/** The call as one film: everybody's picture on one canvas, all voices in one track. */

import { arrange } from "./arrange.js";

/** @typedef {import("../../client/index.js").Room} Room */

const SIZE = { width: 1280, height: 720 };
const FRAMES_PER_S = 15;
const COLORS = { ground: "#0a100f", tile: "#1c2725", words: "#ffffff", band: "rgb(8 14 13 / 72%)" };

export class Film {
  #room;
  #stage;
  #audio = new AudioContext();
  #voices = new Map();
  #ends = [];

  /** @param {{room: Room, stage: HTMLElement}} props what is on the tiles of the stage is filmed */
  constructor({ room, stage }) {
    this.#room = room;
    this.#stage = stage;
    const canvas = Object.assign(document.createElement("canvas"), SIZE);
    this.#ends.push(room.call.subscribe(() => this.#listen()));
    const context = canvas.getContext("2d", { alpha: false });
    const timer = setInterval(() => this.#draw(context), 1_000 / FRAMES_PER_S);
    this.#ends.push(() => clearInterval(timer));
    this.out = new MediaStreamAudioDestinationNode(this.#audio);
    this.stream = new MediaStream([...canvas.captureStream(FRAMES_PER_S).getVideoTracks(), ...this.out.stream.getAudioTracks()]);
    this.#draw(context);
    this.#listen();
  }

  end() {
    for (const end of this.#ends.splice(0)) end();
    for (const track of this.stream.getTracks()) track.stop();
    this.#audio.close().catch(() => {});
  }

  /** One's own voice while the microphone is on, and everybody's else. */
  #listen() {
    const { audio, localStream, peers } = this.#room.call.getSnapshot();
    const streams = [...(audio ? [localStream] : []), ...peers.map(({ stream }) => stream)];
    const tracks = new Set(streams.flatMap((stream) => stream?.getAudioTracks() ?? []));
    for (const [track, node] of this.#voices) {
      if (tracks.has(track)) continue;
      node.disconnect();
      this.#voices.delete(track);
    }
    for (const track of tracks) {
      if (this.#voices.has(track)) continue;
      const node = new MediaStreamAudioSourceNode(this.#audio, { mediaStream: new MediaStream([track]) });
      node.connect(this.out);
      this.#voices.set(track, node);
    }
  }

  #draw(context) {
    const tiles = [...this.#stage.querySelectorAll(".tile")];
    const main = tiles.find((tile) => tile.matches(".screen.main")) ?? tiles.find((tile) => tile.matches(".main"));
    const people = tiles.filter((tile) => tile !== main && !tile.matches(".screen"));
    const plan = arrange({ ...SIZE, main: Boolean(main), people: people.length });
    context.fillStyle = COLORS.ground;
    context.fillRect(0, 0, SIZE.width, SIZE.height);
    if (main) drawTile(context, main, plan.main);
    for (const [at, tile] of people.entries()) drawTile(context, tile, plan.people[at]);
  }
}

function drawTile(context, tile, { left, top, width, height }) {
  const video = tile.querySelector("video");
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.fillStyle = COLORS.tile;
  context.fillRect(left, top, width, height);
  context.font = `600 20px ${getComputedStyle(tile).fontFamily}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  if (tile.matches(".with-video") && video.videoWidth) {
    const scale = Math.min(width / video.videoWidth, height / video.videoHeight);
    const [wide, high] = [video.videoWidth * scale, video.videoHeight * scale];
    context.drawImage(video, left + (width - wide) / 2, top + (height - high) / 2, wide, high);
  } else {
    context.fillStyle = COLORS.words;
    context.fillText(tile.querySelector(".avatar")?.textContent ?? "", left + width / 2, top + height / 2, width);
  }
  const name = tile.querySelector(".tile-caption .name")?.textContent ?? "";
  const wide = Math.min(width, context.measureText(name).width + 24);
  context.fillStyle = COLORS.band;
  context.fillRect(left, top + height - 36, wide, 36);
  context.fillStyle = COLORS.words;
  context.fillText(name, left + wide / 2, top + height - 18, wide - 16);
  context.restore();
}
