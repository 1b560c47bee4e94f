import { server } from "../../mayfly";

/** Makes a room with this site's key, which no browser sees. This is where a site asks who its visitor is. */
export async function POST(request: Request) {
  if (request.headers.get("sec-fetch-site") !== "same-origin") return new Response(null, { status: 403 });
  const [key, once] = [process.env.MAYFLY_API_KEY ?? "", request.headers.get("idempotency-key") ?? crypto.randomUUID()];
  const headers = { Authorization: `Bearer ${key}`, "Idempotency-Key": once, "Content-Type": "application/json" };
  const made = await fetch(`${server}/api/rooms`, { method: "POST", headers, body: await request.text() });
  return Response.json(await made.json(), { status: made.status });
}
