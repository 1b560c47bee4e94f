import type { Message, Room } from "@mayfly/client";

const STATES = { sending: " · sending", sent: "", failed: " · not sent" };

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const scrollToEnd = (end: HTMLElement | null) => end?.scrollIntoView({ block: "nearest" });

export function Chat({ room, messages }: { room: Room; messages: readonly Message[] }) {
  const send = (form: FormData) => void room.sendMessage(String(form.get("text")));
  return (
    <section className="chat" aria-label="Chat">
      <div role="log" aria-label="Conversation" tabIndex={0}>
        <ol>
          {messages.map((message) => (
            <li key={message.key} className={message.own ? "own" : ""} ref={scrollToEnd}>
              <small>
                <bdi>{message.senderName}</bdi> · {clock.format(new Date(message.timestamp))}
                {STATES[message.state]}
              </small>
              <p dir="auto">{message.unreadable ? "(cannot be read with this link)" : message.text}</p>
              {message.state === "failed" && <button onClick={() => room.retryMessage(message.key)}>Send again</button>}
            </li>
          ))}
        </ol>
      </div>
      <form action={send}>
        <input name="text" aria-label="Message" placeholder="Message" required maxLength={4000} autoComplete="off" />
        <button>Send</button>
      </form>
    </section>
  );
}
