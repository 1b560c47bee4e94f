/** The QR codes' library as the server hands it out: a module, where its own description tells of a script. */

/// <reference path="../web/node_modules/qrcode-generator/dist/qrcode.d.ts" />
declare const qrcode: QRCodeFactory;
export default qrcode;
