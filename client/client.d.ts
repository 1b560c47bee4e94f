/** What `client.js` exports: everything but `openRoom` and `joinRoom`, which `makeClient(io)` makes. */
export {
  buildLink,
  canEncrypt,
  canShareScreen,
  checkKey,
  createInvite,
  createRoom,
  generateSecret,
  listDevices,
  lookUpRoom,
  makeClient,
  MayflyError,
  openCamera,
  openMicrophone,
  openScreen,
  parseLink,
  request,
  Session,
  watchLevel,
} from "./index.js";
export type * from "./index.js";
