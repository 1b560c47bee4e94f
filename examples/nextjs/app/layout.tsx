import type { Metadata } from "next";
import type { ReactNode } from "react";
import "./globals.css";

// A link with a secret in its fragment is nobody else's business, and neither is where it was opened from.
export const metadata: Metadata = { title: "Rooms on Next.js", referrer: "no-referrer", robots: "noindex" };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
