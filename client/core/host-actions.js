/** What a host does to a room and the people in it. */

/** @param {Function} request @param {import("./store.js").Store} store */
export function hostActions(request, store) {
  const update = (settings) => request("update-room", settings);
  return {
    kick: (participantId) => request("kick", { participantId }),
    ban: (participantId) => request("ban", { participantId }),
    update,
    lock: (locked = true) => update({ locked }),
    transferHost: (participantId) => request("transfer-host", { participantId }),
    end: () => request("end-room"),
    answerKnock: async (knockId, admit) => {
      await request("answer-knock", { knockId, admit });
      store.update({ knocks: store.getSnapshot().knocks.filter((knock) => knock.knockId !== knockId) });
    },
  };
}
