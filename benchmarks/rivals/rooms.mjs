// What the servers beside ours do, the least there is: join a room, relay to the others in it, acknowledge.
export function serveRooms(server) {
  server.on("connection", (socket) => {
    socket.on("join-room", ({ roomId }, ack) => {
      socket.join(roomId);
      ack({ ok: true, data: {} });
    });
    socket.on("send-message", ({ roomId, text }, ack) => {
      socket.to(roomId).emit("message-received", { roomId, text, sender: socket.id });
      ack({ ok: true, data: {} });
    });
    socket.on("ice-candidate", ({ roomId, candidate }, ack) => {
      socket.to(roomId).emit("ice-candidate-received", { roomId, candidate, from: socket.id });
      ack({ ok: true, data: {} });
    });
  });
}
