// Drawn people in drawn rooms, in place of the test camera: for screenshots that show what the page is for.

/** Runs in the page: `getUserMedia` gives a canvas that a person sits in. */
export function drawnCamera(look) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 960, height: 720 });
  const context = canvas.getContext("2d");
  const disc = (x, y, rx, ry, fill, turn = 0) => {
    context.fillStyle = fill;
    context.beginPath();
    context.ellipse(x, y, rx, ry, turn, 0, Math.PI * 2);
    context.fill();
  };
  const box = (x, y, width, height, fill, radius = 0) => {
    context.fillStyle = fill;
    context.beginPath();
    context.roundRect(x, y, width, height, radius);
    context.fill();
  };
  const draw = () => {
    const sway = Math.sin(performance.now() / 900) * 6;
    const wall = context.createLinearGradient(0, 0, 960, 720);
    wall.addColorStop(0, look.wall[0]);
    wall.addColorStop(1, look.wall[1]);
    box(0, 0, 960, 720, wall);
    if (look.room === "window") {
      box(610, 60, 270, 360, look.frame, 10);
      box(628, 78, 234, 324, look.sky, 4);
      disc(790, 170, 34, 34, look.sun);
      box(738, 78, 12, 324, look.frame);
      box(628, 236, 234, 12, look.frame);
    } else if (look.room === "shelf") {
      for (const y of [150, 330]) {
        box(60, y, 300, 14, look.frame, 4);
        look.books.forEach((fill, at) => box(80 + at * 34, y - 96 + (at % 3) * 14, 26, 96 - (at % 3) * 14, fill, 3));
      }
      disc(800, 190, 78, 78, look.sun);
    } else {
      box(690, 470, 120, 150, look.frame, 18);
      for (const turn of [-0.7, -0.3, 0.1, 0.5, 0.8]) disc(750 + turn * 120, 370, 26, 120, look.sky, turn);
      box(110, 90, 210, 270, look.frame, 6);
      box(128, 108, 174, 234, look.sun, 2);
    }
    const x = 480 + sway;
    if (look.hair.back) disc(x, 350, 168, 220, look.hair.fill);
    disc(x, 760, 300, 250, look.shirt);
    box(x - 48, 430, 96, 120, look.shade, 40);
    disc(x, 530, 70, 34, look.shade);
    disc(x, 330, 122, 152, look.skin);
    disc(x - 122, 340, 20, 32, look.skin);
    disc(x + 122, 340, 20, 32, look.skin);
    context.save();
    context.beginPath();
    context.ellipse(x, 322, 136, 164, 0, 0, Math.PI * 2);
    context.clip();
    disc(x + (look.hair.part ?? 0), 176, 190, look.hair.depth ?? 96, look.hair.fill);
    context.restore();
    for (const side of [-46, 46]) disc(x + side, 336, 9, 9, "#1d1a17");
    context.lineCap = "round";
    context.lineWidth = 7;
    context.strokeStyle = look.line;
    context.beginPath();
    context.arc(x, 384, 34, 0.25, Math.PI - 0.25);
    context.stroke();
    if (look.glasses) {
      context.lineWidth = 6;
      context.strokeStyle = look.glasses;
      for (const side of [-48, 48]) {
        context.beginPath();
        context.arc(x + side, 336, 36, 0, Math.PI * 2);
        context.stroke();
      }
      context.beginPath();
      context.moveTo(x - 12, 332);
      context.lineTo(x + 12, 332);
      context.stroke();
    }
    if (look.beard) disc(x, 436, 84, 44, look.beard);
  };
  draw();
  setInterval(draw, 100);
  // What is shared is a plan for Saturday.
  const sheet = Object.assign(document.createElement("canvas"), { width: 1280, height: 720 });
  const plan = sheet.getContext("2d");
  const drawPlan = () => {
    plan.fillStyle = "#fbf7ee";
    plan.fillRect(0, 0, 1280, 720);
    plan.fillStyle = "#16211e";
    plan.font = "600 64px Georgia, serif";
    plan.fillText("Saturday on the river", 90, 140);
    plan.font = "32px system-ui, sans-serif";
    ["9:00   Landing stage", "9:30   Two boats, upstream", "12:00  Picnic at the old mill", "15:00  Back, and ice cream"].forEach((line, at) => plan.fillText(line, 94, 240 + at * 64));
    for (let wave = 0; wave < 4; wave += 1) {
      plan.strokeStyle = ["#0e5c4d", "#3f8c7b", "#7fb8a8", "#c2ddd3"][wave];
      plan.lineWidth = 10;
      plan.beginPath();
      for (let at = 0; at <= 1280; at += 20) plan.lineTo(at, 560 + wave * 38 + Math.sin(at / 90 + wave + performance.now() / 1500) * 16);
      plan.stroke();
    }
  };
  navigator.mediaDevices.getDisplayMedia = async () => {
    drawPlan();
    setInterval(drawPlan, 200);
    return sheet.captureStream(5);
  };
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => (wish.video ? canvas.captureStream(10) : real(wish));
}

export const LOOKS = {
  Ada: {
    room: "window", wall: ["#d9c7ab", "#b99d7b"], frame: "#f4ece0", sky: "#9cc4cf", sun: "#f7dd9a",
    skin: "#d9a27c", shade: "#bf8763", line: "#8c4a34", shirt: "#1f5a50", hair: { fill: "#3a2419", back: true, part: -40, depth: 104 },
  },
  Ben: {
    room: "shelf", wall: ["#33484d", "#22343a"], frame: "#1a282d", sky: "", sun: "#e7b565",
    books: ["#c66b4e", "#e3c27a", "#7ba598", "#d8d2c2", "#9b4c43", "#5f8295", "#c9a35b"],
    skin: "#8d5a3b", shade: "#744628", line: "#3f2011", shirt: "#d9b26a", hair: { fill: "#1b1412", depth: 78 }, glasses: "#141010",
  },
  Cleo: {
    room: "plant", wall: ["#e5cfc6", "#cfae9f"], frame: "#9b5f4c", sky: "#5f8467", sun: "#efe3d3",
    skin: "#f0c8ab", shade: "#d9a98a", line: "#a35a4a", shirt: "#6a4a72", hair: { fill: "#a5542c", back: true, part: 50, depth: 92 },
  },
  Dmitri: {
    room: "window", wall: ["#8fa3a0", "#6d8482"], frame: "#e2e6df", sky: "#e9c9a0", sun: "#f0a668",
    skin: "#e3b394", shade: "#c9977a", line: "#7a4534", shirt: "#39485c", hair: { fill: "#8f8a84", depth: 80 }, beard: "#8f8a84",
  },
};
