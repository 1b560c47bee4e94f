"""The client against a server in fault mode, as the site of somebody else would test itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.support.pace import PACE
from tests.support.processes import ROOT, ServerProcess, server_process

LIMIT_S = 60.0 * PACE
SOON = f"{round(1_000 * PACE)}ms"
"""When a fault happens, counted from CONNECT: what is to be before it has to be there by then."""

BEGIN = """
import { createRoom, openRoom } from "./client/index.js";
const [server, soon] = process.argv.slice(1);
const made = await createRoom({ server, capacity: 4 });
const until = (room, holds) => new Promise((resolve) => {
  let stop = () => {};
  const look = () => {
    if (!holds(room.getSnapshot())) return;
    stop();
    resolve(room.getSnapshot());
  };
  stop = room.subscribe(look);
  look();
});
const faulty = (fault, more = {}) => openRoom(made.link, { name: "Eve", storage: null, ...more,
  socket: { query: { fault, faultRun: crypto.randomUUID() } } });
const ada = openRoom(made.hostLink, { name: "Ada", storage: null });
await ada.joined;
const report = {};
const end = async (...rooms) => {
  await Promise.all([ada, ...rooms].map((room) => room.leave()));
  console.log(JSON.stringify(report));
};
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with server_process(FAULTS="on", STUN_URLS="") as server:
        yield server


def report(server: ServerProcess, script: str) -> dict[str, object]:
    command = ["node", "--input-type=module", "-e", BEGIN + script, server.url, SOON]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_it_survives_a_lost_join_a_lost_answer_and_a_server_that_is_down_at_first(
    node: str, server: ServerProcess
) -> None:
    found = report(
        server,
        """
        const eve = faulty("refuse-connect*2,drop-answer:join-room*1,drop-answer:send-message*1,delay:20ms");
        await eve.joined;
        report.others = eve.getSnapshot().participants.map(({ name }) => name);
        eve.sendMessage("once");
        await until(eve, ({ messages }) => messages.some(({ state }) => state === "sent"));
        await until(ada, ({ messages }) => messages.length > 0);
        report.heard = ada.getSnapshot().messages.map(({ text }) => text);
        report.people = ada.getSnapshot().participants.length;
        await end(eve);
        """,
    )
    assert found == {"others": ["Ada"], "heard": ["once"], "people": 1}


def test_a_full_room_is_told_and_a_crowded_server_waited_for(node: str, server: ServerProcess) -> None:
    found = report(
        server,
        """
        const full = faulty("refuse:join-room:ROOM_FULL");
        report.full = await full.joined.catch(({ code }) => code);
        const busy = faulty("refuse:join-room:RATE_LIMITED*2");
        await busy.joined;
        report.busy = busy.getSnapshot().status;
        await end(full, busy);
        """,
    )
    assert found == {"full": "ROOM_FULL", "busy": "joined"}


def test_after_a_restart_everybody_is_back_and_what_was_said_is_still_on_screen(
    node: str, server: ServerProcess
) -> None:
    found = report(
        server,
        """
        const seen = [];
        const eve = faulty(`restart-after:${soon}*1`);
        await eve.joined;
        const id = eve.getSnapshot().self.id;
        eve.subscribe(() => seen.at(-1) !== eve.getSnapshot().status && seen.push(eve.getSnapshot().status));
        ada.sendMessage("before");
        await until(eve, ({ messages }) => messages.length === 1);
        await until(eve, ({ status }) => status === "reconnecting");
        for (const room of [ada, eve]) await until(room, ({ status }) => status === "joined");
        await until(eve, ({ participants }) => participants[0].connected);
        ada.sendMessage("after");
        await until(eve, ({ messages }) => messages.length === 2);
        report.same = eve.getSnapshot().self.id === id;
        report.said = eve.getSnapshot().messages.map(({ text }) => text);
        report.seen = [...seen];
        await end(eve);
        """,
    )
    assert found == {"same": True, "said": ["before", "after"], "seen": ["joined", "reconnecting", "joined"]}
