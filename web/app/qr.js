/** QR codes of links (ISO/IEC 18004, level M), by a library that is fetched when the first one is shown. */

const QUIET_MODULES = 4;

/** Throws where the library was not installed, and where the text is too long for any code. */
export async function qrPath(text, library = null) {
  // The address stands in the import itself, where the bundler finds it.
  const { default: qrcode } = await (library ? import(library) : import("/vendor/qrcode-generator/qrcode.mjs"));
  const code = qrcode(0, "M"); // 0: the smallest version that holds the text
  code.addData(text, "Byte");
  code.make();
  const count = code.getModuleCount();
  const parts = [];
  for (let y = 0; y < count; y += 1) {
    for (let x = 0; x < count; x += 1) if (code.isDark(y, x)) parts.push(`M${x + QUIET_MODULES} ${y + QUIET_MODULES}h1v1h-1z`);
  }
  return { path: parts.join(""), size: count + 2 * QUIET_MODULES };
}
