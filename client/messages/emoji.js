/**
 * The emoji that people react with. In an encrypted room a reaction crosses the wire as a token that is made of the emoji
 * and cannot be turned back, so what is not in this list cannot be shown: all clients need the same one.
 */

const GROUPS = {
  Often: "👍 thumbs up yes|❤️ red heart love|😂 tears of joy laughing|😮 surprised wow|😢 crying sad|🎉 party celebrate|🙏 thank you please hands|👀 eyes looking",
  Faces:
    "😀 grinning|😄 smiling happy|😅 sweat relief|🤣 rolling laughing|😊 blushing|🙂 slight smile|🙃 upside down|😉 winking|😍 heart eyes|😘 kiss|😋 yummy tongue|😎 cool sunglasses|🤓 nerd|🤩 star eyes|🥳 party face|😏 smirk|😐 neutral|🙄 rolling eyes|😬 grimace|😴 sleeping|🤔 thinking|🤗 hug|🤭 giggle oops|🤫 quiet shush|😕 confused|😟 worried|😳 flushed|🥺 pleading|😭 loud crying|😤 huffing|😡 angry|🤯 mind blown|😱 scream|😇 angel|🤒 ill|🫠 melting|🤷 shrug|🤦 facepalm",
  Hands:
    "👎 thumbs down no|👏 clapping applause|🙌 raised hands hooray|👌 okay|✌️ victory peace|🤞 fingers crossed luck|🤝 handshake deal|👋 waving hello bye|✋ raised hand stop|💪 strong muscle|🫶 heart hands|☝️ pointing up|👉 pointing right|👈 pointing left",
  Hearts: "🧡 orange heart|💛 yellow heart|💚 green heart|💙 blue heart|💜 purple heart|🖤 black heart|🤍 white heart|💔 broken heart|💯 hundred points|✨ sparkles",
  Nature: "☀️ sun|🌙 moon|⭐ star|🌈 rainbow|🔥 fire|💧 drop|❄️ snowflake|🌱 seedling|🌸 blossom|🌊 wave|🪰 fly mayfly|🐱 cat|🐶 dog|🦊 fox|🐢 turtle|🦋 butterfly",
  Things:
    "☕ coffee|🍵 tea|🍕 pizza|🍰 cake|🍎 apple|🥂 cheers glasses|🎂 birthday cake|🎁 present gift|🎈 balloon|🎵 music|⚽ football|🚀 rocket|✈️ plane|🚲 bicycle|🏠 home house|💡 idea bulb|📌 pin|📎 paperclip|🔒 lock|⏰ alarm clock|📅 calendar|💻 computer|📷 camera|🗑️ bin",
  Signs: "✅ check done|❌ cross no|❓ question|❗ exclamation|➕ plus one|➖ minus|⚠️ warning|♻️ again recycle|⏳ hourglass waiting|🆗 ok|🏁 finish|🥇 first medal",
};

/** @type {readonly Readonly<{emoji: string, name: string, group: string}>[]} in the order of a picker */
export const EMOJI = Object.freeze(
  Object.entries(GROUPS).flatMap(([group, line]) =>
    line.split("|").map((entry) => {
      const [emoji, ...words] = entry.split(" ");
      return Object.freeze({ emoji, name: words.join(" "), group });
    }),
  ),
);
