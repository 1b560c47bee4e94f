/** Where the Mayfly server is. Next.js writes the value into the pages when it builds them. */
export const server = process.env.NEXT_PUBLIC_MAYFLY_URL ?? "http://localhost:3001";

export const explain = (error: unknown) => (error instanceof Error ? error.message : "Something went wrong.");
