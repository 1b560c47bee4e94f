import type { Participant } from "@mayfly/client";

type Props = { participant: Participant; stream: MediaStream | null; isSelf?: boolean };

export function Tile({ participant, stream, isSelf = false }: Props) {
  const { name, connected, media } = participant;
  const show = (video: HTMLVideoElement | null) => {
    // Setting the same stream again would make the picture flicker.
    if (video && video.srcObject !== stream) video.srcObject = stream;
  };
  return (
    <figure data-participant={participant.id}>
      {!stream && <span aria-hidden>{[...name][0]}</span>}
      <video ref={show} autoPlay playsInline muted={isSelf} />
      <figcaption>
        <bdi>{name}</bdi>
        {isSelf && " (you)"}
        {stream && !media.audio && " · muted"}
        {!connected && " · reconnecting"}
      </figcaption>
    </figure>
  );
}
