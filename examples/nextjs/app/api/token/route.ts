import { mintToken } from "@mayfly/server";
import { cookies } from "next/headers";

/**
 * Mints a join token for this site's visitor: `{ token }`, for `join-room`. Here a visitor is a cookie, and is called what they
 * say; a site of yours asks its session (NextAuth, Clerk, …) for both, and decides which rights they have.
 */
export async function POST(request: Request) {
  const secret = process.env.MAYFLY_JWT_SECRET; // the server's JOIN_JWT_SECRET
  if (request.headers.get("sec-fetch-site") !== "same-origin") return new Response(null, { status: 403 });
  if (!secret) return new Response(null, { status: 204 }); // not set up: everybody joins as a guest
  const { roomId: room, name } = (await request.json()) as { roomId: string; name?: string };
  const jar = await cookies();
  const sub = jar.get("visitor")?.value ?? crypto.randomUUID();
  jar.set("visitor", sub, { httpOnly: true, sameSite: "lax", secure: process.env.NODE_ENV === "production" });
  return Response.json({ token: await mintToken({ sub, room, name, once: true }, { secret }) });
}
