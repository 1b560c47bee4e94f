// A room, sealed or plain: node make_room.mjs URL sealed|plain
import { createRoom } from "../../../client/core/api.js";

const [server, seal] = process.argv.slice(2);
const { link } = await createRoom({ server, encrypt: seal === "sealed", capacity: 3 });
console.log(JSON.stringify({ link }));
