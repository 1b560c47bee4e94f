// Names and messages made to break pages: they run nothing, and the page stays as wide as it is.
import { main } from "../../support/browser.mjs";
import { check, goIn, newPerson, openChat, openLink, say, sees } from "./pages.mjs";

const [url, size] = process.argv.slice(2);
const HTML = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`;
const HOSTILE = [
  HTML,
  "\u202Egnp.exe\u2066\u2067 right to left \u05D0\u05D1\u05D2 \u200F",
  "👩‍👩‍👧‍👦".repeat(64),
  "\u200B\u200C\u200D\u2060\uFEFF\u00AD\u3164",
  `Z${"\u0301\u0336\u0489\u034F".repeat(60)}algo`,
  "W".repeat(900),
  "javascript:window.hacked=1//https://example.org/%00",
  "line\n".repeat(300),
];
const JSON_BODY = { "Content-Type": "application/json" };
const SIZES = {
  phone: [{ width: 390, height: 844 }, `#e2e=${"A".repeat(43)}`],
  desktop: [{ width: 1440, height: 900 }, ""],
};

async function sound(page, what) {
  const seen = await page.evaluate(() => ({
    hacked: "hacked" in window,
    tooWide: document.documentElement.scrollWidth > innerWidth,
    outside: [...document.querySelectorAll(".name, .message-text, .tile-caption, .person, .panel-title, .toast, .bubble")]
      .filter((element) => element.checkVisibility())
      .map((element) => ({ box: element.getBoundingClientRect(), of: element.className }))
      .filter(({ box }) => box.left < -1 || box.right > innerWidth + 1)
      .map(({ box, of }) => `${of} ${Math.round(box.left)} to ${Math.round(box.right)}`),
    foreign: document.querySelectorAll("#app img, #app script, #app iframe").length,
  }));
  check(!seen.hacked, "nothing to run");
  check(!seen.tooWide && seen.outside.length === 0, `nothing outside the page, not ${seen.outside} (${what})`);
  check(seen.foreign === 0, "no element made of a text");
}

await main(async (browser) => {
  const [viewport, e2e] = SIZES[size];
  const room = await (await fetch(`${url}/api/rooms`, { method: "POST", headers: JSON_BODY, body: `{"capacity":20}` })).json();
  const link = `${url}/r/${room.roomId}${e2e}`;
  const victim = await newPerson(browser, { viewport, devices: false });
  await openLink(victim, link);
  await goIn(victim, "Victim");
  for (const text of HOSTILE) {
    const attacker = await newPerson(browser, { viewport: { width: 800, height: 600 }, devices: false });
    await openLink(attacker, link);
    await attacker.locator("#your-name").evaluate((input) => input.removeAttribute("maxlength"));
    await goIn(attacker, text.slice(0, 60));
    const visible = text.trim();
    await say(attacker, text);
    await openChat(victim);
    if (visible.replace(/[\p{Default_Ignorable_Code_Point}\s]/gu, "")) await sees(victim, text.split("\n")[0].slice(0, 40).trim());
    await sound(victim, text.slice(0, 20));
    await victim.getByRole("button", { name: /^People/ }).click();
    await sound(victim, text.slice(0, 20));
    await sound(attacker, text.slice(0, 20));
    await attacker.context().close();
  }
  check(victim.errors.length === 0, `no errors, not ${victim.errors}`);
  return { checked: HOSTILE.length };
});
